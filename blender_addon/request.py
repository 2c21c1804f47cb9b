# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist asks for: a picture and the scene's settings become a task."""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import bpy
import numpy as np

from . import hint_operators, images, lineage, sources, texture_settings, view, view_transform
from .encoding import Encoding
from .hints import hints_of
from .images import Layer
from .pixels import Pixels, mask_of, picture_of
from .shared.settings import EstimateSettings
from .sources import Source
from .task import Task


@dataclass(frozen=True)
class Terms:
    """What is asked of every picture of a task or a sequence, whatever the scene says later."""

    settings: EstimateSettings
    encoding: str | Encoding
    mask: Layer | None
    hints: Layer | None


@dataclass(frozen=True)
class Copied:
    """Copies of what is sent, as Blender gave them out."""

    picture: Pixels
    encoding: Encoding | None
    mask: Layer | None
    hints: Layer | None


def task_of(source: Source, scene: bpy.types.Scene) -> Task:
    """Copy the picture and the scene's settings into a task.

    Raises:
        UnusableImage: when the picture, the mask or the hints cannot be used.
        UnusableCamera: when the projection is to come from a camera that cannot give it.
    """
    return task_under(terms_of(source.image, scene), source, scene)


def terms_of(image: bpy.types.Image, scene: bpy.types.Scene) -> Terms:
    """Copy everything that is asked of an image, as it is now.

    Raises:
        UnusableImage: when there is nothing in the mask or the hints.
        UnusableCamera: when the projection is to come from a camera that cannot give it.
    """
    mask, hints = scene.clone_normals.mask, hint_operators.painted(image)
    return Terms(
        settings=settings_of(scene),
        encoding=view_transform.choice_of(image, scene),
        mask=images.layer_of(mask) if mask is not None else None,
        hints=images.layer_of(hints) if hints is not None else None,
    )


def task_under(terms: Terms, source: Source, scene: bpy.types.Scene) -> Task:
    """Copy the picture into a task under these terms.

    Raises:
        UnusableImage: when the picture cannot be used, or the mask or the hints do not fit it.
    """
    name = sources.name_of(source, scene)
    if lineage.called(source.image):
        raise images.UnusableImage(
            f"The image “{source.image.name}” is a result. Open the picture “{name}” to estimate "
            "that again."
        )
    with sources.opened(source, scene) as image:
        size = images.size_of(image)
        if terms.mask is not None:
            images.check_mask(terms.mask, size)
        if terms.hints is not None:
            hint_operators.check_hints(terms.hints, size)
        encoding = view_transform.encoding_of(image, terms.encoding)
        copied = Copied(images.read(image), encoding, terms.mask, terms.hints)
        transfer = "linear" if encoding else images.transfer_of(image)
    sources.remember(name, source.image)
    return Task(name, terms.settings, transfer, size, _on_a_thread(copied))


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
        arrays["mask"] = mask_of(copied.mask.pixels)
    hints = hints_of(copied.hints.pixels.values) if copied.hints is not None else None
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
