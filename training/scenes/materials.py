"""What surfaces are made of: paint that does not follow the shape, gloss, and fine bumps."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from backend.geometry import normalize
from training.scenes.noise import fractal, steepness, values, values_and_slopes, waves
from training.scenes.random import Dice
from training.scenes.surface import Eye, Surface

THINGS = 24
"""More than any world has."""


@dataclass(frozen=True)
class Material:
    """How the surface answers light, per pixel."""

    albedo: Float[Tensor, "b p 3"]
    gloss: Float[Tensor, "b p 1"]
    exponent: Float[Tensor, "b p 1"]


@dataclass(frozen=True)
class Bumped:
    """A roughened surface: normals, and how far points stand out along the smooth normals."""

    normals: Float[Tensor, "b p 3"]
    heights: Float[Tensor, "b p 1"]


def bumped(
    dice: Dice, surface: Surface, eye: Eye, longest: float, steepest: float, share: float
) -> Bumped:
    """Roughen a ``share`` of things by solid noise, some of it creased.

    Normals that would turn away from the camera stay.
    """
    batch = len(surface.points)
    field = waves(dice, batch, longest, longest / 12)
    height, slope = values_and_slopes(field, surface.points)
    creased = (dice.uniform(batch, 1) < 0.4).expand_as(height)
    # folding at a random level makes ridges here, furrows there
    level = dice.uniform(batch, 1, low=-0.5, high=0.5)
    side = torch.where(creased, (height - level).sign() * dice.uniform(batch, 1).sub(0.3).sign(), 1)
    slope = slope * side[..., None] / steepness(field)[:, None, None]
    height = (height - level) * side / steepness(field)[:, None]
    rough = dice.uniform(batch, THINGS) < share
    amount = steepest * dice.uniform(batch, THINGS).square() * rough
    amount = amount.gather(1, surface.thing)[..., None]
    along = (slope * surface.normals).sum(-1, keepdim=True) * surface.normals
    normals = normalize(surface.normals - amount * (slope - along))
    away = (normals * eye.directions).sum(-1, keepdim=True) > -0.05
    normals = torch.where(away, surface.normals, normals)
    return Bumped(normals, torch.where(away, 0.0, amount * height[..., None]))


def painted(dice: Dice, surface: Surface, size: int) -> Material:
    """Give each thing two colours, a pattern that sticks to it, and a gloss."""
    batch = len(surface.points)
    grain = fractal(dice, batch, size, 0.8).flatten(1)[..., None]
    first, second = (_of_thing(colours(dice, batch, THINGS), surface) for _ in range(2))
    mix = _pattern(dice, surface)
    albedo = (first * mix + second * (1 - mix)) * (1 + 0.1 * grain).clamp(0.5, 1.5)
    return glazed(dice, albedo, surface)


def glazed(dice: Dice, albedo: Float[Tensor, "b p 3"], surface: Surface) -> Material:
    """Give each thing a gloss, mostly little."""
    batch = len(albedo)
    strength = 0.5 * dice.uniform(batch, THINGS, 1).pow(3)
    exponent = 4 * (dice.uniform(batch, THINGS, 1) * 3).exp()
    return Material(
        albedo.clamp(0.03, 0.95), _of_thing(strength, surface), _of_thing(exponent, surface)
    )


def colours(dice: Dice, batch: int, count: int) -> Float[Tensor, "b n 3"]:
    """Draw colours, grays among them; dark ones are as common as light ones."""
    gray = dice.uniform(batch, count, 1, low=0.05, high=0.9)
    tint = dice.uniform(batch, count, 3, low=0.05, high=0.9)
    share = dice.uniform(batch, count, 1)
    return gray * share + tint * (1 - share)


def _pattern(dice: Dice, surface: Surface) -> Float[Tensor, "b p 1"]:
    """Mix two colours by stripes, checks, clouds, veins or spots; each thing has its own."""
    batch = len(surface.points)
    clouds = values(waves(dice, batch, 1.5, 0.1), surface.points)[..., None]
    frequency = (dice.uniform(batch, THINGS, 1) * 2.5).exp()
    local = surface.local * _of_thing(frequency, surface) * 2
    wavy = torch.sin(local[..., :1] + torch.sin(local[..., 1:2]))
    checks = torch.sin(local + 0.7).prod(-1, keepdim=True).sign()
    veins = torch.sin(local[..., :1] + 3 * clouds)
    rings = torch.sin(2 * local[..., :2].norm(dim=-1, keepdim=True) + clouds)
    spots = (8 * (clouds - 0.7)).tanh()
    plain = torch.zeros_like(wavy)
    patterns = [plain, plain, wavy.sign(), wavy, checks, clouds, veins, rings, spots, clouds.sign()]
    kind = _of_thing(dice.integers(len(patterns), batch, THINGS, 1), surface)
    mix = torch.cat(patterns, dim=-1).gather(2, kind) * 0.5 + 0.5
    return mix.clamp(0, 1)


def _of_thing(values_of_things: Tensor, surface: Surface) -> Tensor:
    width = values_of_things.shape[-1]
    return values_of_things.gather(1, surface.thing[..., None].expand(-1, -1, width))
