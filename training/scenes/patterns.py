"""Heights of shapes seen from the front that no texture makes: folds, ribs, creases, ornament.

Each takes coordinates in which its features are about one unit apart.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.noise import drawn, lottery, values, waves
from training.scenes.random import Dice

Grid = Float[Tensor, "b s s"]


@dataclass(frozen=True)
class Pattern:
    """A height, and a number 0..1 per boss or raised part to paint it by."""

    height: Float[Tensor, "b s s"]
    cells: Float[Tensor, "b s s"]


@dataclass(frozen=True)
class PatternKind:
    """How to make a pattern, and how steep it usually is."""

    make: Callable[[Dice, Grid, Grid], Pattern]
    tilt: float
    """Mean angle in degrees between its normals and the viewer."""


def cloth(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Soft folds that run mostly one way."""
    batch = len(u)
    bend = 0.5 * _waving(dice, u, v, 4.0, 1.0)
    run = _each(dice, batch, 0.1, 0.8)
    folds = _waving(dice, u / 2 + bend, v * run / 2, 3.0, 0.7)
    sharp = _each(dice, batch, 0.1, 0.8)
    return _bare(-(folds.square() + sharp.square()).sqrt() + 0.3 * bend)


def ripples(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Corrugation, ribs, sand ripples, egg boxes."""
    batch = len(u)
    bend = _each(dice, batch, -0.5, 1.0).clamp_min(0) * _waving(dice, u / 2, v / 2, 4.0, 1.0)
    along, across = torch.sin(math.pi * (u + bend)), torch.sin(math.pi * v)
    kind = dice.integers(3, batch, 1, 1)
    return _bare(torch.where(kind == 0, along, torch.where(kind == 1, along.abs(), along * across)))


def wrinkles(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Skin, leather, rock: furrows at several scales."""
    furrows = [_waving(dice, u, v, length, length / 3).abs() * length for length in (2.5, 1.2, 0.6)]
    sign = torch.where(_each(dice, len(u), 0.0, 1.0) < 0.6, 1.0, -1.0)
    return _bare(sign * torch.stack(furrows).sum(0))


def crumple(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Crumpled paper or foil: flat pieces between straight creases."""
    batch = len(u)
    height = torch.zeros_like(u)
    for _ in range(9):
        angle = math.pi * _each(dice, batch, 0.0, 2.0)
        at = u * angle.cos() + v * angle.sin() + _each(dice, batch, -4.0, 4.0)
        # a crease runs a while and ends: it bends one side of a band
        height = height + _each(dice, batch, -1.0, 1.0) * (at.abs() - (at - 1.5).clamp_min(0))
    return _bare(height + 0.15 * _waving(dice, u, v, 3.0, 0.8).abs())


def bosses(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Tread plates, embossed leather, rivets that are not round: raised shapes, seldom sunken."""
    batch = len(u)
    row = v.floor()
    u = u + torch.where(_each(dice, batch, 0.0, 1.0) < 0.5, 0.5, 0.0) * row
    column = u.floor()
    number, turn, kept = (drawn(lottery(dice, batch), column, row) for _ in range(3))
    # one way, crossing, or each as it likes
    way = dice.integers(3, batch, 1, 1)
    turn = torch.where(way == 0, 0.0, torch.where(way == 1, (column + row) % 2 / 2, turn))
    angle = math.pi * (turn + _each(dice, batch, 0.0, 1.0))
    across, down = u - column - 0.5, v - row - 0.5
    along = across * angle.cos() + down * angle.sin()
    shape = _boss(dice, along, down * angle.cos() - across * angle.sin())
    there = kept > _each(dice, batch, -1.0, 0.7)
    sign = torch.where(_each(dice, batch, 0.0, 1.0) < 0.8, 1.0, -1.0)
    return Pattern(sign * shape * there * (0.7 + 0.5 * number), (shape > 0) * there * number)


def _boss(dice: Dice, along: Grid, aside: Grid) -> Grid:
    """Raise a cone, a plateau or a dome over a superellipse that is longer than wide."""
    batch = len(along)
    long = _each(dice, batch, 0.25, 0.48)
    power = _each(dice, batch, 1.2, 5.0)
    wide = long * _each(dice, batch, 0.3, 0.75)
    far = (along.abs() / long + 1e-4) ** power + (aside.abs() / wide + 1e-4) ** power
    far = far ** (1 / power)
    cone = (1 - far).clamp_min(0)
    profile = dice.integers(3, batch, 1, 1)
    plateau = _rounded(cone / _each(dice, batch, 0.1, 0.6))
    dome = (1 - far.square()).clamp_min(0).sqrt()
    return torch.where(profile == 0, cone, torch.where(profile == 1, plateau, dome))


def carving(dice: Dice, u: Grid, v: Grid) -> Pattern:
    """Ornament with flat tops and grounds and bevelled outlines."""
    batch = len(u)
    shape = _waving(dice, u / 2, v / 2, 1.5, 0.6) - _each(dice, batch, -0.5, 0.5)
    raised = torch.sigmoid(shape / _each(dice, batch, 0.05, 0.3))
    return Pattern(raised, raised)


PATTERNS = (
    PatternKind(cloth, 15.0),
    PatternKind(ripples, 15.0),
    PatternKind(wrinkles, 13.0),
    PatternKind(crumple, 13.0),
    PatternKind(carving, 9.0),
    PatternKind(bosses, 9.0),
    PatternKind(bosses, 14.0),
)


def _each(dice: Dice, batch: int, low: float, high: float) -> Float[Tensor, "b 1 1"]:
    return dice.uniform(batch, 1, 1, low=low, high=high)


def _waving(dice: Dice, u: Grid, v: Grid, longest: float, shortest: float) -> Grid:
    points = torch.stack([u, v, torch.zeros_like(u)], dim=-1).flatten(1, 2)
    return values(waves(dice, len(u), longest, shortest), points).view(u.shape)


def _bare(height: Grid) -> Pattern:
    return Pattern(height, torch.full_like(height, 0.5))


def _rounded(ramp: Grid) -> Grid:
    """Rise from 0 to 1 and level off without a kink."""
    ramp = ramp.clamp(0, 1)
    return ramp * (2 - ramp)
