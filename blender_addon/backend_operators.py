# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs about the backend: start, stop, cancel what it does, put its trouble away."""

import bpy

from . import preferences, session
from .waiting import Ending, Waiting, redraw


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
    bl_description = "Stop the compute backend and free its memory; a server is only left"

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


CLASSES = (
    CLONE_OT_start_backend,
    CLONE_OT_stop_backend,
    CLONE_OT_cancel,
    CLONE_OT_dismiss,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
