"""Light: its directions, single lights, and the picture with several of them at once."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize
from backend.image import luminance
from training.scenes.materials import Material, colours
from training.scenes.noise import fractal, pixel_grid
from training.scenes.random import Dice
from training.scenes.surface import Eye, Surface

LIGHTS = 8


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


def single_lights(
    material: Material, shading: Float[Tensor, "b k p"], inside: Bool[Tensor, "b p"]
) -> Float[Tensor, "b k p"]:
    """Return the luminance under each light alone, direct and matte."""
    return shading * luminance(material.albedo)[:, None] * inside[:, None]


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
    relief: bool,
) -> Float[Tensor, "b p 3"]:
    """Take the picture a user would give: one to three of the lights, sky, gloss, a ground."""
    batch, lights = directions.shape[:2]
    unlikely = unlikeliness(dice, directions, relief)
    chosen = unlikely.argsort(dim=1).argsort(dim=1) < 1 + dice.integers(3, batch, 1)
    power = chosen * dice.uniform(batch, lights, low=0.3, high=1.2)
    tint = 1 + 0.3 * dice.uniform(batch, lights, 3, low=-1.0)
    direct = torch.einsum("bk,bkc,bkp->bpc", power, tint, shading)
    up = normalize(dice.direction(batch, 1) + directions.new_tensor([0.0, -1.0, -0.3]))
    sky = (0.6 + 0.4 * (normals * up).sum(-1, keepdim=True)) * dice.uniform(batch, 1, 1, high=0.7)
    half = normalize(directions[:, :, None] - eye.directions[:, None])
    highlight = (half * normals[:, None]).sum(-1).clamp_min(0) ** material.exponent[..., 0][:, None]
    shine = torch.einsum("bk,bkc,bkp->bpc", power, tint, highlight * (shading > 0))
    colour = material.albedo * (direct + sky) + material.gloss * shine
    size = round(colour.shape[1] ** 0.5)
    colour = colour * _falloff(dice, batch, size)
    return torch.where(surface.inside[..., None], colour, _backdrop(dice, batch, size))


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
