# SPDX-License-Identifier: GPL-3.0-or-later
"""What an estimate can add to the scene on request: a surface, a world, a comparison."""

from collections.abc import Generator
from dataclasses import dataclass

import bpy
import numpy as np

from . import (
    comparison,
    environment,
    exr,
    images,
    lineage,
    maps,
    material,
    sources,
    surface,
    view,
    world,
)
from .comparison import Halves
from .depth_grid import Grid, Lens, grid
from .task import Estimate


@dataclass(frozen=True)
class Further:
    """Which of them are wanted."""

    mesh_side: int = 0
    """Most corners along the longest side of the surface; 0 for none."""
    world: bool = False
    comparison: bool = False


@dataclass(frozen=True)
class PreparedFurther:
    """Their arrays."""

    surface: Grid | None
    sky: bytes | None
    """An EXR file."""
    halves: Halves | None
    """None where the picture is not known, as of results that come from files."""


def wanted_of(chosen: bpy.types.PropertyGroup) -> Further:
    """Read off the scene's settings what is wanted."""
    side = chosen.mesh_side if chosen.add_mesh else 0
    return Further(side, chosen.add_world, chosen.add_compare)


def prepared(estimate: Estimate, wanted: Further) -> PreparedFurther:
    """Make the arrays, on a thread."""
    light = estimate.report.light
    return PreparedFurther(
        _grid(estimate, wanted.mesh_side),
        exr.encode(environment.environment(np.array(light.ambient))) if wanted.world else None,
        _halves(estimate),
    )


def surface_slices(
    name: str, ready: Grid, albedo: bpy.types.Image, normal: bpy.types.Image, beside: float
) -> Generator[None, None, None]:
    """Add the depth map as a mesh that can be relit."""
    shader = images.result_name(name, " surface")
    relit = material.relightable_material(shader, albedo, normal, "OBJECT")
    yield from surface.surface_slices(images.result_name(name, "_surface"), ready, beside, relit)


def light_scene(name: str, sky: bytes) -> None:
    """Add the ambient light as the scene's world."""
    image = images.show(images.result_name(name, "_sky"), sky, "linear")
    lineage.mark(image, sources.picture_named(name), name)
    world.light_scene(images.result_name(name, "_light"), image)


def _halves(estimate: Estimate) -> Halves | None:
    task, rerendered = estimate.task, estimate.arrays.get("rerendered")
    picture = task.arrays.result().get("picture")
    if picture is None or rerendered is None:
        return None
    return comparison.halves(task.name, picture, task.transfer == "srgb", rerendered)


def _grid(estimate: Estimate, side: int) -> Grid | None:
    if side == 0:
        return None
    depth, settings = estimate.arrays["depth"], estimate.task.settings
    covered = maps.coverage(estimate, depth.shape)
    coverage = np.ones(depth.shape) if covered is None else covered
    height, width = depth.shape
    metres, centre = view.card_units(settings, height, width)
    across = view.card_size(height, width)[0] / metres
    lens = Lens(across, settings.principal, settings.fov_degrees > 0)
    found = grid(depth, coverage >= 0.5, lens, side)
    middle = np.array([*centre, -np.median(depth[coverage >= 0.5]) if len(found.quads) else 0.0])
    positions = ((found.positions - middle) * metres).astype(np.float32)
    return Grid(positions, found.uvs, found.quads)
