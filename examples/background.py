"""Estimate one picture in Blender's background mode and save its normal map.

    blender --background --python examples/background.py -- picture.png picture_normal.exr

The add-on must be installed and know a backend (see its preferences). The name's ending says what
is written: .exr holds floats, .png 16 bits. Errors end Blender with exit code 1.
"""

import sys
from pathlib import Path

import bpy

FORMATS = {".exr": "OPEN_EXR", ".png": "PNG", ".tif": "TIFF"}


def main(picture: Path, target: Path) -> None:
    """Press the button as a script does: it waits, and an error raises RuntimeError."""
    image = bpy.data.images.load(str(picture.resolve()))
    bpy.context.scene.clone_normals.preset = "FINE"
    bpy.ops.image.clone_estimate_normals(image_name=image.name)
    normal = bpy.data.images[f"{picture.stem}_normal"]
    normal.file_format = FORMATS[target.suffix.lower()]
    normal.filepath_raw = str(target.resolve())
    normal.save()


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[sys.argv.index("--") + 1 :]))
    except (RuntimeError, ValueError, KeyError) as error:
        sys.exit(f"{error}")
