"""How much of the sky each point of a height field sees (ambient occlusion).

In sixteen directions the horizon is the steepest rise to any point farther on: near points are
looked at pixel by pixel, far ones on ever coarser grids. What lies between the horizon and the
surface's own plane is hidden; the rest is weighted by the cosine to the normal and integrated in
closed form (horizon-based, after Jiménez et al. 2016).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.resample import resize

GRID = 2048
"""Longest side that is looked at pixel by pixel; larger fields are halved and interpolated."""
COARSEST = 24
"""Longest side of the coarsest grid."""
THINNEST = 4
"""A field narrower than this is not halved."""
QUADRANT = ((0, 1), (1, 2), (1, 1), (2, 1))
"""Pixels down and right of four directions; the others are these turned by quarter turns."""
STEPS = (1, 2, 3, 4)
"""Multiples of a direction at which each grid is looked at; the next grid goes on from there."""
REACH = 8
FLOOR = -10.0
"""Slope of the horizon where nothing is."""
LEAST = 1e-3
"""Rise over the surface's own plane that hides nothing, so that rounding does not."""


@dataclass(frozen=True)
class _Level:
    """A grid of heights, in its own pixels."""

    height: Float[Tensor, "h w"]
    inside: Bool[Tensor, "h w"]

    @property
    def longest(self) -> int:
        """The longest side in pixels."""
        return max(self.height.shape)


def occlusion(
    height: Float[Tensor, "h w"],
    inside: Bool[Tensor, "h w"],
    between: Callable[[], None] = lambda: None,
) -> Float[Tensor, "h w"]:
    """Return the visible share of the sky, 1 where all of it is open and outside the mask.

    ``height`` is in pixels toward the viewer; ``between`` is called before every direction.
    """
    halved = _pyramid(_Level(height, inside))
    levels = [level for level in halved if level.longest <= GRID] or halved[-1:]
    finest = levels[0]
    right, down = (_gradient(finest, axis) for axis in (1, 0))
    around = [_framed(level) for level in levels]
    seen, every = torch.zeros_like(right), torch.zeros_like(right)
    for v, u in _directions():
        between()
        slope = (u * right + v * down) / math.hypot(u, v)
        horizon = torch.maximum(_horizon(levels, around, v, u) - LEAST, slope)
        seen += _visible(horizon, slope)
        every += _visible(slope, slope)
    share = torch.where(finest.inside, (seen / every).clamp(0.0, 1.0), 1.0)
    return torch.where(inside, resize(share, *inside.shape), 1.0)


def _directions() -> list[tuple[int, int]]:
    directions = list(QUADRANT)
    for _ in range(3):
        directions += [(u, -v) for v, u in directions[-len(QUADRANT) :]]
    return directions


def _pyramid(level: _Level) -> list[_Level]:
    """Halve a field until it is small; a pixel counts when most of it is inside."""
    levels = [level]
    while level.longest > COARSEST and min(level.height.shape) >= THINNEST:
        size = [-(-side // 2) for side in level.height.shape]
        weight = resize(level.inside.float(), *size)
        summed = resize(torch.where(level.inside, level.height, 0.0), *size)
        level = _Level(summed / weight.clamp_min(1e-6) / 2, weight > 0.5)
        levels.append(level)
    return levels


def _framed(level: _Level) -> Float[Tensor, "hh ww"]:
    """Surround a field with nothing (−∞), which is also what lies outside its mask."""
    ground = torch.where(level.inside, level.height, -math.inf)
    return F.pad(ground, (REACH,) * 4, value=-math.inf)


def _horizon(levels: list[_Level], around: list[Tensor], v: int, u: int) -> Float[Tensor, "h w"]:
    """Return the slope of the horizon in one direction, from the far to the near."""
    horizon: Tensor | None = None
    for level, field in zip(reversed(levels), reversed(around), strict=True):
        height, width = level.height.shape
        far = torch.full_like(level.height, FLOOR) if horizon is None else _grown(horizon, level)
        for step in STEPS:
            top, left = REACH + step * v, REACH + step * u
            rise = field[top : top + height, left : left + width] - level.height
            far = torch.maximum(far, rise / (step * math.hypot(u, v)))
        horizon = far
    assert horizon is not None
    return horizon


def _grown(values: Float[Tensor, "h w"], level: _Level) -> Float[Tensor, "hh ww"]:
    size = tuple(level.height.shape)
    return F.interpolate(values[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def _gradient(level: _Level, axis: int) -> Float[Tensor, "h w"]:
    """Return the mean of the slopes to both neighbours along an axis that are inside."""
    length = level.height.shape[axis]
    both = level.inside.narrow(axis, 0, length - 1) & level.inside.narrow(axis, 1, length - 1)
    step = torch.where(both, level.height.diff(dim=axis), 0.0)
    before, after = ((1, 0), (0, 1)) if axis == 1 else ((0, 0, 1, 0), (0, 0, 0, 1))
    slopes = F.pad(step, before) + F.pad(step, after)
    counted = F.pad(both.float(), before) + F.pad(both.float(), after)
    return slopes / counted.clamp_min(1.0)


def _visible(horizon: Float[Tensor, "h w"], slope: Float[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    """Return the sky above a horizon in one direction, times a factor common to all directions.

    The integral of the cosine to the normal over the angles of a half slice whose surface rises
    with ``slope``; slope and horizon as tangents.
    """
    square = horizon * horizon
    turned = (1 - square + 2 * slope * horizon) / (1 + square)
    return (1 + turned - slope * (math.pi - 2 * torch.atan(horizon))) / 4
