"""Thin things: an outline tells nothing of their shape, for they are flat right to their edge."""

import math
from random import Random

import bpy
import numpy as np

from training.cycles.meshes import grid_object, unit_grid, waves

FINE = 140
"""Points along a side, enough for sharp folds."""


def cloth(dice: Random) -> bpy.types.Object:
    """Crumple or fold a sheet."""
    u, v = unit_grid(FINE, FINE)
    height = waves(dice, u, v, dice.randint(2, 4), dice.uniform(0.35, 0.6))
    if dice.random() < 0.5:
        height = np.abs(height) * 1.5
    return _sheet(dice, u, v, height * dice.uniform(0.05, 0.22), drift=0.08)


def folded(dice: Random) -> bpy.types.Object:
    """Fold paper along straight lines: flat pieces that meet in sharp edges."""
    u, v = unit_grid(FINE, FINE)
    height = np.zeros_like(u)
    for _ in range(dice.randint(1, 7)):
        angle, middle = dice.uniform(0, math.tau), dice.uniform(-0.35, 0.35)
        beside = (u - 0.5) * math.cos(angle) + (v - 0.5) * math.sin(angle) - middle
        height += dice.choice([-1, 1]) * dice.uniform(0.1, 1.0) * np.maximum(beside, 0)
    height += dice.uniform(0, 0.01) * waves(dice, u, v, 4, 0.6)
    return _sheet(dice, u, v, height, drift=0.02)


def packet(dice: Random) -> bpy.types.Object:
    """Fill a bag a little: flat seams, a soft middle, wrinkles."""
    u, v = unit_grid(FINE, FINE)
    seam = dice.uniform(0.02, 0.15)
    across = [np.clip((1 - np.abs(2 * t - 1)) / 2 - seam, 0, None) for t in (u, v)]
    full = np.sqrt(np.minimum(*across) + 1e-4) - 0.01
    wrinkles = np.abs(waves(dice, u, v, 4, dice.uniform(0.4, 0.7)))
    height = dice.uniform(0.05, 0.4) * full + dice.uniform(0.0, 0.03) * wrinkles
    return _sheet(dice, u, v, height, drift=0.02)


def slab(dice: Random) -> bpy.types.Object:
    """Make a book, a phone, a carton: a box with one or two short sides."""
    bpy.ops.mesh.primitive_cube_add(size=1)
    thing = bpy.context.object
    thing.scale = (dice.uniform(0.5, 1.5), dice.uniform(0.7, 1.5), dice.uniform(0.03, 0.4))
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    bevel = thing.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments = dice.uniform(0.003, 0.05), 3
    thing.data.shade_smooth()
    thing.data.set_sharp_from_angle(angle=0.6)
    return thing


def _sheet(
    dice: Random, u: np.ndarray, v: np.ndarray, height: np.ndarray, drift: float
) -> bpy.types.Object:
    """Lay a sheet of uneven outline over a height field."""
    wide, long = dice.uniform(0.9, 1.8), dice.uniform(1.2, 1.8)
    shift = drift * waves(dice, u, v, 2, 0.5)
    points = np.stack([(u - 0.5) * wide + shift, (v - 0.5) * long + shift, height], axis=-1)
    return grid_object("sheet", points, wrap_u=False, wrap_v=False)
