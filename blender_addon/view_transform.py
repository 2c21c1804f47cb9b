# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures saved through a view transform, back to light: Blender's own transforms, measured.

A ramp of greys goes through Blender's transform into a file; what comes out is inverted channel by
channel. That is exact for greys (within 1 %) up to where the transform reaches white. Standard and
Filmic treat each channel by itself, so all colors come back. AgX mixes the channels, which makes
saturated colors a little paler and bright ones of them too bright: of random colors, the worst
channel is off by 3 % of the brightest on average up to half saturation and by 6 % up to 90 %, at
worst by 7 % and by half of it (``test_view_transform.py``).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

from . import images
from .encoding import Encoding, srgb

ENCODINGS = (
    ("IMAGE", "As the Image Says", "Go by the image's color space"),
    (
        "SCENE",
        "View Transform of the Scene",
        "The picture was saved as this scene shows light: view transform, look, exposure, gamma",
    ),
    ("AgX", "AgX", "The picture was saved through AgX, Blender's usual view transform since 4.0"),
    ("Filmic", "Filmic", "The picture was saved through Filmic, the usual one before"),
    ("Standard", "Standard", "The picture was saved through Standard"),
)
TRANSFORM_OF_COLORSPACE = {"AgX Base sRGB": "AgX", "Filmic sRGB": "Filmic"}
RAMP = np.concatenate([[0.0], np.logspace(-12, 8, 2047, base=2.0)])
"""Linear greys, (2048,)."""

STANDARD = Encoding(RAMP, np.repeat(srgb(RAMP)[:, None], 3, axis=1))
"""The curve of sRGB, which needs no view of that name."""

_measured: dict[tuple[object, ...], Encoding] = {("Standard",): STANDARD}


def choice_of(image: bpy.types.Image, scene: bpy.types.Scene) -> str | Encoding:
    """Return how a scene says that an image was saved; what it does to light itself, measured.

    An image that holds light or data has not gone through it, so there is nothing to measure.
    """
    chosen = scene.clone_normals.encoding
    measured = chosen == "SCENE" and images.is_encoded(image)
    return of_scene(scene) if measured else chosen


def encoding_of(image: bpy.types.Image, chosen: str | Encoding) -> Encoding | None:
    """Return what to undo in an image, or None where its own color space says all.

    Images that hold light or data cannot have gone through a view transform.

    Raises:
        UnusableImage: when it is a view transform that the color management lacks.
    """
    colorspace = image.colorspace_settings.name
    if chosen == "IMAGE":
        transform = TRANSFORM_OF_COLORSPACE.get(colorspace)
        return None if transform is None or image.is_float else of_transform(transform)
    if chosen == "SCENE" or not _holds_a_view(image):
        return None
    return chosen if isinstance(chosen, Encoding) else of_transform(chosen)


def of_transform(transform: str) -> Encoding:
    """Measure a view transform without look, at its defaults.

    Raises:
        UnusableImage: when the color management lacks it.
    """
    if (transform,) not in _measured:
        with _temporary(bpy.data.scenes.new("CLONE view transform")) as scene:
            _choose(scene.view_settings, transform)
            _measured[transform,] = _measure(scene)
    return _measured[transform,]


def of_scene(scene: bpy.types.Scene) -> Encoding:
    """Measure all that a scene does to light before it is saved."""
    key = _state(scene)
    if key not in _measured:
        with _temporary(scene.copy()) as copy:
            _measured[key] = _measure(copy)
    return _measured[key]


def _holds_a_view(image: bpy.types.Image) -> bool:
    """Tell whether an image's values can be what a view transform gave.

    Blender has changed those of more than 8 bits by their color space already. Bytes are as they
    were saved, whatever space a config takes them for: ACES opens every PNG as one of its own.
    """
    if image.is_float:
        return image.colorspace_settings.name in images.SRGB_COLORSPACES
    return images.is_encoded(image)


def _choose(view: bpy.types.ColorManagedViewSettings, transform: str) -> None:
    try:
        view.view_transform = transform
    except TypeError as error:
        raise images.UnusableImage(
            f"The OpenColorIO config has no view transform “{transform}” that could be undone. "
            "Choose another encoding, or start Blender with a config that has it."
        ) from error


def _state(scene: bpy.types.Scene) -> tuple[object, ...]:
    """Return everything that the measured curve depends on."""
    settings = (scene.display_settings, scene.view_settings)
    chosen = [
        str(getattr(group, field.identifier))
        for group in settings
        for field in group.bl_rna.properties
        if field.type in {"ENUM", "FLOAT", "BOOLEAN"} and not getattr(field, "is_array", False)
    ]
    view = scene.view_settings
    curves = view.curve_mapping.curves if view.use_curve_mapping else ()
    points = [tuple(point.location) for curve in curves for point in curve.points]
    return (*chosen, *points)


@contextmanager
def _temporary(scene: bpy.types.Scene) -> Iterator[bpy.types.Scene]:
    try:
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def _measure(scene: bpy.types.Scene) -> Encoding:
    """Send the ramp through a scene of our own, whose output settings are set for it."""
    render = scene.render
    images.set_output(render.image_settings, "PNG", "RGB", "16")
    render.dither_intensity = 0.0
    ramp = bpy.data.images.new("CLONE ramp", len(RAMP), 1, float_buffer=True)
    try:
        pixels = np.repeat(RAMP[:, None], 4, axis=1).astype(np.float32)
        pixels[:, 3] = 1.0
        ramp.pixels.foreach_set(pixels.reshape(-1))
        with tempfile.TemporaryDirectory(prefix="clone-normals-") as folder:
            path = Path(folder) / "ramp.png"
            ramp.save_render(str(path), scene=scene)
            with images.opened_file(path) as saved:
                images.set_colorspace(saved, "data")
                values = images.read(saved).values[0, :, :3].astype(np.float64)
    finally:
        bpy.data.images.remove(ramp)
    return Encoding(RAMP, values)
