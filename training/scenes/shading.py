"""Light: its directions, single lights, and the picture with several of them at once."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize
from training.scenes.materials import Material, colours
from training.scenes.noise import fractal, pixel_grid
from training.scenes.random import Dice
from training.scenes.surface import Eye, Surface

LIGHTS = 8
ANYWHERE_SHARE = 0.1
"""Share of materials that may be lit from below or a side."""
OVERCAST_SHARE = 0.3
"""Share of materials with little or no direct light."""


def light_directions(dice: Dice, batch: int) -> Float[Tensor, "b k 3"]:
    """Spread lights around the camera, one in each sector of azimuth, 15–72° high."""
    azimuth = 2 * math.pi * (torch.arange(LIGHTS, device=dice.device) + dice.uniform(batch, LIGHTS))
    azimuth = azimuth / LIGHTS
    height = torch.deg2rad(dice.uniform(batch, LIGHTS, low=15.0, high=72.0))
    plane = height.cos()
    return torch.stack([plane * azimuth.cos(), plane * azimuth.sin(), -height.sin()], dim=-1)


def irradiances(
    surface: Surface,
    normals: Float[Tensor, "b p 3"],
    directions: Float[Tensor, "b k 3"],
    lit: Bool[Tensor, "b k p"],
) -> Float[Tensor, "b k p"]:
    """Return n·ℓ under every light of strength 1, where it arrives."""
    facing = (directions @ normals.mT).clamp_min(0)
    return facing * ((directions @ surface.normals.mT) > 0) * lit


def unlikeliness(
    dice: Dice, directions: Float[Tensor, "*b k 3"], relief: bool
) -> Float[Tensor, "*b k"]:
    """Return how unlikely each light is to be a picture's: what comes from above is likelier.

    Of reliefs nothing else tells raised from sunken, and lit from anywhere they teach to answer
    flat; so theirs is one of the nearest to above, whatever its height. Light from a side is turned
    above before it is looked at, where the artist knows (``backend.turning``).
    """
    chance = dice.normal(*directions.shape[:-1])
    if not relief:
        return 0.6 * directions[..., 1] + 0.5 * chance
    return F.normalize(directions[..., :2], dim=-1)[..., 1] + 0.2 * chance


def photograph(
    dice: Dice,
    surface: Surface,
    eye: Eye,
    normals: Float[Tensor, "b p 3"],
    material: Material,
    directions: Float[Tensor, "b k 3"],
    shading: Float[Tensor, "b k p"],
    sky: Float[Tensor, "b p"] | None,
) -> Float[Tensor, "b p 3"]:
    """Take the picture a user would give: some of the lights, sky, gloss, a ground.

    Materials, whose ``sky`` is known, are often seen under an overcast one.
    """
    batch, lights = directions.shape[:2]
    power, soft = _things_light(dice, directions) if sky is None else _wall_light(dice, directions)
    tint = 1 + 0.3 * dice.uniform(batch, lights, 3, low=-1.0)
    direct = torch.einsum("bk,bkc,bkp->bpc", power, tint, shading)
    up = normalize(dice.direction(batch, 1) + directions.new_tensor([0.0, -1.0, -0.3]))
    ambient = (0.6 + 0.4 * (normals * up).sum(-1, keepdim=True)) * soft
    if sky is not None:
        # what sees little of the sky sees its own kind instead, which is darker
        ambient = ambient * sky[..., None] ** dice.uniform(batch, 1, 1, low=0.8, high=1.4)
    half = normalize(directions[:, :, None] - eye.directions[:, None])
    highlight = (half * normals[:, None]).sum(-1).clamp_min(0) ** material.exponent[..., 0][:, None]
    shine = torch.einsum("bk,bkc,bkp->bpc", power, tint, highlight * (shading > 0))
    colour = material.albedo * (direct + ambient) + material.gloss * shine
    size = round(colour.shape[1] ** 0.5)
    colour = colour * _falloff(dice, batch, size)
    return torch.where(surface.inside[..., None], colour, _backdrop(dice, batch, size))


def _things_light(
    dice: Dice, directions: Float[Tensor, "b k 3"]
) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b 1 1"]]:
    """Return the strength of each light, one to three of them on, and of the sky."""
    batch, lights = directions.shape[:2]
    rank = unlikeliness(dice, directions, relief=False).argsort(dim=1).argsort(dim=1)
    power = dice.uniform(batch, lights, low=0.3, high=1.2)
    power = power * (rank < 1 + dice.integers(3, batch, 1))
    return power, dice.uniform(batch, 1, 1, high=0.7)


def _wall_light(
    dice: Dice, directions: Float[Tensor, "b k 3"]
) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b 1 1"]]:
    """Light materials from above, by an overcast sky, or from anywhere."""
    batch, lights = directions.shape[:2]
    anywhere, overcast = (
        dice.chance(ANYWHERE_SHARE, batch, 1),
        dice.chance(OVERCAST_SHARE, batch, 1),
    )
    above = unlikeliness(dice, directions, relief=True)
    rank = torch.where(anywhere, dice.uniform(batch, lights), above).argsort(dim=1).argsort(dim=1)
    power = dice.uniform(batch, lights, low=0.4, high=1.2)
    power = power * (rank < 1 + dice.integers(2, batch, 1))
    power = torch.where(overcast, 0.3 * dice.uniform(batch, 1).square() * power, power)
    soft = dice.uniform(batch, 1, low=0.05, high=0.6)
    soft = torch.where(overcast, dice.uniform(batch, 1, low=0.5, high=1.0), soft)
    return power, soft[..., None]


def _falloff(dice: Dice, batch: int, size: int) -> Float[Tensor, "b p 1"]:
    """Return how unevenly near lamps, and things outside the picture, light it; half the time."""
    plane = pixel_grid(size, dice.device).flatten(0, 1).expand(batch, -1, -1)
    lean = dice.uniform(batch, 1, 2, low=-0.8, high=0.8) * dice.uniform(batch, 1, 1)
    soft = (
        0.4 * dice.uniform(batch, 1, 1) * fractal(dice, batch, size, 2.0, 1).flatten(1)[..., None]
    )
    uneven = (lean * plane).sum(-1, keepdim=True) + soft
    return torch.where(dice.chance(0.5, batch, 1, 1), uneven.clamp(-2, 1).exp(), 1.0)


def _backdrop(dice: Dice, batch: int, size: int) -> Float[Tensor, "b p 3"]:
    """Return what is behind everything: black, one colour, or a soft run or clouds of two."""
    plane = pixel_grid(size, dice.device).flatten(0, 1).expand(batch, -1, -1)
    ends = colours(dice, batch, 2)[:, :, None]
    run = (dice.uniform(batch, 1, 2, low=-1.0) * plane).sum(-1, keepdim=True)
    clouds = fractal(dice, batch, size, 1.3, 1).flatten(1)[..., None]
    kind = dice.integers(4, batch, 1, 1)
    mix = torch.where(kind == 1, 0.0, torch.sigmoid(3 * torch.where(kind == 2, run, clouds)))
    colour = ends[:, 0] + mix * (ends[:, 1] - ends[:, 0])
    return torch.where(kind == 0, 0.0, colour)
