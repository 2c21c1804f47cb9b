# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in slices that is done whole, although the artist may undo between any two of them.

Undo takes away what came since its last step, and every reference into Blender's data with it.
"""

from collections.abc import Callable, Generator
from typing import TypeVar

Answer = TypeVar("Answer")

_undone = 0
"""How often undo or redo has changed the file."""


def note_undo() -> None:
    """Take it that undo or redo has changed the file."""
    global _undone  # noqa: PLW0603  Blender has one file
    _undone += 1


def whole(slices: Callable[[], Generator[None, None, Answer]]) -> Generator[None, None, Answer]:
    """Do work a slice at a time, beginning again whenever undo came between."""
    while True:
        begun, work = _undone, slices()
        while begun == _undone:
            try:
                next(work)
            except StopIteration as stop:
                return stop.value
            yield
        work.close()
