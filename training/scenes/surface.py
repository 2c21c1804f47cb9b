"""What a camera sees of a world before any light: points, normals, texture coordinates."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from backend.geometry import normalize
from training.scenes.random import Dice
from training.scenes.solids import FAR, World, first_hit


@dataclass(frozen=True)
class Eye:
    """A camera at the origin of the picture, looking along z; per scene of a batch."""

    origins: Float[Tensor, "b p 3"]
    directions: Float[Tensor, "b p 3"]
    """Unit length."""
    rays: Float[Tensor, "b p 3"]
    """With z = 1; the axis where orthographic."""


@dataclass(frozen=True)
class Surface:
    """The visible surface; pixels without one carry anything finite."""

    points: Float[Tensor, "b p 3"]
    normals: Float[Tensor, "b p 3"]
    local: Float[Tensor, "b p 3"]
    thing: Int[Tensor, "b p"]
    inside: Bool[Tensor, "b p"]


def look(dice: Dice, batch: int, size: int, reach: float, from_inside: bool) -> Eye:
    """Point a camera at the middle of a world: 20–90°, or one time in five orthographic.

    ``reach`` is the radius of what should fill the picture; from inside, the camera stands in the
    middle.
    """
    device = dice.device
    fov = torch.deg2rad(dice.uniform(batch, low=50.0 if from_inside else 20.0, high=90.0))
    steps = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    plane = torch.stack([u, v], dim=-1).flatten(0, 1)[None]
    slope = torch.tan(fov / 2)[:, None, None]
    fill = dice.uniform(batch, low=0.7, high=1.3)
    back = torch.zeros_like(fill) if from_inside else fill * reach / torch.tan(fov / 2) + reach
    rays = torch.cat([plane * slope, torch.ones_like(plane[..., :1]).expand(batch, -1, -1)], -1)
    origins = torch.zeros_like(rays)
    origins[..., 2] = -back[:, None]
    if not from_inside:
        flat = dice.uniform(batch) < 0.2
        wide = plane * (fill * reach)[:, None, None]
        axis = torch.tensor([0.0, 0.0, 1.0], device=device).expand_as(rays)
        sideways = torch.cat([wide, origins[..., 2:]], dim=-1)
        rays = torch.where(flat[:, None, None], axis, rays)
        origins = torch.where(flat[:, None, None], sideways, origins)
    return Eye(origins, normalize(rays), rays)


def see(world: World, eye: Eye) -> Surface:
    """Find what the camera sees of a world."""
    hit = first_hit(world, eye.origins, eye.directions)
    inside = hit.distances < FAR / 100
    points = eye.origins + hit.distances.clamp_max(1e3)[..., None] * eye.directions
    facing = torch.tensor([0.0, 0.0, -1.0], device=points.device)
    normals = torch.where(inside[..., None], hit.normals, facing)
    return Surface(points, normals, hit.local, hit.thing, inside)


def relief(dice: Dice, batch: int, size: int) -> tuple[Surface, Eye]:
    """Lay out materials seen from the front: rough ground, bricks, pebbles, weave, ripples."""
    height = torch.stack([_pattern(dice, size) for _ in range(batch)])
    depth = dice.uniform(batch, 1, 1, low=0.3, high=1.1).square()
    slopes_u = torch.gradient(height, dim=2)[0] * depth
    slopes_v = torch.gradient(height, dim=1)[0] * depth
    toward = -torch.ones_like(slopes_u)
    normals = normalize(torch.stack([-slopes_u, -slopes_v, toward], dim=-1)).flatten(1, 2)
    steps = (torch.arange(size, device=dice.device) + 0.5) / size * 2 - 1
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    points = torch.stack([u, v, torch.zeros_like(u)], -1).flatten(0, 1).expand(batch, -1, -1)
    axis = torch.tensor([0.0, 0.0, 1.0], device=dice.device).expand_as(points)
    ones = torch.ones(batch, size * size, dtype=torch.bool, device=dice.device)
    surface = Surface(points, normals, points, torch.zeros_like(ones).long(), ones)
    return surface, Eye(points - axis, axis, axis)


def _pattern(dice: Dice, size: int) -> Float[Tensor, "s s"]:
    """Return a height of about one pixel, one of five kinds, roughened."""
    steps = torch.arange(size, device=dice.device) / size
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    kind = int(dice.integers(5, 1))
    scale = float(dice.uniform(1, low=3.0, high=10.0))
    if kind == 0:
        base = torch.zeros_like(u)
    elif kind == 1:
        base = _bricks(u * scale, v * scale * 2, float(dice.uniform(1, low=0.04, high=0.12)))
    elif kind == 2:
        base = _pebbles(dice, u, v, int(scale * scale))
    elif kind == 3:
        base = torch.sin(u * scale * 9).abs() * torch.sin(v * scale * 9).abs()
    else:
        bend = 2 * torch.sin(v * scale + float(dice.uniform(1)) * 6)
        base = torch.sin(u * scale * 4 + bend)
    pixel = size / scale / 6
    rough = fractal(dice, 1, size, float(dice.uniform(1, low=0.6, high=1.6)))[0]
    share = float(dice.uniform(1, low=0.1, high=1.0)) if kind else 1.0
    return pixel * base + share * size / 24 * rough


def _bricks(u: Tensor, v: Tensor, joint: float) -> Float[Tensor, "s s"]:
    shifted = u + 0.5 * (v.floor() % 2)
    edge = torch.minimum((shifted % 1 - 0.5).abs(), ((v % 1 - 0.5).abs() - 0.5) / 2 + 0.5)
    return torch.sigmoid((0.5 - joint - edge) / (joint / 4))


def _pebbles(dice: Dice, u: Tensor, v: Tensor, count: int) -> Float[Tensor, "s s"]:
    places = dice.uniform(count, 2)
    apart = (u[None] - places[:, :1, None]).square() + (v[None] - places[:, 1:, None]).square()
    near = apart.topk(2, dim=0, largest=False).values.sqrt()
    return ((near[1] - near[0]) * math.sqrt(count)).clamp(0, 1).sqrt()


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
        fine = torch.nn.functional.interpolate(
            coarse, size=(size, size), mode="bicubic", align_corners=True
        )
        total = total + fine[:, 0] * cells**-roughness
    return (total - total.mean((1, 2), keepdim=True)) / total.std((1, 2), keepdim=True)
