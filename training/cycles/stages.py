"""Stages: what stands where, and from where it is seen."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import bpy
import numpy as np
from mathutils import Euler, Vector

from training.cycles import materials, reliefs, things
from training.cycles.meshes import linked
from training.cycles.posters import poster


@dataclass(frozen=True)
class Words:
    """What a scene may be made of: training and validation share nothing here."""

    things: tuple[things.Maker, ...]
    materials: materials.Vocabulary
    reliefs: tuple[reliefs.Pattern, ...]
    normal_maps: tuple[Path, ...]


@dataclass(frozen=True)
class Stage:
    """A scene that is built and can be photographed."""

    kind: str
    camera: bpy.types.Object
    walls: tuple[bpy.types.Object, ...]
    """Things that would keep a sun from a room."""
    target: tuple[float, float, float]
    """What the camera looks at."""
    open_air: bool
    """Whether the ground behind is part of the picture when the world is shown."""


def single_object(dice: Random, words: Words) -> Stage:
    """Hold one thing before nothing."""
    thing = _placed(dice, words, (dice.uniform(-0.1, 0.1), dice.uniform(-0.1, 0.1), 0))
    thing.rotation_euler = _turned(dice)
    return seen_alone(dice, Vector(dice.uniform(-1, 1) for _ in range(3)).normalized())


def seen_alone(dice: Random, aim: Vector) -> Stage:
    """Look from the direction ``aim`` at what stands at the origin, about as large as a thing."""
    camera = _camera(dice, (0, 0, 0), aim, reach=dice.uniform(0.85, 1.35), flat_share=0.3)
    return Stage("object", camera, (), (0, 0, 0), True)


def pile(dice: Random, words: Words) -> Stage:
    """Put things on a ground, sometimes before one or two walls."""
    for _ in range(dice.randint(2, 7)):
        place = (dice.gauss(0, 0.8), dice.gauss(0, 0.8), dice.uniform(-0.6, 0.1))
        thing = _placed(dice, words, place)
        thing.rotation_euler = _turned(dice)
    aim = Vector((dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.15, 1.0))).normalized()
    walls = [_plane(dice, words, (0, 0, -0.9), (0, 0, 0))]
    behind = math.atan2(aim.y, aim.x) + math.pi
    for turn in dice.choice([(), (dice.uniform(-0.5, 0.5),), (-0.8, 0.8)]):
        angle, distance = behind + turn, dice.uniform(1.5, 3)
        place = (distance * math.cos(angle), distance * math.sin(angle), 0)
        walls.append(_plane(dice, words, place, (math.pi / 2, 0, angle - math.pi / 2)))
    camera = _camera(dice, (0, 0, -0.3), aim, reach=dice.uniform(1.2, 2.0), flat_share=0.1)
    return Stage("pile", camera, tuple(walls), (0, 0, -0.3), True)


def room(dice: Random, words: Words) -> Stage:
    """Furnish a room and stand in it."""
    wide, deep, high = dice.uniform(2.5, 6), dice.uniform(2.5, 6), dice.uniform(2.2, 3.2)
    walls = _walls(dice, words, wide, deep, high)
    for _ in range(dice.randint(2, 5)):
        _furniture(dice, words, wide, deep)
    for _ in range(dice.randint(0, 4)):
        place = (
            dice.uniform(-0.4, 0.4) * wide,
            dice.uniform(-0.4, 0.4) * deep,
            dice.uniform(0.2, 1),
        )
        thing = _placed(dice, words, place)
        thing.scale = [dice.uniform(0.2, 0.5)] * 3
        thing.rotation_euler = (0, 0, dice.uniform(0, math.tau))
    corner = (-0.42 * wide * dice.uniform(0.5, 1), -0.42 * deep * dice.uniform(0.5, 1))
    target = (dice.uniform(0, 0.4) * wide, dice.uniform(0, 0.4) * deep, dice.uniform(0.2, 1.4))
    camera = linked("camera", bpy.data.cameras.new("camera"))
    camera.location = (*corner, dice.uniform(0.7, 2.0))
    camera.data.angle = math.radians(dice.uniform(45, 90))
    _aim(dice, camera, Vector(target), roll=0.05)
    for _ in range(dice.randint(1, 2)):
        _lamp(dice, wide, deep, high)
    return Stage("room", camera, tuple(walls), target, False)


def material_sample(dice: Random, words: Words) -> Stage:
    """Photograph a relief from the front."""
    sample = reliefs.relief(dice, words.reliefs, words.normal_maps)
    sample.data.materials.append(materials.attribute_material(dice, "paint"))
    return Stage("relief", _frontal(dice, tilt=0.12), (), (0, 0, 0), False)


def printed(dice: Random, words: Words) -> Stage:
    """Photograph something printed, nearly from the front: nothing on it tells a tilt."""
    bpy.ops.mesh.primitive_plane_add(size=2 * reliefs.SIDE)
    page = poster(dice)
    image = bpy.data.images.new("poster", *page.size)
    pixels = np.ones((page.size[1], page.size[0], 4), np.float32)
    pixels[..., :3] = np.asarray(page, np.float32)[::-1] / 255
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    bpy.context.object.data.materials.append(materials.image_material(dice, image))
    return Stage("print", _frontal(dice, tilt=dice.choice([0.0, 0.0, 0.12])), (), (0, 0, 0), False)


STAGES: dict[str, Callable[[Random, Words], Stage]] = {
    "object": single_object,
    "pile": pile,
    "room": room,
    "relief": material_sample,
    "print": printed,
}


def _placed(dice: Random, words: Words, place: tuple[float, ...]) -> bpy.types.Object:
    """Make a thing of one of the kinds, stretched and painted."""
    thing = dice.choice(words.things)(dice)
    if dice.random() < 0.2 and thing.type == "MESH":
        bend = thing.modifiers.new("bend", "SIMPLE_DEFORM")
        bend.deform_method = dice.choice(["TWIST", "BEND", "TAPER"])
        bend.angle = dice.uniform(-1.2, 1.2)
    thing.location = place
    thing.scale = [dice.uniform(0.6, 1.25) for _ in range(3)]
    material = materials.random_material(dice, words.materials)
    for part in (thing, *thing.children):
        part.data.materials.append(material)
    return thing


def _plane(
    dice: Random, words: Words, place: tuple[float, ...], turn: tuple[float, ...], size: float = 20
) -> bpy.types.Object:
    bpy.ops.mesh.primitive_plane_add(size=size, location=place, rotation=turn)
    plane = bpy.context.object
    plane.data.materials.append(materials.random_material(dice, words.materials))
    return plane


def _walls(dice: Random, words: Words, wide: float, deep: float, high: float) -> list:
    """Close a room with floor, ceiling and four walls; opposite walls share nothing."""
    half = math.pi / 2
    places = [
        ((0, 0, 0), (0, 0, 0)),
        ((0, 0, high), (math.pi, 0, 0)),
        ((wide / 2, 0, 0), (0, -half, 0)),
        ((-wide / 2, 0, 0), (0, half, 0)),
        ((0, deep / 2, 0), (half, 0, 0)),
        ((0, -deep / 2, 0), (-half, 0, 0)),
    ]
    plain = materials.random_material(dice, words.materials)
    walls = []
    for index, (place, turn) in enumerate(places):
        wall = _plane(dice, words, place, turn, size=16)
        if index > 1 and dice.random() < 0.6:  # most rooms have walls of one kind
            wall.data.materials[0] = plain
        walls.append(wall)
    return walls


def _furniture(dice: Random, words: Words, wide: float, deep: float) -> None:
    """Put a table, box or seat made of boxes on the floor."""
    material = materials.random_material(dice, words.materials)
    place = Vector((dice.uniform(-0.45, 0.45) * wide, dice.uniform(-0.45, 0.45) * deep, 0))
    turn = Euler((0, 0, dice.choice([0, math.pi / 2, dice.uniform(0, math.pi)])))
    kind = dice.choice(["table", "box", "seat"])
    soft = dice.uniform(0.005, 0.12) if kind == "seat" else dice.uniform(0.002, 0.02)
    for middle, size in _boards(dice, kind):
        offset = Vector(middle)
        offset.rotate(turn)
        bpy.ops.mesh.primitive_cube_add(size=1, location=place + offset, rotation=turn)
        piece = bpy.context.object
        piece.scale = size
        bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
        bevel = piece.modifiers.new("bevel", "BEVEL")
        bevel.width, bevel.segments = soft, 3
        piece.data.materials.append(material)


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


def _lamp(dice: Random, wide: float, deep: float, high: float) -> None:
    """Hang a lamp, or let a window be one."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.size = dice.uniform(0.2, 1.5)
    light.energy = dice.uniform(40, 160)
    light.color = [dice.uniform(0.75, 1.0) for _ in range(3)]
    lamp = linked("lamp", light)
    if dice.random() < 0.6:
        lamp.location = (dice.uniform(-0.3, 0.3) * wide, dice.uniform(-0.3, 0.3) * deep, high - 0.1)
    else:
        lamp.location = (0.48 * wide * dice.choice([-1, 1]), dice.uniform(-0.4, 0.4) * deep, 1.4)
        lamp.rotation_euler = (
            (Vector((0, 0, 1)) - lamp.location).to_track_quat("-Z", "Y").to_euler()
        )


