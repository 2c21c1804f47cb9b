# SPDX-License-Identifier: GPL-3.0-or-later
"""The depth map as a mesh that stands beside the card."""

from collections.abc import Generator

import bpy
import numpy as np

from . import view
from .depth_grid import Grid
from .objects import mesh_to_fill, place_object


def surface_slices(
    name: str, grid: Grid, beside: float, material: bpy.types.Material
) -> Generator[None, None, bpy.types.Object]:
    """Show the quads, standing as the card does and that far to its left, a slice at a time."""
    mesh = mesh_to_fill(name)
    mesh.clear_geometry()
    mesh.vertices.add(len(grid.positions))
    mesh.attributes["position"].data.foreach_set("vector", grid.positions.reshape(-1))
    corners = grid.quads.reshape(-1)
    mesh.loops.add(len(corners))
    mesh.polygons.add(len(grid.quads))
    mesh.attributes[".corner_vert"].data.foreach_set("value", corners)  # loops take 500 times that
    mesh.polygons.foreach_set("loop_start", np.arange(0, len(corners), 4, dtype=np.int32))
    yield
    layer = mesh.uv_layers.get("UVMap") or mesh.uv_layers.new(name="UVMap")
    yield
    layer.uv.foreach_set("vector", grid.uvs[corners].reshape(-1))
    if material.name not in mesh.materials:
        mesh.materials.append(material)
    yield
    mesh.update(calc_edges=True)
    return place_object(name, mesh, location=(-beside, 0.0, 0.0), rotation=view.STANDING)
