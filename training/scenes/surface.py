"""What a camera sees of a world before any light: points, normals, texture coordinates."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from backend.geometry import normalize
from training.scenes.noise import pixel_grid
from training.scenes.random import Dice
from training.scenes.solids import FAR, World, first_hit


@dataclass(frozen=True)
class Eye:
    """A camera looking along z; pixel (u, v) in −1..1 sees (u, v)·(width + slope·distance).

    Orthographic where the slope is 0, perspective where the width is.
    """

    width: Float[Tensor, " b"]
    slope: Float[Tensor, " b"]
    back: Float[Tensor, " b"]
    """How far behind z = 0 it stands."""
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
    fov = torch.deg2rad(dice.uniform(batch, low=50.0 if from_inside else 20.0, high=90.0))
    fill = dice.uniform(batch, low=0.7, high=1.3)
    slope = torch.tan(fov / 2)
    if from_inside:
        return eye_at(size, torch.zeros_like(slope), slope, torch.zeros_like(slope))
    flat = dice.uniform(batch) < 0.2
    back = fill * reach / slope + reach
    return eye_at(size, torch.where(flat, fill * reach, 0.0), torch.where(flat, 0.0, slope), back)


def eye_at(
    size: int, width: Float[Tensor, " b"], slope: Float[Tensor, " b"], back: Float[Tensor, " b"]
) -> Eye:
    """Build the rays of a camera ``size`` pixels square."""
    plane = pixel_grid(size, width.device).flatten(0, 1)[None]
    ones = torch.ones_like(plane[..., :1]).expand(len(width), -1, -1)
    rays = torch.cat([plane * slope[:, None, None], ones], dim=-1)
    origins = torch.cat([plane * width[:, None, None], -back[:, None, None] * ones], dim=-1)
    return Eye(width, slope, back, origins, normalize(rays), rays)


def see(world: World, eye: Eye) -> Surface:
    """Find what the camera sees of a world."""
    hit = first_hit(world, eye.origins, eye.directions)
    inside = hit.distances < FAR / 100
    points = eye.origins + hit.distances.clamp_max(1e3)[..., None] * eye.directions
    normals = torch.where(inside[..., None], hit.normals, facing_camera(points))
    return Surface(points, normals, hit.local, hit.thing, inside)


def facing_camera(like: Float[Tensor, "b p 3"]) -> Float[Tensor, "b p 3"]:
    """Return normals that look straight at the camera, one per pixel."""
    return torch.tensor([0.0, 0.0, -1.0], device=like.device).expand_as(like)
