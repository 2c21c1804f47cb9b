# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished estimate becomes Blender data; running again refreshes the same data."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import bpy
import numpy as np

from . import exr, images, light, material, points, view
from .task import Estimate

GAP = 0.25
"""Between the card and the cloud, in metres."""


@dataclass(frozen=True)
class Wanted:
    """Which results go into the scene besides the normal map."""

    card: bool = True
    gaussians: bool = True
    sun: bool = True


@dataclass(frozen=True)
class Prepared:
    """Everything that goes into Blender's data, in the form it takes there."""

    normals: bytes
    """An EXR file, as are the albedo's."""
    albedo: bytes | None
    points: points.Attributes | None


def import_slices(estimate: Estimate, wanted: Wanted) -> Generator[None, None, bpy.types.Image]:
    """Make or refresh everything wanted, a slice of it at every step; return the normal map.

    Arrays are made ready on a thread, so that Blender's own does only what no other may do.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals results") as pool:
        coming = pool.submit(_prepared, estimate, wanted)
        while not coming.done():
            yield
    ready, name = coming.result(), estimate.task.name
    height, width = estimate.arrays["normals"].shape[:2]
    normal = images.show(images.result_name(name, "_normal"), ready.normals, "Non-Color")
    yield
    if ready.albedo is not None:
        painted = images.show(images.result_name(name, "_albedo"), ready.albedo, "Linear Rec.709")
        yield
        surface = material.relightable_material(
            images.result_name(name, " relightable"), painted, normal
        )
        material.card(images.result_name(name, "_card"), view.card_size(height, width), surface)
        yield
    if ready.points is not None:
        beside = view.card_size(height, width)[0] + GAP
        yield from points.cloud_slices(images.result_name(name, "_gaussians"), ready.points, beside)
    if wanted.sun and estimate.report.light.determined:
        light.sun(images.result_name(name, "_sun"), estimate.report.light)
    return normal


def _prepared(estimate: Estimate, wanted: Wanted) -> Prepared:
    arrays = estimate.arrays
    metres, centre = view.card_units(estimate.task.settings, *arrays["normals"].shape[:2])
    return Prepared(
        normals=exr.encode(_colors(arrays["normals"])),
        albedo=exr.encode(arrays["albedo"], _coverage(estimate)) if wanted.card else None,
        points=points.attributes_of(arrays, metres, centre) if wanted.gaussians else None,
    )


def _colors(normals: np.ndarray) -> np.ndarray:
    """Return normals as the colors of a normal map."""
    colors = normals * np.float32(0.5)
    colors += np.float32(0.5)
    return colors


def _coverage(estimate: Estimate) -> np.ndarray:
    """Return where the picture shows its object: the mask, else the alpha, else everywhere."""
    sent = estimate.task.arrays.result()
    picture = sent["picture"]
    if "mask" in sent:
        return sent["mask"].astype(np.float32) / 255.0
    if picture.shape[2] == 4:
        alpha = picture[..., 3].astype(np.float32)
        return alpha / 255.0 if picture.dtype == np.uint8 else alpha
    return np.ones(picture.shape[:2], np.float32)
