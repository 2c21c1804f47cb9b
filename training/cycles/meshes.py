"""Meshes from arrays: grids of points, and the noise that crumples them."""

import math
from random import Random

import bpy
import numpy as np


def linked(name: str, data: bpy.types.ID) -> bpy.types.Object:
    """Put new data into the scene."""
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def grid_object(name: str, points: np.ndarray, wrap_u: bool, wrap_v: bool) -> bpy.types.Object:
    """Make a smooth surface of quads through a grid of points (rows, columns, 3)."""
    rows, columns, _ = points.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    down = np.roll(index, -1, 0) if wrap_v else index[1:]
    here = index if wrap_v else index[:-1]
    right_here, right_down = np.roll(here, -1, 1), np.roll(down, -1, 1)
    faces = np.stack([here, right_here, right_down, down], axis=-1)
    faces = faces if wrap_u else faces[:, :-1]
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(rows * columns)
    mesh.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    flat = np.ascontiguousarray(faces.reshape(-1, 4), np.int32)
    mesh.loops.add(flat.size)
    mesh.loops.foreach_set("vertex_index", flat.ravel())
    mesh.polygons.add(len(flat))
    mesh.polygons.foreach_set("loop_start", np.arange(0, flat.size, 4, dtype=np.int32))
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    return linked(name, mesh)


def waves(dice: Random, u: np.ndarray, v: np.ndarray, octaves: int, gain: float) -> np.ndarray:
    """Return smooth noise of spread about 1: sums of waves in random directions, u and v 0..1."""
    total = np.zeros_like(u)
    for octave in range(octaves):
        for _ in range(5):
            angle, phase = dice.uniform(0, math.tau), dice.uniform(0, math.tau)
            frequency = math.tau * 2**octave * dice.uniform(0.7, 1.4)
            along = u * math.cos(angle) + v * math.sin(angle)
            total += gain**octave * np.sin(frequency * along + phase)
    return total / max(float(total.std()), 1e-6)


def unit_grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return u along the columns and v along the rows, 0..1."""
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    return u, v
