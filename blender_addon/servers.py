# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Compute on another machine, or here again."""

from pathlib import Path

import bpy
from bpy.props import StringProperty

from . import preferences, session
from .farewell import leave
from .shared import connection
from .trouble import Trouble
from .trouble_view import trouble_text
from .waiting import redraw


class CLONE_OT_connect_server(bpy.types.Operator):
    """Compute on another machine."""

    bl_idname = "clone.connect_server"
    bl_label = "Connect to Server"
    bl_description = "Choose the key file you were given, and compute on the machine it belongs to"

    filepath: StringProperty(
        name="File",
        description="The key file",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not under a running estimate."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the key."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Note the key; the next estimate, or Start, uses it."""
        key = preferences.path_of(self.filepath)
        found = connection.read(key) if key is not None else None
        if found is None:
            session.current.trouble = Trouble(
                f"{self.filepath} is not a key.", "Choose the file you were given.", "preferences"
            )
            self.report({"ERROR"}, trouble_text(session.current.trouble))
            return {"CANCELLED"}
        use_server(context, key)
        return {"FINISHED"}


class CLONE_OT_leave_server(bpy.types.Operator):
    """Compute on this machine again."""

    bl_idname = "clone.leave_server"
    bl_label = "Compute Here"
    bl_description = "Leave the server and compute on this machine; the key file stays"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not under a running estimate."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget where the key is."""
        use_server(context, None)
        return {"FINISHED"}


def use_server(context: bpy.types.Context, key: Path | None) -> None:
    """Compute where a key belongs to from now on, or here."""
    leave()
    preferences.own(context).key = str(key) if key else ""
    context.preferences.is_dirty = True
    redraw(context)


CLASSES = (CLONE_OT_connect_server, CLONE_OT_leave_server)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
