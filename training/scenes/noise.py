"""Random fields: plane waves over space with exact slopes, and noise on the pixel grid."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice

COUNT = 32
SWELLS = 6
TABLE = 64
"""Cells along each side of a lottery before it repeats."""


@dataclass(frozen=True)
class Waves:
    """A smooth field with mean 0 and spread 1: a sum of plane waves, so its slope is exact.

    Long swells shift the phases, or one would see the regular crossing of the strongest waves.
    """

    vectors: Float[Tensor, "b m 3"]
    """Wave vectors, 2π over the wavelength long."""
    phases: Float[Tensor, "b m"]
    heights: Float[Tensor, "b m"]
    bends: Float[Tensor, "b m"]
    """How far swells shift each phase."""
    swells: Float[Tensor, "b s 3"]


def waves(
    dice: Dice, batch: int, longest: float, shortest: float, roughness: float | None = None
) -> Waves:
    """Draw waves of all lengths in a range; short ones are lower, the more so the smoother.

    Roughness is random without one given; higher is smoother.
    """
    share = (torch.arange(COUNT, device=dice.device) + dice.uniform(batch, COUNT)) / COUNT
    lengths = longest * (shortest / longest) ** share
    falling = dice.uniform(batch, 1, low=0.6, high=1.6) if roughness is None else roughness
    heights = lengths**falling
    heights = heights * (2 / heights.square().sum(-1, keepdim=True)).sqrt()
    swells = longest * dice.uniform(batch, SWELLS, 1, low=0.6, high=1.8)
    return Waves(
        vectors=dice.direction(batch, COUNT) * (2 * math.pi / lengths)[..., None],
        phases=2 * math.pi * dice.uniform(batch, COUNT),
        heights=heights,
        bends=1.5 * dice.normal(batch, COUNT),
        swells=dice.direction(batch, SWELLS) * 2 * math.pi / swells,
    )


def values(field: Waves, points: Float[Tensor, "b p 3"]) -> Float[Tensor, "b p"]:
    """Return the field at points."""
    swing = torch.sin(_angles(field, points))
    return (swing @ field.heights[..., None])[..., 0]


def values_and_slopes(
    field: Waves, points: Float[Tensor, "b p 3"]
) -> tuple[Float[Tensor, "b p"], Float[Tensor, "b p 3"]]:
    """Return the field and its gradient at points."""
    angles = _angles(field, points)
    value = (torch.sin(angles) @ field.heights[..., None])[..., 0]
    rise = torch.cos(angles)
    swell_slope = torch.cos(points @ field.swells.mT) @ field.swells
    bent = rise @ (field.heights * field.bends)[..., None]
    return value, rise @ (field.heights[..., None] * field.vectors) + bent * swell_slope


def _angles(field: Waves, points: Float[Tensor, "b p 3"]) -> Float[Tensor, "b p m"]:
    swell = torch.sin(points @ field.swells.mT).sum(-1, keepdim=True)
    return points @ field.vectors.mT + swell * field.bends[:, None] + field.phases[:, None]


def steepness(field: Waves) -> Float[Tensor, " b"]:
    """Return the root mean square of the gradient's length."""
    lengths = field.vectors.square().sum(-1)
    return (field.heights.square() * lengths / 2).sum(-1).sqrt()


def lottery(dice: Dice, batch: int) -> Float[Tensor, "b c"]:
    """Draw a number in 0..1 for each cell of a lattice."""
    return dice.uniform(batch, TABLE * TABLE)


def drawn(
    tickets: Float[Tensor, "b c"], columns: Float[Tensor, "*cells"], rows: Float[Tensor, "*cells"]
) -> Float[Tensor, "*cells"]:
    """Return the numbers of cells, given by whole columns and rows."""
    cell = (columns.long() % TABLE) * TABLE + rows.long() % TABLE
    return tickets.gather(1, cell.flatten(1)).view(cell.shape)


def fractal(
    dice: Dice, batch: int, size: int, roughness: float, coarsest: int = 2
) -> Float[Tensor, "b s s"]:
    """Return noise with mean 0 and spread 1, from 2^coarsest cells across to pixels.

    Higher roughness is smoother.
    """
    total = torch.zeros(batch, size, size, device=dice.device)
    for octave in range(coarsest, max(coarsest + 1, int(math.log2(size)))):
        cells = 2**octave
        coarse = dice.normal(batch, 1, cells + 1, cells + 1)
        fine = F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)
        total = total + fine[:, 0] * cells**-roughness
    return (total - total.mean((1, 2), keepdim=True)) / total.std((1, 2), keepdim=True)


def pixel_grid(size: int, device: torch.device) -> Float[Tensor, "s s 2"]:
    """Return (u, v) of pixel centres, −1..1 from the left and from the top."""
    steps = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([u, v], dim=-1)
