"""What is installed: a record for each name, and each file once, named by its hash.

A record is written last and by rename, so a name never stands for half a file. No path comes from
a record or a request: both only say a name or a hash, and are checked to be one.
"""

import hashlib
import json
import re
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from backend.errors import Refused
from shared.connection import default_run_dir, write_private
from shared.prior_catalogue import CATALOGUE, Pinned, Signs
from shared.settings import PRIOR_NAME

_HASH = re.compile(r"[0-9a-f]{64}")
LARGEST_MULTIPLE = 256
_RECORD = "prior-{}.json"  # with a prefix: "con.json" and "nul.json" are no files on Windows


@dataclass(frozen=True)
class Installed:
    """A prior that lies in the cache folder."""

    name: str
    sha256: str
    bytes: int
    signs: Signs
    multiple_of: int
    source: str
    """Where it came from, for people."""

    @property
    def path(self) -> Path:
        """Return where its file lies."""
        return path_of(self.sha256)


def folder() -> Path:
    """Return the cache folder of this user's priors."""
    return default_run_dir() / "priors"


def path_of(sha256: str) -> Path:
    """Return where the file of a hash lies, or would."""
    assert _HASH.fullmatch(sha256)
    return folder() / f"{sha256}.onnx"


def installed(name: str) -> Installed:
    """Return the prior of a name.

    Raises:
        Refused: when there is none, with what to do.
    """
    found = _read(name) if PRIOR_NAME.fullmatch(name) else None
    if found is None or not found.path.is_file():
        known = "fetch it" if name in CATALOGUE else "see what is"
        command = f"fetch {name}" if name in CATALOGUE else "list"
        raise Refused(
            "bad_request",
            f"There is no prior “{name}” on the machine that computes.",
            f"There, {known} with: python -m backend.priors {command}; or leave the prior empty.",
        )
    return found


def everything() -> list[Installed]:
    """Return every prior that is installed, by name."""
    names = (path.stem.removeprefix("prior-") for path in folder().glob(_RECORD.format("*")))
    found = (_read(name) for name in sorted(names) if PRIOR_NAME.fullmatch(name))
    return [one for one in found if one is not None and one.path.is_file()]


def of_catalogue(pinned: Pinned) -> Installed:
    """Return what is noted of a model of the catalogue."""
    source = f"{pinned.repository} @ {pinned.revision}"
    return Installed(
        pinned.name, pinned.sha256, pinned.bytes, pinned.signs, pinned.multiple_of, source
    )


def put(prior: Installed) -> None:
    """Note a prior whose file lies in place; one of the same name before it goes."""
    before = _read(prior.name)
    write_private(folder() / _RECORD.format(prior.name), json.dumps(asdict(prior)))
    if before is not None and before.sha256 != prior.sha256:
        drop_unnamed(before.sha256)


def remove(name: str) -> None:
    """Take a prior away, and its file unless another name stands for it too.

    Raises:
        Refused: when there is none of that name.
    """
    gone = installed(name)
    (folder() / _RECORD.format(name)).unlink()
    drop_unnamed(gone.sha256)


def copy_in(file: Path) -> tuple[str, int]:
    """Copy a file into the cache folder, by rename; return its SHA-256 and size."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    descriptor, copy = tempfile.mkstemp(dir=folder(), prefix=".new-")
    try:
        with file.open("rb") as source, open(descriptor, "wb") as target:
            while piece := source.read(1 << 20):
                digest.update(piece)
                size += target.write(piece)
        Path(copy).replace(path_of(digest.hexdigest()))
    finally:
        Path(copy).unlink(missing_ok=True)
    return digest.hexdigest(), size


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop_unnamed(sha256: str) -> None:
    """Take a file away unless a name stands for it."""
    if all(other.sha256 != sha256 for other in everything()):
        path_of(sha256).unlink(missing_ok=True)


def _read(name: str) -> Installed | None:
    """Read a record, or None when there is none or it is not one of ours."""
    try:
        values = json.loads((folder() / _RECORD.format(name)).read_text())
        first, second, third = values["signs"]
        values["signs"] = (first, second, third)
        known = Installed(**{field.name: values[field.name] for field in fields(Installed)})
        sound = (
            known.name == name
            and bool(_HASH.fullmatch(known.sha256))
            and all(sign in (-1, 1) for sign in known.signs)
            and 1 <= known.multiple_of <= LARGEST_MULTIPLE
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if sound else None
