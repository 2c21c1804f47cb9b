"""Make scenes: a kind, a seed, a batch; on any device, without end."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.outline import outline_slopes
from training.scenes import shading
from training.scenes.capture import captured
from training.scenes.lesson import Answer, Lesson, Scene
from training.scenes.random import Dice
from training.scenes.stages import KINDS, Kind, stage

OUTLINE_SHARE = 0.75
"""Share of the things whose outline is given: who has no mask has none."""
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
    picture = shading.photograph(
        dice, surface, eye, normals, material, directions, irradiance, kind == "relief"
    )
    grid = (size, size)
    inside = surface.inside.unflatten(1, grid)
    lesson = Lesson(
        picture=captured(dice, picture.unflatten(1, grid), inside),
        single_lights=singles.unflatten(2, grid),
        directions=directions,
        inside=inside,
        rays=eye.rays.unflatten(1, grid),
        outline=_outlines(dice, kind, inside),
    )
    return Scene(lesson, Answer(normals.unflatten(1, grid)))


def _outlines(dice: Dice, kind: Kind, inside: Bool[Tensor, "b h w"]) -> Float[Tensor, "b h w 2"]:
    """Return the outlines of single things, most of the time."""
    given = dice.chance(OUTLINE_SHARE, len(inside)) & (kind in ("object", "organic"))
    whole = torch.ones_like(inside[0])
    pairs = zip(inside, given, strict=True)
    return torch.stack([outline_slopes(mask if wanted else whole) for mask, wanted in pairs])
