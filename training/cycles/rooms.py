"""Rooms: walls with doors and windows, furnished from a library or with boxes, seen by a person."""

import math
from dataclasses import dataclass
from random import Random

import bpy
from mathutils import Euler, Vector

from training.cycles import materials
from training.cycles.fittings import Wall, block, fitted
from training.cycles.furniture import Rectangle, furnished
from training.cycles.meshes import linked
from training.cycles.placing import Stage, Words, aimed, placed, plane

TRIES = 20


@dataclass(frozen=True)
class Box:
    """The inside of a room, in meters; the floor's middle is the origin."""

    wide: float
    deep: float
    high: float

    def walls(self) -> tuple[Wall, ...]:
        """Return the four walls, looking inward."""
        return (
            Wall((self.wide / 2, 0), math.pi / 2, self.deep),
            Wall((-self.wide / 2, 0), -math.pi / 2, self.deep),
            Wall((0, self.deep / 2), math.pi, self.wide),
            Wall((0, -self.deep / 2), 0.0, self.wide),
        )


def room(dice: Random, words: Words) -> Stage:
    """Furnish a room and stand in it."""
    box = Box(dice.uniform(2.8, 6.5), dice.uniform(2.8, 6.5), dice.uniform(2.2, 3.2))
    walls = _walls(dice, words, box)
    for wall in box.walls():
        fitted(dice, words, wall, box.high)
    taken = furnished(dice, words, (box.wide, box.deep, box.high)) if words.library else []
    if not taken:
        _boxes(dice, words, box)
    _floating(dice, words, box)
    camera, target = _person(dice, box, taken)
    for _ in range(dice.randint(1, 2)):
        _lamp(dice, box)
    return Stage("room", camera, tuple(walls), target, False)


def _person(
    dice: Random, box: Box, taken: list[Rectangle]
) -> tuple[bpy.types.Object, tuple[float, float, float]]:
    """Stand near a corner, out of the furniture, and look across the room."""
    for _ in range(TRIES):
        side = (dice.choice([-1, 1]), dice.choice([-1, 1]))
        x = 0.42 * box.wide * dice.uniform(0.4, 1) * side[0]
        y = 0.42 * box.deep * dice.uniform(0.4, 1) * side[1]
        if not any(piece.holds(x, y) for piece in taken):
            break
    camera = linked("camera", bpy.data.cameras.new("camera"))
    camera.location = (
        x,
        y,
        dice.uniform(1.4, 1.8) if dice.random() < 0.8 else dice.uniform(0.6, 2),
    )
    camera.data.angle = math.radians(dice.uniform(45, 95))
    camera.data.clip_start = 0.02
    across = (
        -side[0] * dice.uniform(0, 0.4) * box.wide,
        -side[1] * dice.uniform(0, 0.4) * box.deep,
    )
    target = (*across, dice.uniform(0.2, 1.4))
    if taken and dice.random() < 0.5:
        piece = dice.choice(taken)
        if math.hypot(piece.middle[0] - x, piece.middle[1] - y) > 1:
            target = (*piece.middle, dice.uniform(0.3, 1.0))
    aimed(dice, camera, Vector(target), roll=0.05)
    return camera, target


def _floating(dice: Random, words: Words, box: Box) -> None:
    """Hang up to two things in the air: shapes that no furniture has."""
    for _ in range(dice.choice([0, 0, 0, 1, 2])):
        place = (
            dice.uniform(-0.4, 0.4) * box.wide,
            dice.uniform(-0.4, 0.4) * box.deep,
            dice.uniform(0.2, 1),
        )
        thing = placed(dice, words, place)
        thing.scale = [dice.uniform(0.2, 0.5)] * 3
        thing.rotation_euler = (0, 0, dice.uniform(0, math.tau))


def _walls(dice: Random, words: Words, box: Box) -> list[bpy.types.Object]:
    """Close a room with floor, ceiling and four walls; opposite walls share nothing."""
    half = math.pi / 2
    places = [
        ((0, 0, 0), (0, 0, 0)),
        ((0, 0, box.high), (math.pi, 0, 0)),
        ((box.wide / 2, 0, 0), (0, -half, 0)),
        ((-box.wide / 2, 0, 0), (0, half, 0)),
        ((0, box.deep / 2, 0), (half, 0, 0)),
        ((0, -box.deep / 2, 0), (-half, 0, 0)),
    ]
    pale = dice.random() < 0.6
    plain = _wall_paint(dice, words, pale)
    walls = []
    for index, (place, turn) in enumerate(places):
        wall = plane(dice, words, place, turn, size=16)
        if index == 1 and pale:
            wall.data.materials[0] = _wall_paint(dice, words, pale)
        if index > 1 and dice.random() < 0.7:  # most rooms have walls of one kind
            wall.data.materials[0] = plain
        walls.append(wall)
    return walls


def _wall_paint(dice: Random, words: Words, pale: bool) -> bpy.types.Material:
    if not pale:
        return materials.random_material(dice, words.materials)
    tint = [dice.uniform(0.75, 0.97) * dice.uniform(0.9, 1) for _ in range(3)]
    return materials.plain_material(dice, tuple(tint))


def _boxes(dice: Random, words: Words, box: Box) -> None:
    """Put tables, boxes and seats made of boxes on the floor."""
    for _ in range(dice.randint(2, 5)):
        material = materials.random_material(dice, words.materials)
        place = Vector(
            (dice.uniform(-0.45, 0.45) * box.wide, dice.uniform(-0.45, 0.45) * box.deep, 0)
        )
        turn = dice.choice([0, math.pi / 2, dice.uniform(0, math.pi)])
        kind = dice.choice(["table", "box", "seat"])
        soft = dice.uniform(0.005, 0.12) if kind == "seat" else dice.uniform(0.002, 0.02)
        for middle, size in _boards(dice, kind):
            offset = Vector(middle)
            offset.rotate(Euler((0, 0, turn)))
            block(material, tuple(place + offset), size, turn, soft)


def _boards(dice: Random, kind: str) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return middle and size of the boxes that a piece of furniture is made of."""
    long, short, high = dice.uniform(0.5, 1.8), dice.uniform(0.4, 0.9), dice.uniform(0.35, 1.6)
    if kind == "box":
        return [((0, 0, high / 2), (long, short, high))]
    if kind == "seat":
        back = ((0, short / 2, 0.45), (long, 0.18, 0.9))
        return [((0, 0, 0.22), (long, short, 0.44)), back]
    thick = dice.uniform(0.03, 0.1)
    x, y = (long - thick) / 2, (short - thick) / 2
    corners = ((x, y), (-x, y), (x, -y), (-x, -y))
    legs = [((*corner, high / 2), (thick, thick, high)) for corner in corners]
    return [((0, 0, high), (long, short, thick)), *legs]


def _lamp(dice: Random, box: Box) -> None:
    """Hang a lamp, or let a window be one."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.size = dice.uniform(0.2, 1.5)
    light.energy = dice.uniform(40, 160)
    light.color = [dice.uniform(0.75, 1.0) for _ in range(3)]
    lamp = linked("lamp", light)
    x, y = (dice.uniform(-0.3, 0.3) * box.wide, dice.uniform(-0.3, 0.3) * box.deep)
    if dice.random() < 0.6:
        lamp.location = (x, y, box.high - 0.1)
    else:
        lamp.location = (0.46 * box.wide * dice.choice([-1, 1]), 1.3 * y, 1.4)
        lamp.rotation_euler = (
            (Vector((0, 0, 1)) - lamp.location).to_track_quat("-Z", "Y").to_euler()
        )
