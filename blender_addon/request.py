# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist asks for: an image and the scene's settings become a task."""

import math
from concurrent.futures import Future, ThreadPoolExecutor

import bpy
import numpy as np

from . import images, texture_settings, view
from .pixels import Pixels, mask_of, picture_of
from .shared.settings import EstimateSettings
from .task import Task


def source_image(context: bpy.types.Context) -> bpy.types.Image | None:
    """Return the image that the Image Editor shows, else the one chosen in the panel."""
    shown = getattr(context.space_data, "image", None)
    return shown or context.scene.clone_normals.image


def task_of(image: bpy.types.Image, scene: bpy.types.Scene) -> Task:
    """Copy the image and the scene's settings into a task.

    Raises:
        UnusableImage: when the image or the mask cannot be used.
        UnusableCamera: when the projection is to come from a camera that cannot give it.
    """
    chosen = scene.clone_normals
    projection = projection_of(scene)
    settings = EstimateSettings(
        fov_degrees=projection.fov_degrees,
        principal=projection.principal,
        steps=chosen.steps,
        size=chosen.size,
        start=chosen.start,
        height=texture_settings.needs_height(scene.clone_textures),
    )
    size = images.size_of(image)
    if chosen.mask is not None:
        images.check_mask(chosen.mask, size)
    mask = images.read(chosen.mask) if chosen.mask is not None else None
    arrays = _on_a_thread(images.read(image), mask)
    return Task(image.name, settings, images.transfer_of(image), size, arrays)


def _on_a_thread(picture: Pixels, mask: Pixels | None) -> Future[dict[str, np.ndarray]]:
    """Make what goes out on a thread that ends with it: a large picture takes a second."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals picture")
    arrays = pool.submit(_outgoing, picture, mask)
    pool.shutdown(wait=False)
    return arrays


def _outgoing(picture: Pixels, mask: Pixels | None) -> dict[str, np.ndarray]:
    arrays = {"picture": picture_of(picture)}
    if mask is not None:
        arrays["mask"] = mask_of(mask)
    return arrays


def projection_of(scene: bpy.types.Scene) -> view.Projection:
    """Return the projection that the scene's settings ask for."""
    chosen = scene.clone_normals
    if chosen.projection == "CAMERA":
        return view.camera_projection(scene)
    if chosen.projection == "FOV":
        return view.Projection(math.degrees(chosen.fov))
    return view.Projection()
