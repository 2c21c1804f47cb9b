"""What is printed on flat things: pages, posters, packaging; edges without any shape."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from training.scenes.materials import colours
from training.scenes.noise import drawn, fractal, lottery, pixel_grid
from training.scenes.random import Dice

LAYERS = 9
GLYPH = 5
"""Cells a letter is high."""


def poster(dice: Dice, batch: int, size: int) -> Float[Tensor, "b p 3"]:
    """Print boxes, discs, stripes, pictures and lines of text over each other."""
    plane = pixel_grid(size, dice.device).flatten(0, 1).expand(batch, -1, -1)
    turned = _turned(plane, _slant(dice, batch))
    photo = _photo(dice, batch, size)
    page = _ramp(dice, turned)
    # paper is mostly light, ink on it dark
    page = torch.where(dice.chance(0.4, batch, 1, 1), 0.7 + 0.25 * page, page)
    albedo = torch.where(dice.chance(0.25, batch, 1, 1), photo, page)
    for layer in range(LAYERS):
        centre = dice.uniform(batch, 1, 2, low=-1.0)
        # later layers are smaller, or nothing of the first would be left
        half = dice.uniform(batch, 1, 2, low=0.1, high=1.0) * 0.85**layer
        local = turned - centre
        kind = dice.integers(7, batch, 1, 1)
        box = (local.abs() < half).all(-1, keepdim=True)
        disc = (local / half).norm(dim=-1, keepdim=True) < 1
        shape = torch.where(kind == 0, disc, box) & _inked(dice, kind, local, half)
        fill = torch.where((kind == 1) | (kind == 6), photo, _ramp(dice, local))
        dark = ((kind == 3) | (kind == 4)) & dice.chance(0.6, batch, 1, 1)
        fill = torch.where(dark, 0.15 * fill, fill)
        there = dice.chance(0.75, batch, 1, 1)
        albedo = torch.where(there & shape, fill, albedo)
    return albedo


def _inked(
    dice: Dice, kind: Tensor, local: Float[Tensor, "b p 2"], half: Float[Tensor, "b 1 2"]
) -> Bool[Tensor, "b p 1"]:
    """Leave the ground between letters and stripes, and inside frames."""
    batch = len(local)
    pitch = dice.uniform(batch, 1, 1, low=math.log(0.06), high=math.log(0.4)).exp()
    text = _text(dice, (local + half) / pitch, 2 * half[..., 0] / pitch[..., 0])
    stripes = torch.sin(math.tau / pitch * local[..., :1]) > dice.uniform(
        batch, 1, 1, low=-0.8, high=0.8
    )
    frame = ((local.abs() - half) > -0.15 * half).any(-1, keepdim=True)
    ink = torch.where((kind == 3) | (kind == 4), text, torch.ones_like(stripes))
    return torch.where(kind == 2, stripes, torch.where(kind == 5, frame, ink))


def _text(
    dice: Dice, at: Float[Tensor, "b p 2"], width: Float[Tensor, "b 1"]
) -> Bool[Tensor, "b p 1"]:
    """Set lines of unreadable letters; ``at`` counts lines downward and as much across."""
    batch = len(at)
    line = at[..., 1].floor()
    down = ((at[..., 1] - line) * 1.5).clamp_max(1)
    across = at[..., 0] * GLYPH * 1.5
    column, row = across.floor(), (down * GLYPH).floor()
    letter = (column / 4).floor()
    inked = drawn(lottery(dice, batch), column, line * GLYPH + row) > 0.45
    spaced = (column % 4 < 3) & (row < GLYPH)
    word = drawn(lottery(dice, batch), letter, line) > 0.15
    length = drawn(lottery(dice, batch), torch.zeros_like(line), line)
    ended = at[..., 0] > width * (0.5 + length).clamp_max(1)
    return (inked & spaced & word & ~ended)[..., None]


def _photo(dice: Dice, batch: int, size: int) -> Float[Tensor, "b p 3"]:
    """Return coloured clouds, with the hard regions photographs have."""
    clouds = torch.stack([fractal(dice, batch, size, 1.1, 1) for _ in range(3)], -1).flatten(1, 2)
    common = clouds[..., :1]
    colour = dice.uniform(batch, 1, 1) * clouds + common
    regions = torch.where(
        dice.chance(0.5, batch, 1, 1), (6 * (clouds[..., 1:2] - 0.3)).tanh(), common
    )
    return torch.sigmoid(1.5 * colour + dice.normal(batch, 1, 3) * (0.4 + regions))


def _ramp(dice: Dice, at: Float[Tensor, "b p 2"]) -> Float[Tensor, "b p 3"]:
    """Return one colour, or a run from one to another."""
    batch = len(at)
    ends = colours(dice, batch, 2)
    angle = 2 * math.pi * dice.uniform(batch, 1)
    along = at[..., 0] * angle.cos() + at[..., 1] * angle.sin()
    mix = torch.where(dice.chance(0.6, batch, 1, 1), 0.0, torch.sigmoid(2 * along)[..., None])
    return ends[:, :1] + mix * (ends[:, 1:] - ends[:, :1])


def _slant(dice: Dice, batch: int) -> Float[Tensor, "b 1"]:
    return dice.uniform(batch, 1, low=-math.pi, high=math.pi) * dice.uniform(batch, 1).pow(4)


def _turned(plane: Float[Tensor, "b p 2"], angle: Float[Tensor, "b 1"]) -> Float[Tensor, "b p 2"]:
    u, v = plane.unbind(-1)
    turned = [u * angle.cos() - v * angle.sin(), u * angle.sin() + v * angle.cos()]
    return torch.stack(turned, dim=-1)
