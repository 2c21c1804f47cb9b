# SPDX-License-Identifier: GPL-3.0-or-later
"""How trouble is shown: what went wrong, what to do next, the button that does it."""

import textwrap

import bpy

from . import session
from .translations import translated
from .trouble import Trouble

CHARACTER_PIXELS = 6.6
"""Rough width of a letter at a resolution scale of 1; panels cannot wrap text by themselves."""


def draw_trouble(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Show what went wrong, with the button that repairs it."""
    trouble = session.current.trouble
    if trouble is None:
        return
    box = layout.box()
    heading = box.row()
    heading.alert = True
    heading.label(text="Not Done" if trouble.repair == "" else "Backend", icon="ERROR")
    heading.operator("clone.dismiss", text="", icon="X", emboss=False)
    draw_text(box, context, trouble_text(trouble))
    draw_repair(box, trouble)


def draw_repair(box: bpy.types.UILayout, trouble: Trouble) -> None:
    """Show the buttons that repair what went wrong."""
    if trouble.repair == "start":
        box.operator("clone.start_backend", icon="PLAY")
    elif trouble.repair == "online":
        draw_online(box)
    elif trouble.repair == "install":
        again = "Try Again" if trouble.log else "Install Backend"
        box.operator("clone.install_backend", text=again, icon="IMPORT")
    elif trouble.repair == "python":
        box.operator("clone.use_python", text="Use Existing Python…", icon="FILE_SCRIPT")
        box.operator("clone.install_backend", icon="IMPORT")
    if trouble.repair in {"preferences", "online", "install"}:
        button = box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES")
        button.module = __package__
    if trouble.log is not None and trouble.log.is_file():
        box.operator("wm.path_open", text="Show Log", icon="TEXT").filepath = str(trouble.log)


def draw_online(layout: bpy.types.UILayout) -> None:
    """Show the button that opens the preference which lets Blender go online."""
    button = layout.operator("screen.userpref_show", text="Allow Online Access…", icon="INTERNET")
    button.section = "SYSTEM"


def trouble_text(trouble: Trouble) -> str:
    """Return what went wrong and what to do next, in the artist's language."""
    return f"{translated(trouble.message)} {translated(trouble.advice)}".strip()


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str) -> None:
    """Show text of any length, wrapped to the region."""
    pixels = CHARACTER_PIXELS * context.preferences.system.ui_scale
    width = max(20, int(context.region.width / pixels) - 6)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for paragraph in text.splitlines():
        for line in textwrap.wrap(paragraph, width):
            column.label(text=line)
