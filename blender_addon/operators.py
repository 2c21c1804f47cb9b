# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verbs: estimate, cancel, start and stop the backend, put an error away."""

import time
from collections.abc import Callable, Generator
from typing import ClassVar

import bpy
from bpy.props import StringProperty

from . import (
    further_results,
    images,
    lineage,
    live_view,
    maps,
    panels,
    preferences,
    results,
    session,
    sources,
    timings,
    view,
    wiring,
)
from .request import task_of
from .texture_settings import choice
from .translations import translated
from .trouble import Trouble

TICK_SECONDS = 0.1

UNUSABLE = (images.UnusableImage, view.UnusableCamera)
"""What is wrong with what the artist chose."""

Ending = Generator[None, None, set[str]]
"""The rest of an operator's work, in slices; returns what the operator does."""

_timers: list[tuple[bpy.types.WindowManager, bpy.types.Timer]] = []


class Waiting:
    """What waiting operators share: modal in the interface, blocking elsewhere."""

    interactive = False
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
        task = session.current.task
        live_view.current.begin(context, task.name if task else "")
        manager = context.window_manager
        timer = manager.event_timer_add(TICK_SECONDS, window=context.window)
        _timers.append((manager, timer))
        manager.modal_handler_add(self)
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
        session.current.advance()
        live_view.current.refresh(context, session.current)
        redraw(context)
        if self.ending is None and session.current.busy:
            return {"PASS_THROUGH"}
        self.ending = self.ending or self.end(context)
        answer = next_slice(self.ending)
        if answer is None:
            return {"PASS_THROUGH"}
        leave_interface()
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Drop everything: Blender takes the operator away."""
        leave_interface()
        if self.ending is not None:
            self.ending.close()
        session.current.cancel()

    def try_begin(self, context: bpy.types.Context) -> bool:
        """Begin, unless something is wrong that the artist is then told."""
        try:
            self.begin(context)
        except UNUSABLE as error:
            session.current.trouble = Trouble(str(error))
        if session.current.busy or session.current.trouble is None:
            return True
        self.tell(session.current.trouble)
        redraw(context)
        return False

    def tell(self, trouble: Trouble | None) -> None:
        """Report trouble: an error to a script, a quiet line where the panel's box says it."""
        if trouble is not None:
            said = panels.trouble_text(trouble)
            self.report({"WARNING" if self.interactive else "ERROR"}, said)


class IMAGE_OT_clone_estimate_normals(Waiting, bpy.types.Operator):
    """Estimate the normals, the colors and the light of the image."""

    bl_idname = "image.clone_estimate_normals"
    bl_label = "Estimate Normals"
    bl_description = "Estimate normals, albedo, light and Gaussians from the image"
    bl_options: ClassVar = {"UNDO"}  # no REGISTER: the redo panel would run it again, blocking

    image_name: StringProperty(
        name="Image",
        description="Name of the image; empty for the one that is shown",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Allow one estimate at a time."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def begin(self, context: bpy.types.Context) -> None:
        """Send the image off."""
        task = task_of(source_of(context, self.image_name), context.scene)
        session.current.begin(preferences.place(context), task)

    def end(self, context: bpy.types.Context) -> Ending:
        """Bring the result into the scene."""
        estimate = session.current.take_estimate()
        if estimate is None:
            if session.current.trouble is None:
                self.report({"INFO"}, translated("Cancelled"))
            self.tell(session.current.trouble)
            return {"CANCELLED"}
        settings, textures = context.scene.clone_normals, context.scene.clone_textures
        wanted = results.Wanted(
            settings.add_card,
            settings.add_gaussians,
            settings.add_sun,
            choice(textures),
            further_results.wanted_of(settings),
        )
        session.current.kept = maps.kept(estimate)
        with session.current.importing():
            normal = yield from results.import_slices(estimate, wanted)
        lineage.mark(normal, bpy.data.images.get(estimate.task.name))
        live_view.current.end(normal)
        if (welcome := session.current.welcome) is not None:
            timings.remember(context, estimate, welcome.device)
        if textures.wire:
            level, said = wiring.wire_active(context, estimate.task.name)
            self.report(level, translated(said))
        self.report({"INFO"}, translated(f"The normal map is the image “{normal.name}”"))
        return {"FINISHED"}


class CLONE_OT_start_backend(Waiting, bpy.types.Operator):
    """Start the backend, or connect to a running one."""

    bl_idname = "clone.start_backend"
    bl_label = "Start Backend"
    bl_description = "Start the compute backend, or connect to it if it is running"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Leave a backend alone that is there or on its way."""
        cls.poll_message_set("The backend is running, or about to")
        return not session.current.busy and not session.current.connected

    def begin(self, context: bpy.types.Context) -> None:
        """Reach the backend."""
        session.current.begin(preferences.place(context), start=True)

    def end(self, context: bpy.types.Context) -> Ending:
        """Say whether it is there."""
        self.tell(session.current.trouble)
        return {"FINISHED"} if session.current.connected else {"CANCELLED"}
        yield  # a generator, though there is only one slice


class CLONE_OT_stop_backend(bpy.types.Operator):
    """Stop the backend."""

    bl_idname = "clone.stop_backend"
    bl_label = "Stop Backend"
    bl_description = "Stop the compute backend and free its memory"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only a backend that is there can be stopped."""
        cls.poll_message_set("No backend is connected")
        return session.current.connected

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Stop it."""
        session.current.stop_backend()
        redraw(context)
        return {"FINISHED"}


class CLONE_OT_cancel(bpy.types.Operator):
    """Cancel what is running."""

    bl_idname = "clone.cancel"
    bl_label = "Cancel"
    bl_description = "Stop the running estimate; nothing in the scene changes"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only what runs can be cancelled."""
        cls.poll_message_set("Nothing is running that could be cancelled")
        return session.current.can_cancel

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel it; the modal operator notices at its next tick."""
        session.current.cancel()
        redraw(context)
        return {"FINISHED"}


class CLONE_OT_dismiss(bpy.types.Operator):
    """Put the error message away."""

    bl_idname = "clone.dismiss"
    bl_label = "Dismiss"
    bl_description = "Put this message away"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it away."""
        session.current.trouble = None
        redraw(context)
        return {"FINISHED"}


def source_of(context: bpy.types.Context, image_name: str) -> sources.Source:
    """Return the image of that name as source; without a name, what the artist chose.

    Raises:
        UnusableImage: when there is no such image.
    """
    if not image_name:
        return sources.find(context)
    image = bpy.data.images.get(image_name)
    if image is None:
        raise images.UnusableImage("There is no image to work on. Open or choose one first.")
    return sources.Source(image)


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
        manager, timer = _timers.pop()
        manager.event_timer_remove(timer)


CLASSES = (
    IMAGE_OT_clone_estimate_normals,
    CLONE_OT_start_backend,
    CLONE_OT_stop_backend,
    CLONE_OT_cancel,
    CLONE_OT_dismiss,
)


def register() -> None:
    """Add the operators."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Remove the operators."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
