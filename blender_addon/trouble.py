# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, in words, with what to do next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .process import BackendProcess
from .shared.connection import read
from .shared.transfer import MAX_SIDE

Repair = Literal["", "start", "preferences", "install", "python", "online"]


@dataclass(frozen=True)
class Trouble:
    """What went wrong, what to do next, and which button repairs it."""

    message: str
    advice: str = ""
    repair: Repair = ""
    log: Path | None = None
    """Where more is written about it."""

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


def death(process: BackendProcess | None, message: str, advice: str = "") -> Trouble:
    """Say that the backend ended, with its last words when it was ours."""
    if process is None or process.exit_code is None:
        return Trouble(message, advice or "Start it and try again.", "start")
    words = process.last_words()
    said = f"It last said:\n{words}\n" if words else ""
    return Trouble(
        f"{message} {said}".strip(),
        f"The full log is {process.log_path}.",
        "start",
        process.log_path,
    )


def too_large(width: int, height: int, most: int) -> Trouble:
    """Say that a backend, which takes so many pixels at most, takes no picture of this size."""
    words = (
        f"The image has {width} × {height} pixels; at most {MAX_SIDE} each way and "
        f"{most / 1e6:.1f} megapixels in all are possible here."
    )
    advice = (
        "Scale it down, or estimate its file with python -m backend.batch, which takes up to "
        f"{MAX_SIDE} × {MAX_SIDE} pixels."
    )
    return Trouble(words, advice)


def elsewhere(key: Path) -> Trouble:
    """Say why the backend on another machine is out of reach."""
    found = read(key)
    if found is None:
        return Trouble(f"{key} is not a key.", "Choose the file you were given.", "preferences")
    machine = found.endpoint.removeprefix("tcp://")
    return Trouble(f"The backend at {machine} does not answer.", "Ask whoever looks after it.")
