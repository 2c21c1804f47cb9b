# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, in words, with what to do next."""

from dataclasses import dataclass
from typing import Literal

from .process import BackendProcess


@dataclass(frozen=True)
class Trouble:
    """What went wrong, what to do next, and which button repairs it."""

    message: str
    advice: str = ""
    repair: Literal["", "start", "preferences"] = ""

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


def death(process: BackendProcess | None, message: str, advice: str = "") -> Trouble:
    """Say that the backend ended, with its last words when it was ours."""
    if process is None or process.exit_code is None:
        return Trouble(message, advice or "Start it and try again.", "start")
    words = process.last_words()
    said = f"It last said:\n{words}\n" if words else ""
    return Trouble(f"{message} {said}".strip(), f"The full log is {process.log_path}.", "start")
