"""The .blend of one picture, made by a Blender of its own out of the picture's files."""

import subprocess
from pathlib import Path

from backend.errors import Refused
from backend.whole_files import remove_abandoned

SCRIPT = Path(__file__).with_name("in_blender.py")
MOST_SECONDS = 1800.0
"""A Blender that takes longer hangs."""


def save_blend(blender: Path, report: Path, blend: Path) -> None:
    """Have a Blender open the results of a report and save them.

    Raises:
        Refused: when it cannot be started, or does not save them.
    """
    remove_abandoned(blend.parent, blend.stem, ".part.blend")
    try:
        ended = subprocess.run(
            command(blender, report, blend),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MOST_SECONDS,
            check=False,
        )
    except OSError as error:
        message = f"{blender} cannot be started: {error.strerror or error}."
        advice = "Name a Blender, or a Python that has bpy, with --blender."
        raise Refused("bad_request", message, advice) from error
    except subprocess.TimeoutExpired as error:
        said = f"it was not done after {MOST_SECONDS / 60:.0f} minutes."
        raise _refused(blend, said) from error
    if ended.returncode != 0 or not blend.is_file():
        lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
        raise _refused(blend, lines[-1] if lines else f"it ended with code {ended.returncode}.")


def command(blender: Path, report: Path, blend: Path) -> list[str]:
    """Return how a Blender, or a Python by its name, is told to make a .blend of a report."""
    files = ["--", str(report.resolve()), str(blend.resolve())]
    if blender.name.startswith("python"):
        return [str(blender), "-P", str(SCRIPT), *files]  # -P: our neighbours are not its modules
    options = ["--background", "--python-exit-code", "1", "--python", str(SCRIPT)]
    return [str(blender), *options, *files]


def _refused(blend: Path, said: str) -> Refused:
    return Refused(
        "internal",
        f"Blender did not save {blend.name}: {said}",
        "The other files are there; the same command goes on with the .blend.",
    )
