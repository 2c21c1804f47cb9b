# SPDX-License-Identifier: GPL-3.0-or-later
"""Which picture an image was made from: the button works on the picture, whatever is shown."""

import bpy

SOURCE = "clone_normals_source"
"""Custom property of a result: the picture, which may be renamed."""


def mark(result: bpy.types.Image, picture: bpy.types.Image | None) -> None:
    """Remember what a result was made from."""
    if picture is not None and picture != result:
        result[SOURCE] = picture


def picture_of(image: bpy.types.Image | None) -> bpy.types.Image | None:
    """Return the picture that an image was made from, or the image itself."""
    source = image.get(SOURCE) if image is not None else None
    return source if isinstance(source, bpy.types.Image) else image
