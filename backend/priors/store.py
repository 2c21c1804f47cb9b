"""What the backend does with installed priors: find one or say why not, copy a file in."""

import hashlib
import tempfile
from pathlib import Path

from backend.errors import Refused
from shared import installed_priors
from shared.installed_priors import Installed, folder, path_of
from shared.prior_catalogue import CATALOGUE, Pinned


def installed(name: str) -> Installed:
    """Return the prior of a name.

    Raises:
        Refused: when there is none, with what to do.
    """
    found = installed_priors.find(name)
    if found is None:
        known = "fetch it" if name in CATALOGUE else "see what is"
        command = f"fetch {name}" if name in CATALOGUE else "list"
        raise Refused(
            "bad_request",
            f"There is no prior “{name}” on the machine that computes.",
            f"There, {known} with: python -m backend.priors {command}; or leave the prior empty.",
        )
    return found


def of_catalogue(pinned: Pinned) -> Installed:
    """Return what is noted of a model of the catalogue."""
    source = f"{pinned.repository} @ {pinned.revision}"
    return Installed(
        pinned.name, pinned.sha256, pinned.bytes, pinned.signs, pinned.multiple_of, source
    )


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
