# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Where the backend is and whether to start it, kept in Blender's preferences."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, StringProperty

from . import panels, timings
from .process import Launch
from .shared.connection import default_run_dir
from .task import Place


class ClonePreferences(bpy.types.AddonPreferences):
    """Settings of this Blender, the same in every file."""

    bl_idname = __package__

    python: StringProperty(
        name="Backend Python",
        description="The Python program of the environment the backend is installed in",
        subtype="FILE_PATH",
    )
    folder: StringProperty(
        name="Source Folder",
        description="A source checkout to run the backend from; empty when it is installed",
        subtype="DIR_PATH",
    )
    run_dir: StringProperty(
        name="Run Folder",
        description="Where the backend publishes itself and keeps its log; empty for the usual one",
        subtype="DIR_PATH",
    )
    key: StringProperty(
        name="Server Key",
        description="The key file for a backend on another machine; empty to compute on this one",
        subtype="FILE_PATH",
    )
    start_automatically: BoolProperty(
        name="Start Automatically",
        description="Start the backend when an estimate needs it",
        default=True,
    )

    timings: CollectionProperty(
        type=timings.CLONE_PG_timing,
        name="Timings",
        description="How long estimates took on this machine",
        options={"HIDDEN"},
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Show the settings and how the backend is."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "key", placeholder="None: compute on this machine")
        local = layout.column()
        local.active = not self.key
        local.prop(self, "python")
        local.prop(self, "folder")
        local.prop(self, "run_dir", placeholder=str(default_run_dir()))
        local.prop(self, "start_automatically")
        panels.draw_trouble(layout, context)
        panels.draw_backend(layout)


def place(context: bpy.types.Context) -> Place:
    """Return where to find the backend, from the preferences."""
    chosen = context.preferences.addons[__package__].preferences
    run_dir = _path(chosen.run_dir) or default_run_dir()
    python = _path(chosen.python)
    launch = Launch(python, run_dir, _path(chosen.folder)) if python else None
    return Place(run_dir, launch, chosen.start_automatically, _path(chosen.key))


def _path(text: str) -> Path | None:
    # Not resolved: the python of an environment is a link, and its place says which environment.
    return Path(bpy.path.abspath(text)).expanduser() if text.strip() else None


def register() -> None:
    """Add the preferences."""
    bpy.utils.register_class(ClonePreferences)


def unregister() -> None:
    """Remove the preferences."""
    bpy.utils.unregister_class(ClonePreferences)
