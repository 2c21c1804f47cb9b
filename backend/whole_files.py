"""Files that appear under their names only when they are whole."""

import glob
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

ABANDONED_SECONDS = 24 * 3600
"""A file that nobody has written to for so long is a killed run's."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write under; what is there takes its own name when the block ends well.

    The name is given once: of two runs that make the same file, the later one's stays, whole.
    What killed runs left of this file goes.
    """
    remove_abandoned(path.parent, path.stem, f".part{path.suffix}")
    temporary = path.with_name(f".{path.stem}.{_once()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def scratch_file(folder: Path, name: str) -> Iterator[Path]:
    """Give a name in a folder for what is there as long as the block; runs do not share it.

    What killed runs left under the same ``name`` goes.
    """
    remove_abandoned(folder, name, ".scratch")
    path = folder / f".{name}.{_once()}.scratch"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def remove_abandoned(folder: Path, name: str, ending: str) -> None:
    """Remove what killed runs left under a name, once it has lain there for a day."""
    for left in folder.glob(f".{glob.escape(name)}.????????{glob.escape(ending)}"):
        with suppress(OSError):  # gone, or somebody else's
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                left.unlink()


def _once() -> str:
    return uuid4().hex[:8]
