# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs share that wait for the backend: begin, watch, take in, leave no trace."""

import time
import traceback
from collections.abc import Callable, Generator

import bpy

from . import images, live_view, objects, session, view
from .task import Task
from .trouble import Trouble
from .trouble_view import trouble_text

TICK_SECONDS = 0.1

UNUSABLE = (images.UnusableImage, view.UnusableCamera, objects.UnusableScene)
"""What is wrong with what the artist chose."""

Ending = Generator[None, None, set[str]]
"""The rest of an operator's work, in slices; returns what the operator does."""

_timers: list[bpy.types.Timer] = []


class Waiting:
    """What waiting operators share: modal in the interface, blocking elsewhere."""

    interactive = False
    task: Task | None = None
    """What it asked the session for; *Cancel* makes room for another's before it notices."""
    timer: bpy.types.Timer | None = None
    ending: Ending | None = None
    begin: Callable[[bpy.types.Context], None]
    end: Callable[[bpy.types.Context], Ending]
    report: Callable[[set[str], str], None]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin, and let Blender go on while the backend works."""
        if bpy.app.background or context.window is None:
            return self.execute(context)
        self.interactive = True
        if not self.try_begin(context):
            return {"CANCELLED"}
        self.watch(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin, and wait for the end: for scripts and background mode."""
        if not self.try_begin(context):
            return {"CANCELLED"}
        _wait()
        ending = self.end(context)
        while (answer := next_slice(ending)) is None:
            time.sleep(0.001)
        return answer

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take in what has happened; Esc cancels, everything else stays Blender's."""
        if event.type == "ESC" and event.value == "PRESS" and session.current.can_cancel:
            session.current.cancel()
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        if session.current.task is self.task:
            session.current.advance()
        live_view.current.refresh(context, session.current)
        redraw(context)
        if self.ending is None and session.current.busy and not self.passed_by:
            return {"PASS_THROUGH"}
        self.ending = self.ending or self.end(context)
        try:
            answer = next_slice(self.ending)
        except Exception as error:  # noqa: BLE001  one that raises would be asked for ever
            answer = self.break_off(error)
        if answer is None:
            return {"PASS_THROUGH"}
        self.leave(context)
        redraw(context)
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Drop everything: Blender takes the operator away."""
        self.leave(context)
        if self.ending is not None:
            self.ending.close()
        self.drop()

    @property
    def passed_by(self) -> bool:
        """Whether the session works on another's task, and so no longer on its own."""
        running = session.current.task
        return self.task is not None and running is not None and running is not self.task

    def drop(self) -> None:
        """Have the session stop its task; another's goes on."""
        if session.current.task is self.task:
            session.current.cancel()

    def watch(self, context: bpy.types.Context) -> None:
        """Show how far it is, and look at it again and again."""
        live_view.current.begin(context, self.task.name if self.task else "")
        manager = context.window_manager
        self.timer = manager.event_timer_add(TICK_SECONDS, window=context.window)
        _timers.append(self.timer)

    def leave(self, context: bpy.types.Context) -> None:
        """Take away what it has in the interface; what another shows by now stays."""
        if not self.passed_by:
            live_view.current.end()
        if self.timer in _timers:
            _timers.remove(self.timer)
            context.window_manager.event_timer_remove(self.timer)

    def try_begin(self, context: bpy.types.Context) -> bool:
        """Begin, unless something is wrong that the artist is then told."""
        try:
            self.begin(context)
        except UNUSABLE as error:
            session.current.trouble = Trouble(str(error))
        self.task = session.current.task
        if session.current.busy or session.current.trouble is None:
            return True
        self.tell(session.current.trouble)
        redraw(context)
        return False

    def break_off(self, error: Exception) -> set[str]:
        """Say why the rest cannot be done; what is done becomes an undo step."""
        self.drop()
        session.current.trouble = broken_off(error)
        self.tell(session.current.trouble)
        return {"FINISHED"}

    def tell(self, trouble: Trouble | None) -> None:
        """Report trouble: an error to a script, a quiet line where the panel's box says it."""
        if trouble is not None:
            said = trouble_text(trouble)
            self.report({"WARNING" if self.interactive else "ERROR"}, said)


def broken_off(error: Exception) -> Trouble:
    """Return what to say of work that could not be finished; the console tells more."""
    if isinstance(error, UNUSABLE):
        return Trouble(str(error))
    traceback.print_exception(error)
    words = f"This could not be finished: {str(error).strip().rstrip('.')}."
    return Trouble(words, "Undo takes back what was done. The console says more.")


def _wait() -> None:
    """Advance until nothing is under way: for scripts and background mode."""
    try:
        while session.current.busy:
            session.current.advance()
            time.sleep(0.01)
    except KeyboardInterrupt:
        session.current.cancel()
        raise


def next_slice(ending: Ending) -> set[str] | None:
    """Do the next slice; return what the operator does when it was the last."""
    try:
        next(ending)
    except StopIteration as stop:
        return stop.value
    return None


def redraw(context: bpy.types.Context) -> None:
    """Draw again wherever the panels or the preferences may be shown."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"IMAGE_EDITOR", "VIEW_3D", "NODE_EDITOR", "PREFERENCES"}:
                area.tag_redraw()


def leave_interface() -> None:
    """Take away what waiting operators have in the interface: timers, preview, status line."""
    live_view.current.end()
    while _timers:
        bpy.context.window_manager.event_timer_remove(_timers.pop())
