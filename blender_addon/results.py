# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished estimate becomes Blender data; running again refreshes the same data."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import bpy
import numpy as np

from . import compare, exr, further_results, images, light, material, points, view
from .further_results import Further, PreparedFurther
from .task import Estimate

GAP = 0.25
"""Between the card and the cloud, in metres."""


@dataclass(frozen=True)
class Wanted:
    """Which results go into the scene besides the normal map."""

    card: bool = True
    gaussians: bool = True
    sun: bool = True
    further: Further = field(default_factory=Further)


@dataclass(frozen=True)
class Prepared:
    """Everything that goes into Blender's data, in the form it takes there."""

    normals: bytes
    """An EXR file, as are the albedo's."""
    albedo: bytes | None
    points: points.Attributes | None
    further: PreparedFurther


def import_slices(estimate: Estimate, wanted: Wanted) -> Generator[None, None, bpy.types.Image]:
    """Make or refresh everything wanted, a slice of it at every step; return the normal map.

    Arrays are made ready on a thread, so that Blender's own does only what no other may do.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals results") as pool:
        coming = pool.submit(_prepared, estimate, wanted)
        while not coming.done():
            yield
    ready, name = coming.result(), estimate.task.name
    size = view.card_size(*estimate.arrays["normals"].shape[:2])
    beside = size[0] + GAP
    normal = images.show(images.result_name(name, "_normal"), ready.normals, "Non-Color")
    yield
    if ready.albedo is not None:
        painted = images.show(images.result_name(name, "_albedo"), ready.albedo, "Linear Rec.709")
        yield
        if wanted.card:
            surface = material.relightable_material(
                images.result_name(name, " relightable"), painted, normal
            )
            material.card(images.result_name(name, "_card"), size, surface)
            yield
        if ready.further.surface is not None:
            yield from further_results.surface_slices(
                name, ready.further.surface, painted, normal, beside
            )
    if ready.points is not None:
        yield from points.cloud_slices(images.result_name(name, "_gaussians"), ready.points, beside)
    _add_light(estimate, wanted, ready.further)
    yield
    compare.keep(ready.further.halves)
    if wanted.further.comparison:
        compare.show(bpy.context.scene.clone_normals.compare_split)
    return normal


def _add_light(estimate: Estimate, wanted: Wanted, ready: PreparedFurther) -> None:
    """Add what shines, where the picture tells its light."""
    name, found = estimate.task.name, estimate.report.light
    if wanted.sun and found.determined:
        light.sun(images.result_name(name, "_sun"), found)
    if ready.sky is not None and found.determined:
        further_results.light_scene(name, ready.sky)


def _prepared(estimate: Estimate, wanted: Wanted) -> Prepared:
    arrays = estimate.arrays
    metres, centre = view.card_units(estimate.task.settings, *arrays["normals"].shape[:2])
    coverage = _coverage(estimate)
    painted = wanted.card or wanted.further.mesh_side > 0
    return Prepared(
        normals=exr.encode(_colors(arrays["normals"])),
        albedo=exr.encode(arrays["albedo"], coverage) if painted else None,
        points=points.attributes_of(arrays, metres, centre) if wanted.gaussians else None,
        further=further_results.prepared(estimate, wanted.further, coverage),
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
