# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Where the backend is and whether to start it, kept in Blender's preferences."""

import sys
from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty

from . import environments, setup_view, timings
from .process import Launch
from .shared.connection import default_run_dir
from .task import Place

BUILDS = (
    ("CPU", "CPU (0.3 GB)", "Runs on every machine; 0.3 GB to download, 1.3 GB on the disk", 0),
    ("NVIDIA", "NVIDIA GPU (3 GB)", "PyTorch with CUDA; 3 GB to download, 7 GB on the disk", 1),
    ("CUSTOM", "Custom Index", "From a package index of your own, or a folder of wheels", 2),
)
"""With the numbers that Blender saves, which stay where a choice is not offered."""


def builds(platform: str = sys.platform) -> tuple[tuple[str, str, str, int], ...]:
    """Return the choices of PyTorch there are: no Mac has had an NVIDIA GPU for years."""
    return tuple(item for item in BUILDS if item[0] != "NVIDIA" or platform != "darwin")


class ClonePreferences(bpy.types.AddonPreferences):
    """Settings of this Blender, the same in every file."""

    bl_idname = __package__

    build: EnumProperty(
        items=builds(),
        name="Package Index",
        description="Which PyTorch the backend is installed with, and so from where",
        default="CPU",
    )
    index: StringProperty(
        name="Address",
        description="The address of a package index, or a folder of wheels",
    )
    show_advanced: BoolProperty(
        name="Advanced",
        description="Show every path that can be set by hand",
    )
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
    farm: StringProperty(
        name="Flamenco Manager",
        description="The address of the Manager of a Flamenco render farm",
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
        """Show how to get a backend, what is used now, and the rest folded away."""
        setup_view.draw(self.layout, context, self, python_of(self), backend_root())


def own(context: bpy.types.Context) -> ClonePreferences:
    """Return this add-on's preferences."""
    return context.preferences.addons[__package__].preferences


def place(context: bpy.types.Context) -> Place:
    """Return where to find the backend, from the preferences."""
    chosen = own(context)
    run_dir = path_of(chosen.run_dir) or default_run_dir()
    python = python_of(chosen)
    launch = Launch(python, run_dir, path_of(chosen.folder)) if python else None
    return Place(run_dir, launch, chosen.start_automatically, path_of(chosen.key))


def python_of(chosen: ClonePreferences) -> Path | None:
    """Return the backend's Python: the chosen one, or the one that was installed."""
    python = path_of(chosen.python)
    if python is not None and python.is_file():
        return python
    # a Blender that crashed after an installation has not saved the choice
    return environments.finished(backend_root()) or python


def backend_root() -> Path:
    """Return the folder where the add-on keeps backends that it installs."""
    return Path(bpy.utils.extension_path_user(__package__, path="backend"))


def path_of(text: str) -> Path | None:
    """Return the path that a text field holds, or None where it is empty."""
    # Not resolved: the python of an environment is a link, and its place says which environment.
    return Path(bpy.path.abspath(text)).expanduser() if text.strip() else None


def register() -> None:
    """Add the preferences."""
    bpy.utils.register_class(ClonePreferences)


def unregister() -> None:
    """Remove the preferences."""
    bpy.utils.unregister_class(ClonePreferences)
