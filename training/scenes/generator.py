"""Make scenes: a kind, a seed, a batch; on any device, without end."""

from typing import Literal

import torch

from training.scenes import shading, worlds
from training.scenes.capture import captured
from training.scenes.lesson import Answer, Lesson, Scene
from training.scenes.random import Dice
from training.scenes.solids import World
from training.scenes.surface import Eye, Surface, look, relief, see

Kind = Literal["object", "pile", "room", "relief", "print"]
KINDS: tuple[Kind, ...] = ("object", "pile", "room", "relief", "print")


@torch.no_grad()
def generate(
    kind: Kind, seed: int, batch: int, size: int, device: torch.device | None = None
) -> Scene:
    """Make a batch of scenes of one kind, ``size`` pixels square; one seed, one set of scenes."""
    dice = Dice(seed, device or torch.device("cpu"))
    world, surface, eye = _stage(kind, dice, batch, size)
    normals = surface.normals if world is None else shading.bumped(dice, surface, eye, size)
    material = shading.paint(dice, surface, size)
    directions = shading.light_directions(dice, batch)
    irradiance = shading.irradiances(surface, normals, directions, world)
    singles = shading.single_lights(material, irradiance, surface.inside)
    picture = shading.photograph(dice, surface, eye, normals, material, directions, irradiance)
    grid = (size, size)
    lesson = Lesson(
        picture=captured(dice, picture.unflatten(1, grid)),
        single_lights=singles.unflatten(2, grid),
        directions=directions,
        inside=surface.inside.unflatten(1, grid),
        rays=eye.rays.unflatten(1, grid),
    )
    return Scene(lesson, Answer(normals.unflatten(1, grid)))


def _stage(kind: Kind, dice: Dice, batch: int, size: int) -> tuple[World | None, Surface, Eye]:
    """Build the world, if there is one, and what the camera sees of it."""
    if kind in ("relief", "print"):
        surface, eye = relief(dice, batch, size)
        if kind == "print":  # a printed thing is flat, whatever is on it
            facing = torch.tensor([0.0, 0.0, -1.0], device=dice.device)
            normals = facing.expand_as(surface.normals)
            surface = Surface(surface.points, normals, surface.local, surface.thing, surface.inside)
        return None, surface, eye
    builders = {"object": worlds.single_object, "pile": worlds.pile, "room": worlds.room}
    world = builders[kind](dice, batch)
    reach = 0.9 if kind == "object" else 1.4
    eye = look(dice, batch, size, reach, from_inside=kind == "room")
    return world, see(world, eye), eye
