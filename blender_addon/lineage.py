# SPDX-License-Identifier: GPL-3.0-or-later
"""Which picture an image was made from: the button works on the picture, whatever is shown."""

import bpy

SOURCE = "clone_normals_source"
"""Custom property of a result: the picture, which may be renamed."""
NAME = "clone_normals_name"
"""Custom property of a result whose picture is not open: what that is called."""


def mark(result: bpy.types.Image, picture: bpy.types.Image | None, name: str = "") -> None:
    """Remember what a result was made from: the picture, or its name while it is not open."""
    if picture is None and name:
        result[NAME] = name
    elif picture is not None and picture != result:
        result[SOURCE] = picture


def picture_of(image: bpy.types.Image | None) -> bpy.types.Image | None:
    """Return the picture that an image was made from, or the image itself."""
    source = image.get(SOURCE) if image is not None else None
    return source if isinstance(source, bpy.types.Image) else image


def called(image: bpy.types.Image) -> str:
    """Return the name of the picture that an image was made from and that is not open, if any."""
    return str(image.get(NAME, "")) if picture_of(image) == image else ""
