# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of an image sequence or of a movie, and which of them is shown."""

import re
from dataclasses import dataclass
from pathlib import Path

NUMBERED = re.compile(r"(.*?)(\d+)(\D*\.\w+)", re.DOTALL)
"""Head, the last digits before the extension, what follows them."""


@dataclass(frozen=True)
class Frames:
    """Files that differ in a number only: ``folder / head0001tail``."""

    folder: Path
    head: str
    digits: int
    tail: str

    def path(self, number: int) -> Path:
        """Return where the frame of that number lies, whether or not it is there."""
        return self.folder / f"{self.head}{number:0{self.digits}d}{self.tail}"

    def numbers(self) -> list[int]:
        """Return the numbers of the frames that are there, ascending."""
        pattern = re.compile(rf"{re.escape(self.head)}(\d{{{self.digits},}}){re.escape(self.tail)}")
        matches = (pattern.fullmatch(path.name) for path in self.folder.glob("*"))
        found = {int(match[1]) for match in matches if match}
        return sorted(number for number in found if self.path(number).is_file())


@dataclass(frozen=True)
class Movie:
    """A file with frames counted from 1."""

    file: Path
    count: int

    @property
    def folder(self) -> Path:
        """Where the file lies."""
        return self.file.parent

    @property
    def head(self) -> str:
        """The file's name without its ending."""
        return self.file.stem

    @property
    def digits(self) -> int:
        """As many as the last frame's number has."""
        return len(str(self.count))

    def path(self, number: int) -> Path:
        """Return the file that a frame is in."""
        return self.file

    def numbers(self) -> list[int]:
        """Return the numbers of all frames, ascending."""
        return list(range(1, self.count + 1))


def frames_of(path: Path) -> Frames | None:
    """Return the sequence that a numbered file belongs to, or None when it has no number."""
    match = NUMBERED.fullmatch(path.name)
    if match is None:
        return None
    return Frames(path.parent, match[1], len(match[2]), match[3])


def nearest(numbers: list[int], wanted: int) -> int:
    """Return the last of the ascending numbers up to the wanted one, else the first."""
    return max((number for number in numbers if number <= wanted), default=numbers[0])


def shown_frame(current: int, start: int, duration: int, offset: int, cyclic: bool) -> int:
    """Return the number of the frame that Blender shows at the scene's current frame.

    ``start``, ``duration``, ``offset`` and ``cyclic`` are those of an image user.
    """
    position = current - start + 1
    if cyclic and duration > 0:
        position = (position - 1) % duration + 1
    return min(max(position, 1), max(duration, 1)) + offset
