"""Open the results of one report and save them as a .blend; Blender runs this, with its Python.

    blender --background --python in_blender.py -- NAME_report.json NAME_normals.blend

What goes wrong is the last line that is said.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

try:
    import bpy
except ImportError:
    sys.exit("this Python has no bpy. Name a Blender, or a Python that has it, with --blender.")

EXTENSION = "bl_ext.user_default.clone_normals"
MAPS = ("height", "occlusion", "depth", "confidence")
"""Further ones that are brought in where they were written."""


def main(report: Path, blend: Path) -> None:
    """Press the button in an empty scene and save it; the file appears when it is whole."""
    enable()
    bpy.ops.wm.read_homefile(use_empty=True)
    for kind in MAPS:
        setattr(bpy.context.scene.clone_textures, kind, True)
    bpy.ops.import_scene.clone_results(filepath=str(report))
    bpy.ops.file.pack_all()
    temporary = blend.with_name(f".{blend.stem}.{uuid4().hex[:8]}.part.blend")
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(temporary), compress=True, copy=True)
        os.replace(temporary, blend)
    finally:
        temporary.unlink(missing_ok=True)


def enable() -> None:
    """Have the add-on ready, which may be installed and not enabled."""
    if not can_open():
        with suppress(RuntimeError):
            bpy.ops.preferences.addon_enable(module=EXTENSION)
    if not can_open():
        sys.exit(
            "it has no CLONE Normals add-on that opens results. Install its zip there, in "
            "Preferences > Get Extensions > Install from Disk."
        )


def can_open() -> bool:
    """Tell whether the button is there."""
    return "clone_results" in dir(bpy.ops.import_scene)


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[sys.argv.index("--") + 1 :]))
    except (RuntimeError, OSError) as error:
        sys.exit(str(error).strip().removeprefix("Error: "))
