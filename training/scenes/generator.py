"""Make scenes: a kind, a seed, a batch; on any device, without end."""

import torch

from training.scenes import shading
from training.scenes.capture import captured
from training.scenes.lesson import Answer, Lesson, Scene
from training.scenes.random import Dice
from training.scenes.stages import KINDS, Kind, stage

__all__ = ["KINDS", "Kind", "generate"]


@torch.no_grad()
def generate(
    kind: Kind, seed: int, batch: int, size: int, device: torch.device | None = None
) -> Scene:
    """Make a batch of scenes of one kind, ``size`` pixels square; one seed, one set of scenes."""
    dice = Dice(seed, device or torch.device("cpu"))
    set_up = stage(kind, dice, batch, size)
    surface, normals, material, eye = (
        set_up.surface, set_up.normals, set_up.material, set_up.eye,
    )  # fmt: skip
    directions = shading.light_directions(dice, batch)
    irradiance = shading.irradiances(surface, normals, directions, set_up.lit(directions))
    singles = shading.single_lights(material, irradiance, surface.inside)
    picture = shading.photograph(dice, surface, eye, normals, material, directions, irradiance)
    grid = (size, size)
    inside = surface.inside.unflatten(1, grid)
    lesson = Lesson(
        picture=captured(dice, picture.unflatten(1, grid), inside),
        single_lights=singles.unflatten(2, grid),
        directions=directions,
        inside=inside,
        rays=eye.rays.unflatten(1, grid),
    )
    return Scene(lesson, Answer(normals.unflatten(1, grid)))
