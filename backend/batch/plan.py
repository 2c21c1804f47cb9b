"""Which pictures a run is about, what their results are called, and what is done already."""

import glob
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from backend import __version__
from backend.batch.config import BatchConfig
from backend.errors import Refused
from backend.files import PICTURE_SUFFIXES
from backend.priors.store import installed
from backend.shards import share

FRAME_NUMBER = re.compile(r"#+|%0?\d*d")
"""How the number of a frame is written in the name of a sequence."""


@dataclass(frozen=True)
class Item:
    """A picture, what belongs to it, and what its results are called."""

    path: Path
    name: str
    mask: Path | None = None
    hints: Path | None = None

    def report(self, target: Path) -> Path:
        """Return where the report lies, which is written when the files are whole."""
        return target / f"{self.name}_report.json"

    def blend(self, target: Path) -> Path:
        """Return where the .blend lies, which is made from the report and its files."""
        return target / f"{self.name}_normals.blend"


def plan(config: BatchConfig) -> tuple[Item, ...]:
    """Return every picture of this shard once, in the order given, frames by their numbers.

    Raises:
        Refused: when there is nothing at one of the sources or it cannot be read, the shard is
            none, or results would get in each other's way.
    """
    paths: dict[Path, None] = {}
    target = config.target.resolve()
    for source in config.sources:
        with _named(source):
            found = expanded(source)
        if not found:
            raise Refused("bad_request", f"There is no picture at {source}.", "Check the name.")
        if any(path.parent.resolve() == target for path in found):
            message = f"The results would lie among the pictures of {source}."
            raise Refused("bad_request", message, "Choose another folder for them.")
        paths |= dict.fromkeys(found)
    names = _names(list(paths))
    ours = _shared(list(paths), config.shard)
    items = [
        Item(path, name, _paired(path, config.mask), _paired(path, config.hints))
        for path, name in zip(paths, names, strict=True)
    ]
    _check_paired("mask", [item.mask for item in items], config.mask)
    _check_paired("hints", [item.hints for item in items], config.hints)
    return tuple(item for item in items if item.path in ours)


def expanded(source: Path) -> list[Path]:
    """Return the pictures that a file, a folder, a pattern or a numbered sequence stands for."""
    if source.is_dir():
        return _sorted(path for path in source.iterdir() if _is_picture(path))
    if source.exists():
        return [source]
    if FRAME_NUMBER.search(source.name) and source.parent.is_dir():
        around = [re.escape(part) for part in FRAME_NUMBER.split(source.name)]
        frame = re.compile(r"\d+".join(around))
        return _sorted(path for path in source.parent.iterdir() if frame.fullmatch(path.name))
    found = (Path(name) for name in glob.glob(str(source), recursive=True))
    return _sorted(path for path in found if _is_picture(path))


def sequence_of(path: Path) -> tuple[Path, str] | None:
    """Return what all frames of a numbered sequence share; None for a picture without a number."""
    found = re.fullmatch(r"(.*?)\d+(\D*)", path.name[: -len(path.suffix)])
    return None if found is None else (path.parent, f"{found[1]}#{found[2]}{path.suffix}")


def identity(item: Item, config: BatchConfig, before: str = "") -> str:
    """Hash what a result depends on: pictures, settings, outputs, the prior, this version.

    ``before`` is the identity of the frame that a steady one goes on from.
    """
    request = [__version__, asdict(config.settings()), config.fov, sorted(config.outputs)]
    prior = installed(config.prior).sha256 if config.prior else ""
    digest = hashlib.sha256(json.dumps([*request, config.steady, before, prior]).encode())
    for path in (item.path, item.mask, item.hints):
        if path is None or not path.is_file():
            digest.update(b"-")
            continue
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def finished(item: Item, target: Path, identity: str, missing: str = "") -> tuple[str, ...] | None:
    """Return the names of the files of a picture that is done, or None while it is not.

    The file ``missing`` need not be there.
    """
    try:
        report = json.loads(item.report(target).read_text())
        outputs = tuple(report["outputs"])
        there = all(one == missing or (target / one).is_file() for one in outputs)
        done = report["identity"] == identity and there
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outputs if done else None


@contextmanager
def _named(given: Path) -> Iterator[None]:
    """Have an error of the system name what was given on the command line."""
    try:
        yield
    except OSError as error:
        message = f"{given} cannot be read: {error.strerror or error}."
        advice = "Check the name, and that you may read there."
        raise Refused("bad_request", message, advice) from error


def _shared(paths: list[Path], shard: str) -> frozenset[Path]:
    try:
        return frozenset(share(paths, shard))
    except ValueError as error:
        raise Refused("bad_request", str(error)) from error


def _names(paths: Sequence[Path]) -> list[str]:
    """Call results after their pictures; where two share a name, the suffix tells them apart."""
    stems = Counter(path.stem for path in paths)
    names = [
        path.stem if stems[path.stem] == 1 else f"{path.stem}_{path.suffix[1:]}" for path in paths
    ]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        message = f"The results of two pictures would both be called {twice[0]}."
        raise Refused("bad_request", message, "Estimate them into folders of their own.")
    return names


def _is_picture(path: Path) -> bool:
    # a name with a dot in front is a file that is just being written
    suffix = path.suffix.lower()
    return suffix in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _sorted(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=_number_aware)


def _number_aware(path: Path) -> tuple[str, list[tuple[int, str]]]:
    """Put frame 9 before frame 10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return str(path.parent), [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _paired(path: Path, given: Path | None) -> Path | None:
    """Return what belongs to a picture: the given file, or that of its name in a folder."""
    if given is None:
        return None
    with _named(given):
        if not given.is_dir():
            return given
        found = [p for p in sorted(given.iterdir()) if p.stem == path.stem]
    return found[0] if found else None


def _check_paired(what: str, found: Sequence[Path | None], given: Path | None) -> None:
    if given is not None and not any(found):
        message = f"No picture finds its {what} in {given}."
        raise Refused("bad_request", message, "Each is called as its picture, whatever the suffix.")
