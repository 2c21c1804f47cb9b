"""What is installed of priors: a record for each name, and each file once, named by its hash.

The backend installs and runs them, the add-on lists and removes them; both read the records here.
A record is written last and by rename, so a name never stands for half a file. No path comes from
a record or a request: both only say a name or a hash, and are checked to be one.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .connection import default_run_dir, write_private
from .prior_catalogue import Signs
from .settings import PRIOR_NAME

LARGEST_MULTIPLE = 256
OWN_FILE = "own file "
"""How the source of a model that is not of the catalogue begins; the file's name follows."""
_HASH = re.compile(r"[0-9a-f]{64}")
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
    """Return the cache folder of this user's priors, whichever run folder a backend has."""
    return default_run_dir() / "priors"


def path_of(sha256: str) -> Path:
    """Return where the file of a hash lies, or would."""
    assert _HASH.fullmatch(sha256)
    return folder() / f"{sha256}.onnx"


def find(name: str) -> Installed | None:
    """Return the prior of a name, or None when it is not installed."""
    found = _read(name) if PRIOR_NAME.fullmatch(name) else None
    return found if found is not None and found.path.is_file() else None


def everything() -> list[Installed]:
    """Return every prior that is installed, by name."""
    names = (path.stem.removeprefix("prior-") for path in folder().glob(_RECORD.format("*")))
    return [prior for name in sorted(names) if (prior := find(name)) is not None]


def put(prior: Installed) -> None:
    """Note a prior whose file lies in place; one of the same name before it goes."""
    before = _read(prior.name)
    write_private(folder() / _RECORD.format(prior.name), json.dumps(asdict(prior)))
    if before is not None and before.sha256 != prior.sha256:
        drop_unnamed(before.sha256)


def remove(prior: Installed) -> None:
    """Take a prior away, and its file unless another name stands for it too.

    Raises:
        OSError: when the file cannot be deleted, as Windows says of one in use; then all stays.
    """
    drop_unnamed(prior.sha256, prior.name)
    (folder() / _RECORD.format(prior.name)).unlink(missing_ok=True)


def drop_unnamed(sha256: str, leaving: str = "") -> None:
    """Take a file away unless a name stands for it, other than the one that is leaving."""
    names = {prior.name for prior in everything() if prior.sha256 == sha256}
    if not names - {leaving}:
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
            and type(known.bytes) is type(known.multiple_of) is int
            and all(sign in (-1, 1) for sign in known.signs)
            and 1 <= known.multiple_of <= LARGEST_MULTIPLE
            and isinstance(known.source, str)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if sound else None
