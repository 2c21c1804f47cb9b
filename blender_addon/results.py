# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished estimate becomes Blender data; running again refreshes the same data."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import bpy

from . import (
    compare,
    exr,
    further_results,
    images,
    light,
    maps,
    material,
    normal_nodes,
    points,
    view,
)
from .further_results import Further, PreparedFurther
from .maps import Choice, Kind
from .task import Estimate

Answer = TypeVar("Answer")

GAP = 0.25
"""Between the card and the cloud, in metres."""


@dataclass(frozen=True)
class Wanted:
    """Which results go into the scene besides the normal map."""

    card: bool = True
    gaussians: bool = True
    sun: bool = True
    maps: Choice = field(default_factory=Choice)
    further: Further = field(default_factory=Further)
    splats: bool = False
    """Whether Blender draws the Gaussians as splats of its own."""


def import_slices(estimate: Estimate, wanted: Wanted) -> Generator[None, None, bpy.types.Image]:
    """Make or refresh everything wanted, a slice of it at every step; return the normal map.

    What results from files lack the arrays for is left out.
    """
    name, wanted = estimate.task.name, _possible(estimate, wanted)
    size = view.card_size(*estimate.arrays["normals"].shape[:2])
    painted = wanted.card or wanted.further.mesh_side > 0
    choice = _with_albedo(wanted.maps) if painted else wanted.maps
    shown = yield from map_slices(estimate, choice)
    if wanted.card:
        surface = material.relightable_material(
            images.result_name(name, " relightable"), shown["albedo"], shown["normal"]
        )
        material.card(images.result_name(name, "_card"), size, surface)
        yield
    if wanted.gaussians:
        cloud = yield from on_a_thread(partial(_attributes, estimate))
        called = images.result_name(name, "_gaussians")
        yield from points.cloud_slices(called, cloud, size[0] + GAP, wanted.splats)
    further = yield from on_a_thread(partial(further_results.prepared, estimate, wanted.further))
    if further.surface is not None:
        yield from further_results.surface_slices(
            name, further.surface, shown["albedo"], shown["normal"], size[0] + GAP
        )
    _add_light(estimate, wanted, further)
    yield
    compare.keep(further.halves)
    if wanted.further.comparison:
        compare.show(bpy.context.scene.clone_normals.compare_split)
    return shown["normal"]


def map_slices(
    estimate: Estimate, choice: Choice
) -> Generator[None, None, dict[Kind, bpy.types.Image]]:
    """Make or refresh the images that are wanted and can be made, a slice at every step.

    Arrays are made ready on a thread, so that Blender's own does only what no other may do, and
    one after the other, so that only one is in memory.
    """
    shown: dict[Kind, bpy.types.Image] = {}
    for kind in maps.available(estimate, choice.kinds):
        file = yield from on_a_thread(partial(_file, kind, estimate, choice))
        name = images.result_name(estimate.task.name, f"_{kind}")
        shown[kind] = images.show(name, file, maps.colorspace(kind))
        if kind == "normal":
            normal_nodes.mark(shown[kind], choice.shaping.convention)
        yield
    return shown


def on_a_thread(work: Callable[[], Answer]) -> Generator[None, None, Answer]:
    """Do work beside Blender, yielding until it is done; who stops asking does not wait for it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals results")
    try:
        coming = pool.submit(work)
        while not coming.done():
            yield
    finally:
        pool.shutdown(wait=False)
    return coming.result()


def _add_light(estimate: Estimate, wanted: Wanted, ready: PreparedFurther) -> None:
    """Add what shines, where the picture tells its light."""
    name, found = estimate.task.name, estimate.report.light
    if wanted.sun and found.determined:
        light.sun(images.result_name(name, "_sun"), found)
    if ready.sky is not None and found.determined:
        further_results.light_scene(name, ready.sky)


def _file(kind: Kind, estimate: Estimate, choice: Choice) -> bytes:
    made = maps.make(kind, estimate, choice)
    return exr.encode(made.colors, made.alpha)


def _attributes(estimate: Estimate) -> points.Attributes:
    arrays = estimate.arrays
    metres, centre = view.card_units(estimate.task.settings, *arrays["normals"].shape[:2])
    return points.attributes_of(arrays, metres, centre)


def _possible(estimate: Estimate, wanted: Wanted) -> Wanted:
    """Return what is wanted without what there are no arrays for."""
    there = estimate.arrays.keys()
    further = wanted.further
    if not there >= {"albedo", "depth"}:
        further = replace(further, mesh_side=0)
    card, gaussians = wanted.card and "albedo" in there, wanted.gaussians and "means" in there
    return replace(wanted, card=card, gaussians=gaussians, further=further)


def _with_albedo(choice: Choice) -> Choice:
    kinds = choice.kinds if "albedo" in choice.kinds else (*choice.kinds, "albedo")
    return replace(choice, kinds=kinds)
