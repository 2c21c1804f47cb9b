# SPDX-License-Identifier: GPL-3.0-or-later
"""The render result as an image with pixels, which it does not give out itself."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from . import images
from .compat import OUTPUT_KIND

OUTPUT_SETTINGS = (
    *OUTPUT_KIND,  # it limits the formats, so it comes first
    "file_format",
    "color_mode",
    "color_depth",
    "exr_codec",
    "color_management",
)


@contextmanager
def saved(result: bpy.types.Image, scene: bpy.types.Scene) -> Iterator[bpy.types.Image]:
    """Save the scene's render as scene-linear EXR, and open that for as long as it is needed.

    Blender saves a render only by the output settings of the scene it was made in: they are changed
    for the moment. Whatever they say, this is one layer, 32-bit, without the view transform.

    Raises:
        UnusableImage: when nothing was rendered.
    """
    with tempfile.TemporaryDirectory(prefix="clone-normals-") as folder:
        path = Path(folder) / "render.exr"
        try:
            with _linear_output(scene.render.image_settings):
                result.save_render(str(path), scene=scene)
        except RuntimeError as error:
            raise images.UnusableImage(
                f"The scene “{scene.name}” has no render. Render an image (F12) and try again."
            ) from error
        with images.opened_file(path) as image:
            yield image


@contextmanager
def _linear_output(settings: bpy.types.ImageFormatSettings) -> Iterator[None]:
    before = {name: getattr(settings, name) for name in OUTPUT_SETTINGS}
    try:
        images.set_output(settings, "OPEN_EXR", "RGBA", "32")
        settings.exr_codec = "NONE"
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
