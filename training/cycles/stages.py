"""Stages: what stands where, and from where it is seen; rooms are in ``rooms``."""

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random

import bpy
import numpy as np
from mathutils import Euler, Vector

from training.cycles import materials, reliefs
from training.cycles.meshes import linked
from training.cycles.placing import (
    Stage,
    Words,
    camera_at,
    extent,
    eye_level,
    placed,
    plane,
    turned,
)
from training.cycles.posters import poster
from training.cycles.rooms import room
from training.cycles.shapes import maker
from training.mesh_library import FIGURES

GROUND = -0.9
PLAIN_STATUES = 0.6
"""Share of statues seen closely that are of one plain color."""


def single_object(dice: Random, words: Words) -> Stage:
    """Hold one thing before nothing."""
    thing = placed(dice, words, (0, 0, 0))
    thing.rotation_euler = turned(dice)
    low, high = extent(thing)
    middle, reach = (low + high) / 2, (high - low).length / 2
    aside = Vector([dice.uniform(-0.1, 0.1) * reach for _ in range(3)])
    reach *= dice.uniform(0.55, 1.0)
    camera = camera_at(dice, tuple(middle + aside), eye_level(dice), reach, flat_share=0.3)
    return Stage("object", camera, (), tuple(middle), True)


def figure(dice: Random, words: Words) -> Stage:
    """Look closely at a statue of the library, where its surface has most to show."""
    figures = words.library.named(FIGURES) if words.library else None
    if not figures or not figures.sources:
        return single_object(dice, words)
    make = maker(figures, words.materials, words.photos, PLAIN_STATUES)
    thing = placed(dice, replace(words, things=(make,)), (0, 0, 0))
    thing.rotation_euler = (dice.gauss(0, 0.1), dice.gauss(0, 0.1), dice.uniform(0, math.tau))
    finer = thing.modifiers.new("finer", "SUBSURF")
    finer.levels = finer.render_levels = 1
    low, high = extent(thing)
    # faces and hands have the most vertices
    upper = [v for v in thing.data.vertices if (thing.matrix_world @ v.co).z > (low.z + high.z) / 2]
    vertex = dice.choice(upper or list(thing.data.vertices))
    middle = thing.matrix_world @ vertex.co
    facing = (thing.matrix_world.to_3x3() @ vertex.normal).normalized()
    aim = (facing + 0.8 * eye_level(dice)).normalized()
    reach = (high - low).length * dice.uniform(0.08, 0.3)
    camera = camera_at(dice, tuple(middle), aim, reach, flat_share=0.2)
    return Stage("object", camera, (), tuple(middle), True)


def seen_alone(dice: Random, aim: Vector) -> Stage:
    """Look from the direction ``aim`` at what stands at the origin, about as large as a thing."""
    camera = camera_at(dice, (0, 0, 0), aim, reach=dice.uniform(0.85, 1.35), flat_share=0.3)
    return Stage("object", camera, (), (0, 0, 0), True)


def pile(dice: Random, words: Words) -> Stage:
    """Put things on a ground, sometimes before one or two walls."""
    standing = dice.random() < 0.6
    for _ in range(dice.randint(2, 7)):
        place = (dice.gauss(0, 0.8), dice.gauss(0, 0.8), dice.uniform(-0.6, 0.1))
        thing = placed(dice, words, place)
        thing.rotation_euler = turned(dice)
        if standing:
            thing.location.z += GROUND - extent(thing)[0].z - dice.uniform(0, 0.03)
    aim = Vector((dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.15, 1.0))).normalized()
    walls = [plane(dice, words, (0, 0, GROUND), (0, 0, 0))]
    behind = math.atan2(aim.y, aim.x) + math.pi
    for turn in dice.choice([(), (dice.uniform(-0.5, 0.5),), (-0.8, 0.8)]):
        angle, distance = behind + turn, dice.uniform(1.5, 3)
        place = (distance * math.cos(angle), distance * math.sin(angle), 0)
        walls.append(plane(dice, words, place, (math.pi / 2, 0, angle - math.pi / 2)))
    camera = camera_at(dice, (0, 0, -0.3), aim, reach=dice.uniform(1.2, 2.0), flat_share=0.1)
    return Stage("pile", camera, tuple(walls), (0, 0, -0.3), True)


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
    "figure": figure,
    "pile": pile,
    "room": room,
    "relief": material_sample,
    "print": printed,
}


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
