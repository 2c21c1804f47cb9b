# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist asks for: a picture and the scene's settings become a task."""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import bpy
import numpy as np

from . import hint_operators, images, sources, texture_settings, view, view_transform
from .encoding import Encoding
from .hints import hints_of
from .pixels import Pixels, mask_of, picture_of
from .shared.settings import EstimateSettings
from .sources import Source
from .task import Task


@dataclass(frozen=True)
class Copied:
    """Copies of what is sent, as Blender gave them out."""

    picture: Pixels
    encoding: Encoding | None
    mask: Pixels | None
    hints: Pixels | None


def task_of(source: Source, scene: bpy.types.Scene) -> Task:
    """Copy the picture and the scene's settings into a task.

    Raises:
        UnusableImage: when the picture, the mask or the hints cannot be used.
        UnusableCamera: when the projection is to come from a camera that cannot give it.
    """
    settings, mask = settings_of(scene), scene.clone_normals.mask
    name = sources.name_of(source, scene)
    with sources.opened(source, scene) as image:
        size = images.size_of(image)
        if mask is not None:
            images.check_mask(mask, size)
        copied = Copied(
            picture=images.read(image),
            encoding=view_transform.encoding_of(image, scene),
            mask=images.read(mask) if mask is not None else None,
            hints=hint_operators.read_hints(source.image, size),
        )
        transfer = "linear" if copied.encoding else images.transfer_of(image)
    return Task(name, settings, transfer, size, _on_a_thread(copied))


def settings_of(scene: bpy.types.Scene) -> EstimateSettings:
    """Return what the scene's settings ask of the backend.

    Raises:
        UnusableCamera: when the projection is to come from a camera that cannot give it.
    """
    chosen, projection = scene.clone_normals, projection_of(scene)
    return EstimateSettings(
        fov_degrees=projection.fov_degrees,
        principal=projection.principal,
        steps=chosen.steps,
        size=chosen.size,
        start=chosen.start,
        light_from=chosen.light_from,
        prior=chosen.prior.strip(),
        seamless=chosen.seamless and chosen.projection == "FLAT",
        previews=chosen.steps > 0 and not bpy.app.background,
        height=texture_settings.needs_height(scene.clone_textures),
    )


def _on_a_thread(copied: Copied) -> Future[dict[str, np.ndarray]]:
    """Make what goes out on a thread that ends with it: a large picture takes a second."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals picture")
    arrays = pool.submit(_outgoing, copied)
    pool.shutdown(wait=False)
    return arrays


def _outgoing(copied: Copied) -> dict[str, np.ndarray]:
    picture = picture_of(copied.picture)
    arrays = {"picture": copied.encoding.undo(picture) if copied.encoding else picture}
    if copied.mask is not None:
        arrays["mask"] = mask_of(copied.mask)
    hints = hints_of(copied.hints.values) if copied.hints is not None else None
    if hints is not None and hints.any():
        arrays["hints"] = hints
    return arrays


def projection_of(scene: bpy.types.Scene) -> view.Projection:
    """Return the projection that the scene's settings ask for."""
    chosen = scene.clone_normals
    if chosen.projection == "CAMERA":
        return view.camera_projection(scene)
    if chosen.projection == "FOV":
        return view.Projection(math.degrees(chosen.fov))
    return view.Projection()
