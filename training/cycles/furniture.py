"""Furniture of a mesh library on the floor of a room, and what stands on it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import bpy
from mathutils import Vector

from training.cycles.placing import Words, extent
from training.cycles.shapes import shaped
from training.mesh_library import Library

HEIGHTS: tuple[tuple[str, float, float], ...] = (
    (
        "wardrobe|closet|bookcase|shel[fv]|fridge|cupboard|elements/rack|locker|floorlamp|pillar",
        1.5,
        2.2,
    ),
    ("sofa|couch|armchair|(?<![a-z])bed(?!side)|mattress|bench(?!_)|bathtub", 0.5, 0.95),
    ("chair|seat|stool|toilet|silla", 0.75, 1.1),
    (
        "table(?!ware|_deco|base)|desk(?!_)|stove|oven|sink|vanity|washbasin|nightstand|dresser|drawer|cabinet",
        0.6,
        0.95,
    ),
    ("bamboo|palm|plant(?!pot|er)", 0.4, 1.6),
    ("piano|dustbin|barrel|crate|lamp|fan|television|washing|radiator|trunk|chest", 0.5, 1.1),
)
"""Names of furniture and how tall it is, in meters."""
FURNITURE = "|".join(names for names, _, _ in HEIGHTS)
WIDEST = 2.6
TRIES = 12


@dataclass(frozen=True)
class Rectangle:
    """The floor under a piece."""

    left: float
    near: float
    right: float
    far: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle."""
        return ((self.left + self.right) / 2, (self.near + self.far) / 2)

    def holds(self, x: float, y: float, margin: float = 0.15) -> bool:
        """Whether a place lies on it or close by."""
        across = self.left - margin < x < self.right + margin
        return across and self.near - margin < y < self.far + margin

    def meets(self, other: "Rectangle") -> bool:
        """Whether two overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.near < other.far and other.near < self.far


def furnished(dice: Random, words: Words, size: tuple[float, float, float]) -> list[Rectangle]:
    """Furnish a room of a width, depth and height; return what is taken of the floor."""
    library = words.library
    assert library is not None
    pieces = library.named(FURNITURE)
    taken: list[Rectangle] = []
    for _ in range(dice.randint(3, 9) if pieces.sources else 0):
        found = _stood(dice, words, pieces, size, taken)
        taken += [found] if found else []
    things = library.named(FURNITURE, kept=False)
    if taken and things.sources:
        for _ in range(dice.randint(2, 10)):
            _strewn(dice, words, things, size, taken)
    return taken


def _stood(
    dice: Random, words: Words, pieces: Library, size: Sequence[float], taken: list[Rectangle]
) -> Rectangle | None:
    """Stand a piece where there is room for it, mostly along a wall."""
    mesh = pieces.draw(dice)
    thing = shaped(dice, mesh, words.materials, words.photos)
    low, high = extent(thing)
    factor = min(_height(dice, mesh.name) / max(high.z - low.z, 1e-3), (size[2] - 0.05) / 2)
    factor = min(factor, WIDEST / max(high.x - low.x, high.y - low.y))
    thing.scale = [factor] * 3
    quarter = dice.randrange(4) * math.pi / 2
    thing.rotation_euler = (0, 0, quarter + dice.gauss(0, 0.03) * (dice.random() < 0.5))
    low, high = extent(thing)
    half_x, half_y = (high.x - low.x) / 2, (high.y - low.y) / 2
    for _ in range(TRIES):
        x, y = (
            dice.uniform(-1, 1) * max(s / 2 - h, 0)
            for s, h in zip(size[:2], (half_x, half_y), strict=True)
        )
        if dice.random() < 0.7:
            if dice.random() < 0.5:
                x = math.copysign(max(size[0] / 2 - half_x - 0.03, 0), x)
            else:
                y = math.copysign(max(size[1] / 2 - half_y - 0.03, 0), y)
        floor = Rectangle(x - half_x, y - half_y, x + half_x, y + half_y)
        if not any(floor.meets(other) for other in taken):
            middle = (low + high) / 2
            thing.location += Vector((x - middle.x, y - middle.y, -low.z))
            return floor
    bpy.data.objects.remove(thing)
    return None


def _height(dice: Random, name: str) -> float:
    for names, least, most in HEIGHTS:
        if re.search(names, name, re.IGNORECASE):
            return dice.uniform(least, most)
    return dice.uniform(0.3, 1.2)


def _strewn(
    dice: Random, words: Words, things: Library, size: Sequence[float], taken: list[Rectangle]
) -> None:
    """Put a small thing down on the furniture, or on the floor."""
    piece = dice.choice(taken)
    x, y = piece.middle
    x += dice.uniform(-0.45, 0.45) * (piece.right - piece.left)
    y += dice.uniform(-0.45, 0.45) * (piece.far - piece.near)
    if dice.random() < 0.3:
        x, y = (dice.uniform(-0.45, 0.45) * side for side in size[:2])
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    start = Vector((x, y, min(size[2], 1.7) - 0.02))
    hit, place, normal, *_ = bpy.context.scene.ray_cast(graph, start, Vector((0, 0, -1)))
    if not hit or abs(normal.z) < 0.8:
        return
    thing = shaped(dice, things.draw(dice), words.materials, words.photos)
    thing.scale = [dice.uniform(0.1, 0.3) if place.z > 0.05 else dice.uniform(0.15, 0.5)] * 3
    thing.rotation_euler = (0, 0, dice.uniform(0, math.tau))
    low, _ = extent(thing)
    thing.location += Vector((x, y, place.z - low.z))
