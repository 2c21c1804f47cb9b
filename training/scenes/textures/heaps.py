"""Loose things that overlap: pebbles, gravel, leaves, grass, chips."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import axes, between, noise, often, ratio, whole

HIDDEN = -9.0
"""How deep what is not there lies."""


@dataclass(frozen=True)
class Pieces:
    """What lies in one layer; lengths in distances between neighbors."""

    across: int
    radius: float
    slender: float
    """Width by length."""
    tall: float
    """Height of a piece over its ground by its radius."""
    facets: int
    """Flat sides; 0 is round."""
    tilt: float
    """How steeply pieces lean."""
    there: float
    """Share of the places that are taken."""


@dataclass(frozen=True)
class Layer:
    """Heights of a layer, in widths of the picture, and a number for each piece."""

    height: Float[Tensor, "s s"]
    number: Float[Tensor, "s s"]
    inward: Float[Tensor, "s s"]
    """1 in the middle of a piece, 0 at its outline."""


def pebbles(dice: Dice, size: int) -> Texture:
    """Round pebbles, washed concrete: in sand or over each other."""
    across, radius = whole(dice, 5, 40), between(dice, 0.55, 0.85)
    slender, tall = between(dice, 0.6, 0.95), between(dice, 0.45, 0.9)
    return _heap(dice, size, Pieces(across, radius, slender, tall, 0, 0.15, _there(dice)), "stone")


def gravel(dice: Dice, size: int) -> Texture:
    """Crushed stone, ballast, scree: flat sides and sharp edges."""
    across, radius, tilt = whole(dice, 5, 45), between(dice, 0.55, 0.85), between(dice, 0.1, 0.4)
    slender, tall = between(dice, 0.6, 1.0), between(dice, 0.5, 0.9)
    return _heap(dice, size, Pieces(across, radius, slender, tall, 6, tilt, _there(dice)), "stone")


def litter(dice: Dice, size: int) -> Texture:
    """Leaves, wood chips, grass: thin things that lean on each other."""
    across, radius, tilt = whole(dice, 6, 26), between(dice, 0.55, 0.85), between(dice, 0.2, 0.6)
    slender, tall = ratio(dice, 0.12, 0.8), between(dice, 0.04, 0.12)
    family = ("leaf", "leaf", "wood", "bark")[int(dice.integers(4, 1))]
    pieces = Pieces(across, radius, slender, tall, 0, tilt, _there(dice))
    return _heap(dice, size, pieces, family, layers=4)


def _there(dice: Dice) -> float:
    return between(dice, 0.5, 1.0) if often(dice, 0.5) else 1.0


def _heap(dice: Dice, size: int, pieces: Pieces, family: str, layers: int = 2) -> Texture:
    """Throw layers of pieces on a ground, smaller ones among them."""
    across, tall = pieces.across, pieces.tall
    bed = ("dirt", "sand", "mortar", "soil")[int(dice.integers(4, 1))]
    height = ratio(dice, 0.02, 0.1) / across * noise(dice, size, 2 / across, smooth=0.7)
    height = height + between(dice, -0.1, 0.5) * tall / across * 0.6
    grain = torch.exp(0.2 * noise(dice, size, 0.03, smooth=-0.2))[..., None]
    albedo = color(dice, bed) * grain
    base = color(dice, family)
    lift = 0.25 * tall if layers == 2 else 0.1 * pieces.tilt
    for index in range(layers):
        fine = index == 0 and layers == 2 and often(dice, 0.6)
        count = round(across / ratio(dice, 0.3, 0.8)) if fine else across
        layer = thrown(dice, size, replace(pieces, across=count))
        rough = ratio(dice, 0.005, 0.03) * pieces.radius / count
        level = layer.height + lift * index / across
        level = level + rough * noise(dice, size, 0.5 / across, smooth=0.8)
        over = level > height
        height = torch.where(over, level, height)
        paint = _piece_paint(dice, layer, base, family, across)
        albedo = torch.where(over[..., None], paint, albedo)
    return Texture(height, albedo, 0.3 * between(dice, 0.0, 1.0) ** 4, 25.0)


def _piece_paint(
    dice: Dice, layer: Layer, base: Float[Tensor, "3"], family: str, across: int
) -> Float[Tensor, "s s 3"]:
    """Color every piece, some with veins."""
    size = layer.height.shape[-1]
    paint = varied(dice, base, layer.number, family)
    paint = paint * torch.exp(0.15 * noise(dice, size, 0.3 / across, smooth=0.0))[..., None]
    if often(dice, 0.3):
        veins = torch.sigmoid(6 * (noise(dice, size, 0.6 / across).abs() - 1.6))
        paint = mixed(paint, color(dice, family), 0.7 * veins)
    return paint


def thrown(dice: Dice, size: int, pieces: Pieces) -> Layer:
    """Put a piece near every point of a lattice; the highest is seen."""
    n = pieces.across
    places = [0.5 + 0.9 * dice.uniform(n, n, low=-0.5, high=0.5) for _ in "uv"]
    angle = math.pi * dice.uniform(n, n)
    long = pieces.radius * torch.exp(0.2 * dice.normal(n, n)).clamp(0.6, 1.25)
    narrow = pieces.slender * torch.exp(0.15 * dice.normal(n, n)).clamp(0.7, 1.3)
    rise = pieces.tall * dice.uniform(n, n, low=-0.2, high=0.5)
    rise = torch.where(dice.uniform(n, n) < pieces.there, rise, HIDDEN)
    lean = pieces.tilt * dice.normal(2, n, n).clamp(-1.5, 1.5)
    power = dice.uniform(n, n, low=1.8, high=3.5)
    sides = (dice.uniform(6, n, n), dice.uniform(6, n, n, low=0.35, high=0.8))
    numbers = dice.uniform(n, n)
    u, v = axes(dice, size)
    column, row = (u * n).floor().long().expand(size, -1), (v * n).floor().long().expand(-1, size)
    best = Layer(
        *(torch.full((size, size), value, device=dice.device) for value in (HIDDEN, 0.0, 0.0))
    )
    for step_v in (-1, 0, 1):
        for step_u in (-1, 0, 1):
            r, c = row + step_v, column + step_u
            at = (r % n, c % n)
            x, y = u * n - c - places[0][at], v * n - r - places[1][at]
            cos, sin = angle.cos()[at], angle.sin()[at]
            radius, width = long[at], narrow[at]
            along, aside = (x * cos + y * sin) / radius, (y * cos - x * sin) / radius
            far = (along.abs() ** power[at] + (aside.abs() / width) ** power[at] + 1e-9) ** (
                1 / power[at]
            )
            top = pieces.tall * radius * (1 - far.square()).clamp_min(0).sqrt()
            if pieces.facets:
                top = _cut(
                    top, along, aside / width, [s[:, at[0], at[1]] for s in sides], radius, pieces
                )
            level = rise[at] + top + radius * (lean[0][at] * along + lean[1][at] * aside)
            level = torch.where(far < 1, level, HIDDEN)
            over = level > best.height
            best = Layer(
                torch.where(over, level, best.height),
                torch.where(over, numbers[at], best.number),
                torch.where(over, 1 - far, best.inward),
            )
    return Layer(best.height / n, best.number, best.inward)


def _cut(
    top: Tensor, along: Tensor, aside: Tensor, sides: list[Tensor], radius: Tensor, pieces: Pieces
) -> Tensor:
    """Cut flat sides off."""
    for index in range(pieces.facets):
        turn = 2 * math.pi * (index + sides[0][index]) / pieces.facets
        out = along * turn.cos() + aside * turn.sin()
        steep = 0.4 + 1.6 * (sides[1][index] * 7.7 % 1)
        plane = pieces.tall * radius * (sides[1][index] + 0.1 + steep * (sides[1][index] - out))
        top = torch.minimum(top, plane)
    return top
