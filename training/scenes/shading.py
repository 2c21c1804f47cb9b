"""Paint and light: albedo that does not follow the shape, single lights, the picture itself."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize
from backend.image import luminance
from training.scenes.random import Dice
from training.scenes.solids import World, is_lit
from training.scenes.surface import Eye, Surface, fractal

LIGHTS = 8
THINGS = 16
"""More than any world has."""


@dataclass(frozen=True)
class Material:
    """How the surface answers light, per pixel."""

    albedo: Float[Tensor, "b p 3"]
    gloss: Float[Tensor, "b p 1"]
    exponent: Float[Tensor, "b p 1"]


def bumped(dice: Dice, surface: Surface, eye: Eye, size: int) -> Float[Tensor, "b p 3"]:
    """Roughen the normals of some things; those that would turn away stay."""
    batch = len(surface.points)
    waves = torch.stack(
        [fractal(dice, batch, size, 0.6, coarsest=4).flatten(1) for _ in range(3)], dim=-1
    )
    amount = 0.35 * dice.uniform(batch, THINGS).pow(3).gather(1, surface.thing)[..., None]
    rough = normalize(surface.normals + amount * waves)
    away = (rough * eye.directions).sum(-1, keepdim=True) > -0.05
    return torch.where(away, surface.normals, rough)


def paint(dice: Dice, surface: Surface, size: int) -> Material:
    """Give each thing two colours, a pattern that sticks to it, and a gloss."""
    batch = len(surface.points)
    clouds = fractal(dice, batch, size, 1.0).flatten(1)[..., None]
    frequency = (dice.uniform(batch, THINGS) * 2.5).exp().gather(1, surface.thing)[..., None]
    local = surface.local * frequency * 2
    stripes = torch.sin(local[..., :1] + torch.sin(local[..., 1:2]))
    checks = torch.sin(local).prod(-1, keepdim=True).sign()
    patterns = torch.cat([torch.zeros_like(stripes), stripes.sign(), stripes, checks, clouds], -1)
    kind = dice.integers(patterns.shape[-1], batch, THINGS).gather(1, surface.thing)
    mix = (patterns.gather(2, kind[..., None]) * 0.5 + 0.5).clamp(0, 1)
    first, second = (_colour(dice, batch, surface) for _ in range(2))
    albedo = (first * mix + second * (1 - mix)) * (1 + 0.1 * clouds).clamp(0.5, 1.5)
    strength = 0.5 * dice.uniform(batch, THINGS).pow(3)
    exponent = 4 * (dice.uniform(batch, THINGS) * 3).exp()
    return Material(
        albedo.clamp(0.03, 0.95),
        strength.gather(1, surface.thing)[..., None],
        exponent.gather(1, surface.thing)[..., None],
    )


def _colour(dice: Dice, batch: int, surface: Surface) -> Float[Tensor, "b p 3"]:
    gray = dice.uniform(batch, THINGS, 1, low=0.1, high=0.9)
    tint = dice.uniform(batch, THINGS, 3, low=0.1, high=0.9)
    share = dice.uniform(batch, THINGS, 1)
    colours = gray * share + tint * (1 - share)
    return colours.gather(1, surface.thing[..., None].expand(-1, -1, 3))


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
    world: World | None,
) -> Float[Tensor, "b k p"]:
    """Return n·ℓ with cast shadows under every light of strength 1."""
    facing = (directions @ normals.mT).clamp_min(0)
    facing = facing * ((directions @ surface.normals.mT) > 0)
    if world is None:
        return facing
    lifted = surface.points + 2e-3 * surface.normals
    lit = [is_lit(world, lifted, directions[:, k]) for k in range(directions.shape[1])]
    return facing * torch.stack(lit, dim=1)


def single_lights(
    material: Material, shading: Float[Tensor, "b k p"], inside: Bool[Tensor, "b p"]
) -> Float[Tensor, "b k p"]:
    """Return the luminance under each light alone, direct and matte."""
    return shading * luminance(material.albedo)[:, None] * inside[:, None]


def photograph(
    dice: Dice,
    surface: Surface,
    eye: Eye,
    normals: Float[Tensor, "b p 3"],
    material: Material,
    directions: Float[Tensor, "b k 3"],
    shading: Float[Tensor, "b k p"],
) -> Float[Tensor, "b p 3"]:
    """Take the picture a user would give: one to three of the lights, sky, gloss, a ground."""
    batch, lights = directions.shape[:2]
    chosen = dice.uniform(batch, lights).argsort(dim=1) < 1 + dice.integers(3, batch, 1)
    power = chosen * dice.uniform(batch, lights, low=0.3, high=1.2)
    tint = 1 + 0.3 * dice.uniform(batch, lights, 3, low=-1.0)
    direct = torch.einsum("bk,bkc,bkp->bpc", power, tint, shading)
    up = dice.direction(batch, 1)
    sky = (0.6 + 0.4 * (normals * up).sum(-1, keepdim=True)) * dice.uniform(batch, 1, 1, high=0.7)
    half = normalize(directions[:, :, None] - eye.directions[:, None])
    highlight = (half * normals[:, None]).sum(-1).clamp_min(0) ** material.exponent[..., 0][:, None]
    shine = torch.einsum("bk,bkc,bkp->bpc", power, tint, highlight * (shading > 0))
    colour = material.albedo * (direct + sky) + material.gloss * shine
    ground = dice.uniform(batch, 1, 3) * (dice.uniform(batch, 1, 1) < 0.6)
    return torch.where(surface.inside[..., None], colour, ground)
