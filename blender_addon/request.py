# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist asks for: an image and the scene's settings become a task."""

import math

import bpy

from . import images, view
from .shared.settings import EstimateSettings
from .task import Task


def source_image(context: bpy.types.Context) -> bpy.types.Image | None:
    """Return the image that the Image Editor shows, else the one chosen in the panel."""
    shown = getattr(context.space_data, "image", None)
    return shown or context.scene.clone_normals.image


def task_of(image: bpy.types.Image, scene: bpy.types.Scene) -> Task:
    """Read the image and the scene's settings into a task.

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
    )
    picture = images.read_picture(image)
    arrays = {"picture": picture.values}
    if chosen.mask is not None:
        arrays["mask"] = images.read_mask(chosen.mask, picture.values.shape[:2])
    return Task(image.name, settings, picture.transfer, arrays)


def projection_of(scene: bpy.types.Scene) -> view.Projection:
    """Return the projection that the scene's settings ask for."""
    chosen = scene.clone_normals
    if chosen.projection == "CAMERA":
        return view.camera_projection(scene)
    if chosen.projection == "FOV":
        return view.Projection(math.degrees(chosen.fov))
    return view.Projection()
