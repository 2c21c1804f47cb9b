# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators whose work is done a slice at a time, between Blender's own events."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bpy

from .trouble_view import trouble_text
from .waiting import Ending, broken_off, next_slice

TICK_SECONDS = 0.01

Value = TypeVar("Value")
_timers: list[bpy.types.Timer] = []


class Sliced:
    """What such operators share: modal in the interface, blocking elsewhere."""

    slices: Callable[[bpy.types.Context], Ending]
    report: Callable[[set[str], str], None]
    work: Ending | None = None
    timer: bpy.types.Timer | None = None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do the work: all of it now, or a slice at every tick where somebody is watching."""
        self.work = self.slices(context)
        if bpy.app.background or context.window is None:
            while (answer := next_slice(self.work)) is None:
                time.sleep(0.001)
            return answer
        manager = context.window_manager
        self.timer = manager.event_timer_add(TICK_SECONDS, window=context.window)
        _timers.append(self.timer)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Do the next slice; every event stays Blender's."""
        if event.type != "TIMER" or self.work is None:
            return {"PASS_THROUGH"}
        try:
            answer = next_slice(self.work)
        except Exception as error:  # noqa: BLE001  one that raises would be asked for ever
            self.report({"ERROR"}, trouble_text(broken_off(error)))
            answer = {"FINISHED"}  # an undo step, with what is done
        if answer is None:
            return {"PASS_THROUGH"}
        self._end_timer(context)
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Drop the rest: Blender takes the operator away."""
        self._end_timer(context)
        if self.work is not None:
            self.work.close()

    def _end_timer(self, context: bpy.types.Context) -> None:
        if self.timer in _timers:
            _timers.remove(self.timer)
            context.window_manager.event_timer_remove(self.timer)


def on_thread(function: Callable[..., Value], *arguments: object) -> Generator[None, None, Value]:
    """Call a function that needs no Blender on a thread; return or raise what it does."""
    with ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals files") as pool:
        coming = pool.submit(function, *arguments)
        while not coming.done():
            yield
    return coming.result()


def stop_timers() -> None:
    """Remove the timers of operators that still run."""
    while _timers:
        bpy.context.window_manager.event_timer_remove(_timers.pop())
