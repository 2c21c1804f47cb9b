"""Light: the world a photograph is taken in, and single suns."""

import math
from pathlib import Path
from random import Random

import bpy
from mathutils import Matrix, Vector

from training.cycles.meshes import linked

SUNS = 8
WORLD_MAP = 256
"""Blender's own choice takes a second a scene to prepare."""
SUN_ENERGY = math.pi
"""A matte white surface facing a sun of this strength has the radiance 1."""


def photographic_world(dice: Random, hdris: tuple[Path, ...], turn: Matrix, indoors: bool) -> bool:
    """Light a scene by an environment, a soft sky, or lamps; ``turn`` is the camera's rotation.

    Say whether the world is worth seeing behind things.
    """
    kind = dice.choice(["hdri", "hdri", "hdri", "sky", "lamps"])
    strength = dice.uniform(0.3, 1.0) if indoors else 1.0
    if kind == "hdri" and hdris:
        _environment(dice, dice.choice(hdris), strength)
    else:
        _sky(dice, strength * (0.15 if kind == "lamps" else dice.uniform(0.4, 1.0)))
    count = dice.randint(1, 3) if kind == "lamps" else dice.choice([0, 0, 1, 2])
    for _ in range(0 if indoors else count):
        _sunlight(dice, turn)
    return kind == "hdri" and dice.random() < 0.4


def sun_directions(dice: Random, count: int = SUNS) -> tuple[tuple[float, float, float], ...]:
    """Spread suns around the camera's axis, one a sector, 20–72° over the picture (OpenCV)."""
    found = []
    for index in range(count):
        azimuth = math.tau * (index + dice.random()) / count
        height = math.radians(dice.uniform(20, 72))
        plane = math.cos(height)
        found.append((plane * math.cos(azimuth), plane * math.sin(azimuth), -math.sin(height)))
    return tuple(found)


def darkness() -> None:
    """Put every light out."""
    for thing in list(bpy.data.objects):
        if thing.type == "LIGHT":
            bpy.data.objects.remove(thing)
    _sky(Random(0), 0.0)


def sun() -> bpy.types.Object:
    """Hang a sun with sharp shadows."""
    light = bpy.data.lights.new("sun", "SUN")
    light.energy, light.angle = SUN_ENERGY, 0.0
    return linked("sun", light)


def point(lamp: bpy.types.Object, direction: tuple[float, ...], turn: Matrix) -> None:
    """Let a sun shine from an OpenCV camera direction; ``turn`` is the camera's rotation."""
    x, y, z = direction
    toward = turn @ Vector((x, -y, -z))
    lamp.rotation_euler = toward.to_track_quat("Z", "Y").to_euler()


def _sunlight(dice: Random, turn: Matrix) -> None:
    """Add a hard or soft sun from anywhere the camera sees lit, rather from above."""
    light = bpy.data.lights.new("key", "SUN")
    light.energy = dice.uniform(0.5, 4)
    light.angle = dice.uniform(0.01, 0.6)
    light.color = [dice.uniform(0.7, 1.0) for _ in range(3)]
    toward = (dice.gauss(0, 0.8), dice.gauss(-0.5, 0.7), -abs(dice.gauss(0.7, 0.4)) + 0.1)
    point(linked("key", light), toward, turn)


def _environment(dice: Random, path: Path, strength: float) -> None:
    world, background = _world(strength)
    tree = world.node_tree
    texture = tree.nodes.new("ShaderNodeTexEnvironment")
    texture.image = bpy.data.images.load(str(path), check_existing=True)
    place = tree.nodes.new("ShaderNodeMapping")
    place.inputs["Rotation"].default_value = (0, 0, dice.uniform(0, math.tau))
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Generated"], place.inputs["Vector"])
    tree.links.new(place.outputs["Vector"], texture.inputs["Vector"])
    tree.links.new(texture.outputs["Color"], background.inputs["Color"])


def _sky(dice: Random, strength: float) -> None:
    world, background = _world(strength)
    if not strength:
        return
    tree = world.node_tree
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = dice.uniform(0.5, 2.5)
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    low, high = ramp.color_ramp.elements
    low.position, high.position = 0.35, 0.65
    low.color = (*(dice.uniform(0, 0.5) for _ in range(3)), 1)
    high.color = (*(dice.uniform(0.5, 1.2) for _ in range(3)), 1)
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Generated"], noise.inputs["Vector"])
    tree.links.new(noise.outputs[0], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], background.inputs["Color"])


def _world(strength: float) -> tuple[bpy.types.World, bpy.types.Node]:
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", WORLD_MAP
    background = world.node_tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    return world, background
