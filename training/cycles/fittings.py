"""What is fixed to the walls of rooms: skirting, doors, windows, frames."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import bpy
from mathutils import Vector

from training.cycles import materials
from training.cycles.placing import Words


@dataclass(frozen=True)
class Wall:
    """A wall of a room, as one inside sees it."""

    middle: tuple[float, float]
    """Of its foot."""
    turn: float
    """About the height, from a wall that looks along +y."""
    length: float

    def at(self, along: float, out: float, up: float) -> tuple[float, float, float]:
        """Return the place so far along the wall, out into the room and up."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        x = self.middle[0] + along * cos - out * sin
        return (x, self.middle[1] + along * sin + out * cos, up)


Paint = Callable[[], bpy.types.Material]


def block(
    material: bpy.types.Material,
    middle: tuple[float, ...],
    size: tuple[float, ...],
    turn: float,
    soft: float,
) -> bpy.types.Object:
    """Put a box up whose edges are rounded by ``soft``."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=Vector(middle), rotation=(0, 0, turn))
    piece = bpy.context.object
    piece.scale = size
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    bevel = piece.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments = soft, 3
    piece.data.materials.append(material)
    return piece


def fitted(dice: Random, words: Words, wall: Wall, high: float) -> None:
    """Fix skirting, and a door, a window or frames to a wall."""
    trim = materials.plain_material(dice, (0.9, 0.9, 0.88))
    if dice.random() < 0.4:
        trim = materials.random_material(dice, words.materials)
    if dice.random() < 0.6:
        tall = dice.uniform(0.05, 0.16)
        size = (wall.length, dice.uniform(0.02, 0.04), tall)
        block(trim, wall.at(0, 0, tall / 2), size, wall.turn, 0.004)
    kind = dice.random()
    if kind < 0.3:
        _window(dice, trim, wall, high)
    elif kind < 0.5:
        _door(dice, words, trim, wall, high)
    elif kind < 0.75:
        _frames(dice, words, wall)


def _window(dice: Random, trim: bpy.types.Material, wall: Wall, high: float) -> None:
    """Put up a frame with bars, a sill, and panes that shine in by day."""
    wide, tall = dice.uniform(0.7, 2.0), dice.uniform(0.8, min(1.6, high - 1))
    along = dice.uniform(-0.3, 0.3) * (wall.length - wide)
    up = min(dice.uniform(0.8, 1.1), high - tall - 0.1) + tall / 2
    thick, out = dice.uniform(0.05, 0.1), dice.uniform(0.03, 0.1)
    panes = materials.plain_material(dice, (0.8, 0.85, 0.95))
    shader = panes.node_tree.nodes["Principled BSDF"]
    shader.inputs["Emission Color"].default_value = (0.8, 0.9, 1.0, 1.0)
    shader.inputs["Emission Strength"].default_value = dice.choice([0.0, dice.uniform(2, 10)])
    block(panes, wall.at(along, 0, up), (wide, 0.02, tall), wall.turn, 0.001)
    bars = dice.randint(1, 3)
    for bar in range(bars + 1):
        place = wall.at(along + (bar / bars - 0.5) * wide, out / 2, up)
        block(trim, place, (thick, out, tall + thick), wall.turn, 0.006)
    rows = dice.randint(1, 3)
    for row in range(rows + 1):
        place = wall.at(along, out / 2, up + (row / rows - 0.5) * tall)
        block(trim, place, (wide + thick, out * 0.9, thick), wall.turn, 0.006)
    if dice.random() < 0.7:
        sill = wall.at(along, 0.08, up - tall / 2 - thick / 2)
        block(trim, sill, (wide + 0.2, 0.16 + out, 0.04), wall.turn, 0.008)


def _door(dice: Random, words: Words, trim: bpy.types.Material, wall: Wall, high: float) -> None:
    """Hang a door with panels in a frame."""
    wide, tall = dice.uniform(0.75, 1.1), min(2.05, high - 0.1)
    along = dice.uniform(-0.35, 0.35) * (wall.length - wide)
    leaf = trim if dice.random() < 0.5 else materials.random_material(dice, words.materials)
    block(leaf, wall.at(along, 0.02, tall / 2), (wide, 0.04, tall), wall.turn, 0.004)
    for side in (-1, 1):
        place = wall.at(along + side * (wide + 0.08) / 2, 0.03, tall / 2)
        block(trim, place, (0.08, 0.07, tall), wall.turn, 0.008)
    block(trim, wall.at(along, 0.03, tall + 0.04), (wide + 0.16, 0.07, 0.08), wall.turn, 0.008)
    columns, rows = dice.choice([(1, 2), (2, 2), (2, 3), (1, 1), (1, 4)])
    for column in range(columns):
        for row in range(rows):
            size = (0.8 * wide / columns, dice.choice([0.015, 0.03]), 0.85 * tall / rows)
            x = along + ((column + 0.5) / columns - 0.5) * 0.92 * wide
            block(leaf, wall.at(x, 0.04, (row + 0.5) / rows * tall), size, wall.turn, 0.012)
    handle = materials.plain_material(dice, None)
    block(handle, wall.at(along + 0.42 * wide, 0.08, 1.0), (0.12, 0.03, 0.03), wall.turn, 0.01)


def _frames(dice: Random, words: Words, wall: Wall) -> None:
    """Hang pictures, and sometimes a shelf."""
    for _ in range(dice.randint(1, 3)):
        wide, tall = dice.uniform(0.25, 1.0), dice.uniform(0.25, 0.8)
        along, up = dice.uniform(-0.4, 0.4) * wall.length, dice.uniform(1.2, 1.8)
        paint, edge = (materials.random_material(dice, words.materials) for _ in range(2))
        out = dice.uniform(0.02, 0.05)
        block(paint, wall.at(along, 0.01, up), (wide, 0.02, tall), wall.turn, 0.002)
        for side in (-1, 1):
            x = along + side * wide / 2
            block(edge, wall.at(x, out / 2, up), (0.04, out, tall + 0.04), wall.turn, 0.006)
            z = up + side * tall / 2
            block(edge, wall.at(along, out / 2, z), (wide + 0.04, out, 0.04), wall.turn, 0.006)
    if dice.random() < 0.3:
        board = materials.random_material(dice, words.materials)
        place = wall.at(dice.uniform(-0.3, 0.3) * wall.length, 0.13, dice.uniform(1.0, 1.5))
        block(board, place, (dice.uniform(0.5, 1.4), 0.26, 0.03), wall.turn, 0.004)