def _camera(
    dice: Random, target: tuple[float, ...], aim: Vector, reach: float, flat_share: float
) -> bpy.types.Object:
    """Stand in the direction ``aim`` of a target so that a ball of radius ``reach`` fits."""
    camera = linked("camera", bpy.data.cameras.new("camera"))
    fov = math.radians(dice.uniform(20, 70))
    if dice.random() < flat_share:
        camera.data.type = "ORTHO"
        camera.data.ortho_scale = 2.2 * reach
    camera.data.angle = fov
    camera.location = Vector(target) + aim * (1.1 * reach / math.sin(fov / 2))
    _aim(dice, camera, Vector(target), roll=0.2)
    return camera


def _frontal(dice: Random, tilt: float) -> bpy.types.Object:
    """Look down at the origin, orthographic or with a long lens, tilted by up to ``tilt``."""
    camera = linked("camera", bpy.data.cameras.new("camera"))
    width = reliefs.SIDE * dice.uniform(0.4, 0.85)
    camera.data.type = "ORTHO" if dice.random() < 0.6 else "PERSP"
    camera.data.ortho_scale = width
    camera.data.angle = math.radians(dice.uniform(15, 50))
    lean = Euler((dice.uniform(-tilt, tilt), dice.uniform(-tilt, tilt), dice.uniform(0, math.tau)))
    away = Vector((0, 0, width / 2 / math.tan(camera.data.angle / 2)))
    away.rotate(lean)
    camera.location, camera.rotation_euler = away, lean
    return camera


def _aim(dice: Random, camera: bpy.types.Object, target: Vector, roll: float) -> None:
    camera.rotation_euler = (camera.location - target).to_track_quat("Z", "Y").to_euler()
    camera.rotation_euler.rotate_axis("Z", dice.uniform(-roll, roll))


def _turned(dice: Random) -> Euler:
    return Euler([dice.uniform(-math.pi, math.pi) for _ in range(3)])
