# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of the last estimate follow the sliders, a moment after each change.

Undo gives back the sliders but not always the maps, which are made between its steps; so they
follow then, too.
"""

from collections.abc import Callable, Generator
from dataclasses import replace

import bpy

from . import images, maps, results, session
from .maps import Choice, Kind
from .waiting import redraw

PAUSE_SECONDS = 0.15
"""Between a change and what follows; a slider that is dragged changes at every step."""
SLICE_SECONDS = 0.01


class Following:
    """Which choice the shown maps were made with, and the work that makes them again."""

    def __init__(self) -> None:
        self._made: Choice | None = None
        self._coming: Choice | None = None
        self._work: Generator[None, None, object] | None = None

    def note(self, made: Choice) -> None:
        """Take it that the maps of the estimate that is kept were made with this choice."""
        self.forget()
        self._made = made

    def forget(self) -> None:
        """Follow nothing: the maps belong to an estimate that is no longer kept."""
        if self._work is not None:
            self._work.close()
        self._work = self._made = self._coming = None

    def advance(self, wanted: Choice) -> float | None:
        """Do the next slice; return when to come again, or None when all maps are as wanted."""
        if session.current.busy:
            return PAUSE_SECONDS
        if self._work is None:
            stale = self._stale(wanted)
            if not stale or session.current.kept is None:
                return None
            self._coming = wanted
            self._work = results.map_slices(session.current.kept, replace(wanted, kinds=stale))
        if next(self._work, "done") is None:
            return SLICE_SECONDS
        self._work, self._made = None, self._coming
        redraw(bpy.context)
        return 0.0

    def _stale(self, wanted: Choice) -> tuple[Kind, ...]:
        """List the maps that are there and would come out different now."""
        kept, made = session.current.kept, self._made
        if kept is None or made is None:
            return ()
        return tuple(
            kind
            for kind in maps.ARRAYS
            if images.result_name(kept.task.name, f"_{kind}") in bpy.data.images
            and maps.basis(kind, wanted) != maps.basis(kind, made)
        )


current = Following()
"""What the sliders drive."""


def start(wanted: Callable[[], Choice]) -> None:
    """Follow soon, unless that is on its way; ``wanted`` is asked then what the sliders say."""
    global _wanted  # noqa: PLW0603  timers take a function and no argument
    _wanted = wanted
    if session.current.kept is not None and not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=PAUSE_SECONDS)


def stop() -> None:
    """Follow no more."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    current.forget()


def _tick() -> float | None:
    return current.advance(_wanted())


_wanted: Callable[[], Choice] = Choice
