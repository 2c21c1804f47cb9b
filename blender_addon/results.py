# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished estimate becomes Blender data; running again refreshes the same data."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import bpy
import numpy as np

from . import exr, images, light, maps, material, normal_nodes, points, view
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


def import_slices(estimate: Estimate, wanted: Wanted) -> Generator[None, None, bpy.types.Image]:
    """Make or refresh everything wanted, a slice of it at every step; return the normal map."""
    name = estimate.task.name
    height, width = estimate.arrays["normals"].shape[:2]
    choice = _with_albedo(wanted.maps) if wanted.card else wanted.maps
    shown = yield from map_slices(estimate, choice)
    if wanted.card:
        surface = material.relightable_material(
            images.result_name(name, " relightable"), shown["albedo"], shown["normal"]
        )
        material.card(images.result_name(name, "_card"), view.card_size(height, width), surface)
        yield
    if wanted.gaussians:
        cloud = yield from on_a_thread(partial(_attributes, estimate))
        beside = view.card_size(height, width)[0] + GAP
        points.cloud(images.result_name(name, "_gaussians"), cloud, beside)
        yield
    if wanted.sun and estimate.report.light.determined:
        light.sun(images.result_name(name, "_sun"), estimate.report.light)
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
    """Do work beside Blender, yielding until it is done."""
    with ThreadPoolExecutor(1, thread_name_prefix="CLONE Normals results") as pool:
        coming = pool.submit(work)
        while not coming.done():
            yield
    return coming.result()


def _file(kind: Kind, estimate: Estimate, choice: Choice) -> bytes:
    made = maps.make(kind, estimate, choice)
    return exr.encode(made.colors, made.alpha)


def _attributes(estimate: Estimate) -> dict[str, tuple[str, np.ndarray]]:
    arrays = estimate.arrays
    metres, centre = view.card_units(estimate.task.settings, *arrays["normals"].shape[:2])
    return points.attributes_of(arrays, metres, centre)


def _with_albedo(choice: Choice) -> Choice:
    kinds = choice.kinds if "albedo" in choice.kinds else (*choice.kinds, "albedo")
    return replace(choice, kinds=kinds)
