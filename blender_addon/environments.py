# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend's own Python environments on disk: make a name for one, find them, remove them."""

import os
import shutil
import sys
import time
from pathlib import Path

PREFIX = "env-"
PATIENCE_SECONDS = 60.0
"""How long a folder is deleted again and again while somebody still writes into it."""
NOTE = "works.txt"
"""Written into an environment when it has passed its self-test: what the test said."""


def base_python() -> Path | None:
    """Return the interpreter that Blender runs on, as the base of an environment.

    Nothing is ever installed into it.
    """
    prefix, version = Path(sys.prefix), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = [
        Path(sys.executable),
        prefix / "bin" / version,
        prefix / "bin" / "python.exe",
        prefix / "python" / "bin" / "python.exe",
    ]
    pythons = (path for path in candidates if path.name.lower().startswith("python"))
    return next((path for path in pythons if path.is_file()), None)


def new_environment(root: Path) -> Path:
    """Return the folder of an environment that is not there yet."""
    while (folder := root / f"{PREFIX}{time.strftime('%y%m%d-%H%M%S')}").exists():
        time.sleep(0.1)
    return folder


def python_in(environment: Path) -> Path:
    """Return an environment's interpreter."""
    inside = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return environment.joinpath(*inside)


def owner(root: Path, python: Path) -> Path | None:
    """Return the environment under a root that a Python belongs to, or None for another's."""
    inside = python.is_relative_to(root) and python != root
    return root / python.relative_to(root).parts[0] if inside else None


def finished(root: Path) -> Path | None:
    """Return the Python of the newest environment that passed its self-test."""
    pythons = [python_in(note.parent) for note in sorted(root.glob(f"{PREFIX}*/{NOTE}"))]
    return next((python for python in reversed(pythons) if python.is_file()), None)


def note_of(python: Path) -> str:
    """Return what the self-test said when this Python's environment was made."""
    try:
        return (python.parents[1] / NOTE).read_text(encoding="utf-8")
    except (OSError, IndexError):
        return ""


def backend_version(python: Path) -> str:
    """Return the version of the backend in a Python's environment, empty when none is seen."""
    found = _packages(python, "clone_normals-*.dist-info")
    return found[0].name.split("-")[1].removesuffix(".dist") if found else ""


def has_pip(python: Path) -> bool:
    """Say whether there is pip in a Python's environment; uv puts none into what it makes."""
    return bool(_packages(python, "pip"))


def _packages(python: Path, pattern: str) -> list[Path]:
    lib = python.parents[1] / ("Lib" if sys.platform == "win32" else "lib")
    return [
        *lib.glob(f"site-packages/{pattern}"),
        *lib.glob(f"python3.*/site-packages/{pattern}"),
    ]


def megabytes(folder: Path) -> float:
    """Return how much a folder holds, while others may be writing to it."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue  # gone between listing and asking
    return total / 1e6


def unmark(root: Path) -> None:
    """Have no environment count as finished any more: deleting them can take a minute."""
    for note in root.glob(f"{PREFIX}*/{NOTE}"):
        note.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Delete a folder, trying again where a process that just ended still holds files."""
    (folder / NOTE).unlink(missing_ok=True)  # first, so that half of one never counts as finished
    until = time.monotonic() + PATIENCE_SECONDS
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.2)


def remove_all(root: Path, keep: Path | None = None) -> None:
    """Delete every environment but the one to keep."""
    for folder in root.glob(f"{PREFIX}*"):
        if folder != keep:
            remove(folder)
