"""Make scenes: a kind, a seed, a batch; on any device, without end."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.image import luminance
from backend.outline import outline_slopes
from training.scenes import shading
from training.scenes.capture import captured
from training.scenes.lesson import Answer, Lesson, Scene
from training.scenes.random import Dice
from training.scenes.stages import Kind, Stage, stage

OUTLINE_SHARE = 0.75
"""Share of the things whose outline is given: who has no mask has none."""


@dataclass(frozen=True)
class Exposed:
    """Scenes before a camera degrades them, in linear light."""

    picture: Float[Tensor, "b h w 3"]
    lights: Float[Tensor, "b k h w 3"]
    """Under one light of strength 1 at a time, matte and direct."""
    directions: Float[Tensor, "b k 3"]
    inside: Bool[Tensor, "b h w"]
    rays: Float[Tensor, "b h w 3"]
    fov: Float[Tensor, " b"]
    """In degrees; 0 is orthographic."""
    width: Float[Tensor, " b"]
    """Of an orthographic picture in units of the scene; 0 for a perspective one."""
    normals: Float[Tensor, "b h w 3"]
    """These score and never teach."""


def generate(
    kind: Kind, seed: int, batch: int, size: int, device: torch.device | None = None
) -> Scene:
    """Make a batch of scenes of one kind, ``size`` pixels square; one seed, one set of scenes."""
    dice = Dice(seed, device or torch.device("cpu"))
    shot = exposed(dice, stage(kind, dice, batch, size))
    lesson = Lesson(
        picture=captured(dice, shot.picture, shot.inside),
        single_lights=luminance(shot.lights),
        directions=shot.directions,
        inside=shot.inside,
        rays=shot.rays,
        outline=_outlines(dice, kind, shot.inside),
    )
    return Scene(lesson, Answer(shot.normals))


@torch.no_grad()
def exposed(dice: Dice, set_up: Stage) -> Exposed:
    """Light a batch of scenes and look at them with a perfect camera."""
    surface, normals, material, eye = (
        set_up.surface, set_up.normals, set_up.material, set_up.eye,
    )  # fmt: skip
    batch, size = len(normals), round(normals.shape[1] ** 0.5)
    directions = shading.light_directions(dice, batch)
    irradiance = shading.irradiances(surface, normals, directions, set_up.lit(directions))
    picture = shading.photograph(
        dice, surface, eye, normals, material, directions, irradiance, set_up.sky
    )
    lights = irradiance[..., None] * (material.albedo * surface.inside[..., None])[:, None]
    grid = (size, size)
    return Exposed(
        picture=picture.unflatten(1, grid),
        lights=lights.unflatten(2, grid),
        directions=directions,
        inside=surface.inside.unflatten(1, grid),
        rays=eye.rays.unflatten(1, grid),
        fov=torch.rad2deg(2 * torch.atan(eye.slope)),
        width=2 * eye.width,
        normals=normals.unflatten(1, grid),
    )


def _outlines(dice: Dice, kind: Kind, inside: Bool[Tensor, "b h w"]) -> Float[Tensor, "b h w 2"]:
    """Return the outlines of single things, most of the time."""
    given = dice.chance(OUTLINE_SHARE, len(inside)) & (kind in ("object", "organic"))
    whole = torch.ones_like(inside[0])
    pairs = zip(inside, given, strict=True)
    return torch.stack([outline_slopes(mask if wanted else whole) for mask, wanted in pairs])
