"""Materials seen from the front: lay a pattern out, roughen it, paint it, light it."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from backend.geometry import normalize
from training.scenes.materials import Material, colours, glazed, painted
from training.scenes.noise import fractal, pixel_grid
from training.scenes.patterns import PATTERNS, Pattern
from training.scenes.random import Dice
from training.scenes.surface import Eye, Surface, eye_at, facing_camera

STEEPEST = 2.5
"""Slope that the steepest fiftieth of a relief may have at most."""


@dataclass(frozen=True)
class Relief:
    """A material as the camera sees it."""

    surface: Surface
    eye: Eye
    pattern: Pattern
    """Its heights have mean 0 and spread 1."""


def flat(dice: Dice, batch: int, size: int) -> tuple[Surface, Eye]:
    """Return a flat thing that fills the picture."""
    zero = torch.zeros(batch, device=dice.device)
    eye = eye_at(size, zero + 1, zero, zero + 1)
    points = eye.origins + eye.directions
    thing = torch.zeros(points.shape[:2], dtype=torch.long, device=dice.device)
    return Surface(points, facing_camera(points), points, thing, thing == 0), eye


def relief(dice: Dice, batch: int, size: int) -> Relief:
    """Lay out materials of all kinds, from nearly flat to steep."""
    pattern, tilt = _patterns(dice, batch, size)
    grain = fractal(dice, batch, size, 1.2) + 0.3 * fractal(dice, batch, size, 0.4)
    share = (
        (0.3 * dice.uniform(batch, 1, 1).square()) * _roughness(pattern.height) / _roughness(grain)
    )
    height = pattern.height + share * grain
    height = height * _depth(dice, height, tilt)
    slopes_v, slopes_u = torch.gradient(height, dim=(1, 2))
    toward = -torch.ones_like(slopes_u)
    normals = normalize(torch.stack([-slopes_u, -slopes_v, toward], dim=-1)).flatten(1, 2)
    surface, eye = flat(dice, batch, size)
    # heights are in pixels, of which the picture has size across its two units
    depth = -height.flatten(1) * 2 / size
    points = torch.cat([surface.points[..., :2], depth[..., None]], dim=-1)
    surface = Surface(points, normals, surface.local, surface.thing, surface.inside)
    return Relief(surface, eye, Pattern(_standard(height), pattern.cells))


def _patterns(dice: Dice, batch: int, size: int) -> tuple[Pattern, Float[Tensor, "b 1 1"]]:
    """Give each scene a kind of pattern, turned, scaled and bent."""
    kinds = dice.integers(len(PATTERNS), batch)
    u, v = _laid_out(dice, batch, size)
    height, cells = torch.zeros_like(u), torch.zeros_like(u)
    for number, kind in enumerate(PATTERNS):
        of_kind = (kinds == number).nonzero()[:, 0]
        if len(of_kind):
            pattern = kind.make(dice, u[of_kind], v[of_kind])
            height[of_kind], cells[of_kind] = pattern.height, pattern.cells
    tilts = torch.tensor([kind.tilt for kind in PATTERNS], device=dice.device)
    return Pattern(height, cells), tilts[kinds][:, None, None]


def _laid_out(
    dice: Dice, batch: int, size: int
) -> tuple[Float[Tensor, "b s s"], Float[Tensor, "b s s"]]:
    plane = pixel_grid(size, dice.device).expand(batch, -1, -1, -1)
    upright = torch.where(dice.uniform(batch, 1, 1) < 0.5, 0.05, 1.0)
    angle = math.pi * upright * dice.uniform(batch, 1, 1, low=-1.0)
    half_across = dice.uniform(batch, 1, 1, low=math.log(1.2), high=math.log(7.0)).exp()
    bend = [
        0.15 * dice.uniform(batch, 1, 1).square() * fractal(dice, batch, size, 2.0, 1) for _ in "uv"
    ]
    u, v = plane[..., 0] * half_across, plane[..., 1] * half_across
    turned_u = u * angle.cos() - v * angle.sin() + bend[0]
    turned_v = u * angle.sin() + v * angle.cos() + bend[1]
    return turned_u + 31.7 * dice.uniform(batch, 1, 1), turned_v + 31.7 * dice.uniform(batch, 1, 1)


def _roughness(height: Float[Tensor, "b s s"]) -> Float[Tensor, "b 1 1"]:
    """Return the mean slope."""
    down, right = torch.gradient(height, dim=(1, 2))
    return torch.hypot(down, right).mean((1, 2), keepdim=True).clamp_min(1e-6)


def _depth(
    dice: Dice, height: Float[Tensor, "b s s"], tilt: Float[Tensor, "b 1 1"]
) -> Float[Tensor, "b 1 1"]:
    """Return what heights must be scaled by to be about as steep as real ones are."""
    tilt = (tilt * (0.5 * dice.normal(len(height), 1, 1)).exp()).clamp(1.0, 38.0)
    down, right = torch.gradient(height, dim=(1, 2))
    steepest = torch.hypot(down, right).flatten(1).quantile(0.98, dim=1)[:, None, None]
    wanted = torch.tan(torch.deg2rad(tilt)) / _roughness(height)
    return torch.minimum(wanted, STEEPEST / steepest.clamp_min(1e-6))


def _standard(height: Float[Tensor, "b s s"]) -> Float[Tensor, "b s s"]:
    spread = height.std((1, 2), keepdim=True).clamp_min(1e-6)
    return (height - height.mean((1, 2), keepdim=True)) / spread


def relief_material(dice: Dice, made: Relief, size: int) -> Material:
    """Paint by brick or pebble, by dirt in crevices, and by what has nothing to do with height."""
    batch = len(made.pattern.height)
    height, cells = (grid.flatten(1)[..., None] for grid in vars(made.pattern).values())
    paints = colours(dice, batch, 3)[:, :, None]
    base = painted(dice, made.surface, size).albedo
    by_cell = cells * paints[:, 0] + (1 - cells) * paints[:, 1]
    base = base + _sometimes(dice, batch, 0.7) * (by_cell - base)
    clouds = fractal(dice, batch, size, 1.0).flatten(1)[..., None]
    stain = _sometimes(dice, batch, 0.4) * torch.sigmoid(4 * (clouds - 0.8))
    level = dice.uniform(batch, 1, 1, low=-1.5, high=0.3)
    # dirt gathers low; half as often what stands out is worn
    side = torch.where(dice.uniform(batch, 1, 1) < 0.67, 1.0, -1.0)
    dirt = _sometimes(dice, batch, 0.5) * torch.sigmoid(5 * (level - side * height + 0.3 * clouds))
    grimy = 0.5 * paints[:, 2]
    albedo = base + stain * (grimy - base)
    return glazed(
        dice, albedo + dirt * (torch.where(side > 0, grimy, paints[:, 2]) - albedo), made.surface
    )


def _sometimes(dice: Dice, batch: int, share: float) -> Float[Tensor, "b 1 1"]:
    """Return an amount 0..1 for a share of scenes and 0 for the rest."""
    return dice.uniform(batch, 1, 1) * (dice.uniform(batch, 1, 1) < share)
