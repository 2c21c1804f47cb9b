"""What scenes may be made of, and how things are put into them and looked at."""

import math
from dataclasses import dataclass
from pathlib import Path
from random import Random

import bpy
from mathutils import Euler, Vector

from training.cycles import materials, reliefs, things
from training.cycles.meshes import linked
from training.mesh_library import Library

PHOTO_SHARE = 0.3
"""Share of walls and grounds that photographs are on, where there are some."""
UPRIGHT_SHARE = 0.67
"""Share of things that stand as they do in the world."""


@dataclass(frozen=True)
class Words:
    """What a scene may be made of: training and validation share nothing here."""

    things: tuple[things.Maker, ...]
    materials: materials.Vocabulary
    reliefs: tuple[reliefs.Pattern, ...]
    normal_maps: tuple[Path, ...]
    library: Library | None = None
    """Real shapes, beside ``things`` where there are some."""
    photos: tuple[Path, ...] = ()
    """Photographs that things of the library are painted with."""


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


def placed(dice: Random, words: Words, place: tuple[float, ...]) -> bpy.types.Object:
    """Make a thing of one of the kinds; what is not painted yet gets a material."""
    thing = dice.choice(words.things)(dice)
    thing.location = place
    if thing.data.materials:
        thing.scale = [dice.uniform(0.7, 1.2) * dice.uniform(0.9, 1.1) for _ in range(3)]
        return thing
    if dice.random() < 0.2 and thing.type == "MESH":
        bend = thing.modifiers.new("bend", "SIMPLE_DEFORM")
        bend.deform_method = dice.choice(["TWIST", "BEND", "TAPER"])
        bend.angle = dice.uniform(-1.2, 1.2)
    thing.scale = [dice.uniform(0.6, 1.25) for _ in range(3)]
    material = materials.random_material(dice, words.materials)
    for part in (thing, *thing.children):
        part.data.materials.append(material)
    return thing


def plane(
    dice: Random, words: Words, place: tuple[float, ...], turn: tuple[float, ...], size: float = 20
) -> bpy.types.Object:
    """Put up a wall or a ground."""
    bpy.ops.mesh.primitive_plane_add(size=size, location=place, rotation=turn)
    made = bpy.context.object
    if words.photos and dice.random() < PHOTO_SHARE:
        made.data.materials.append(materials.photo_material(dice, dice.choice(words.photos)))
    else:
        made.data.materials.append(materials.random_material(dice, words.materials))
    return made


def camera_at(
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
    aimed(dice, camera, Vector(target), roll=0.2)
    return camera


def aimed(dice: Random, camera: bpy.types.Object, target: Vector, roll: float) -> None:
    """Turn a camera to a target, rolled a little."""
    camera.rotation_euler = (camera.location - target).to_track_quat("Z", "Y").to_euler()
    camera.rotation_euler.rotate_axis("Z", dice.uniform(-roll, roll))


def turned(dice: Random) -> Euler:
    """Turn a thing: mostly about its height, else anyhow."""
    if dice.random() < UPRIGHT_SHARE:
        return Euler((dice.gauss(0, 0.06), dice.gauss(0, 0.06), dice.uniform(0, math.tau)))
    return Euler([dice.uniform(-math.pi, math.pi) for _ in range(3)])


def eye_level(dice: Random) -> Vector:
    """Draw a direction to look from: mostly a person's, from a little above."""
    if dice.random() >= UPRIGHT_SHARE:
        return Vector(dice.uniform(-1, 1) for _ in range(3)).normalized()
    around, up = dice.uniform(0, math.tau), dice.uniform(-0.15, 0.7)
    return Vector((math.cos(around) * math.cos(up), math.sin(around) * math.cos(up), math.sin(up)))


def extent(thing: bpy.types.Object) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner of a thing in the scene."""
    bpy.context.view_layer.update()
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    low = Vector(min(corner[axis] for corner in corners) for axis in range(3))
    return low, Vector(max(corner[axis] for corner in corners) for axis in range(3))
