"""Rays against balls, boxes, cylinders, cones and planes; batched, analytic, exact normals."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

FAR = 1e6
NEAREST = 1e-3
Shape = Literal["ball", "box", "cylinder", "cone"]
TIP = 0.3
"""Radius of a cone's narrow end; it is cut off there."""


@dataclass(frozen=True)
class Solids:
    """Solids of one shape, each the unit shape moved, turned and stretched."""

    shape: Shape
    centres: Float[Tensor, "b n 3"]
    to_local: Float[Tensor, "b n 3 3"]
    """Rotations from the world to each solid's axes."""
    radii: Float[Tensor, "b n 3"]


@dataclass(frozen=True)
class Planes:
    """Planes n·x = c, seen from the side their normal points to."""

    normals: Float[Tensor, "b m 3"]
    offsets: Float[Tensor, "b m"]


@dataclass(frozen=True)
class World:
    """Everything a ray can hit."""

    solids: tuple[Solids, ...]
    planes: Planes


@dataclass(frozen=True)
class Hit:
    """The first surface along each ray."""

    distances: Float[Tensor, "b p"]
    """``FAR`` where there is none."""
    normals: Float[Tensor, "b p 3"]
    local: Float[Tensor, "b p 3"]
    """Where on the thing, in its own axes, for textures that stick to it."""
    thing: Int[Tensor, "b p"]
    """Which thing, counted over solids and then planes."""


@dataclass(frozen=True)
class _Crossing:
    distances: Float[Tensor, "b n p"]
    normals: Float[Tensor, "b n p 3"]
    local: Float[Tensor, "b n p 3"]


def first_hit(
    world: World, origins: Float[Tensor, "b p 3"], directions: Float[Tensor, "b p 3"]
) -> Hit:
    """Find the nearest surface along each ray."""
    crossings = [_solid_crossing(solids, origins, directions) for solids in world.solids]
    crossings.append(_plane_crossing(world.planes, origins, directions))
    distances = torch.cat([c.distances for c in crossings], dim=1)
    nearest, thing = distances.min(dim=1)
    pick = thing[:, None, :, None].expand(-1, 1, -1, 3)
    normals = torch.cat([c.normals for c in crossings], dim=1).gather(1, pick)[:, 0]
    local = torch.cat([c.local for c in crossings], dim=1).gather(1, pick)[:, 0]
    away = (normals * directions).sum(-1, keepdim=True) > 0
    return Hit(nearest, torch.where(away, -normals, normals), local, thing)


def is_lit(
    world: World, points: Float[Tensor, "b p 3"], directions: Float[Tensor, "b k 3"]
) -> Bool[Tensor, "b k p"]:
    """Whether no solid stands between points and distant lights.

    Planes are seen from one side and let light through from behind: a room is lit from without.
    """
    lights = directions.shape[1]
    blocked = torch.zeros(
        (len(points), lights, points.shape[1]), dtype=torch.bool, device=points.device
    )
    for solids in world.solids:
        local, heading = localised(solids, points), turned(solids, directions)
        for light in range(lights):
            enter, leave = _span(solids.shape, local, heading[:, :, light, None])
            blocked[:, light] |= ((enter < leave) & (leave > NEAREST)).any(1)
    return ~blocked


def localised(solids: Solids, points: Float[Tensor, "b p 3"]) -> Float[Tensor, "b n p 3"]:
    """Express points in each solid's stretched axes, where it is the unit shape."""
    stretched = solids.to_local / solids.radii[..., None]
    centres = stretched @ solids.centres[..., None]
    return turned(solids, points) - centres.mT


def turned(solids: Solids, directions: Float[Tensor, "b p 3"]) -> Float[Tensor, "b n p 3"]:
    """Express directions in each solid's stretched axes."""
    stretched = solids.to_local / solids.radii[..., None]
    # one product for all solids: many small ones are slow
    rows = directions @ stretched.flatten(1, 2).mT
    return rows.unflatten(2, (-1, 3)).transpose(1, 2)


def _solid_crossing(
    solids: Solids, origins: Float[Tensor, "b p 3"], directions: Float[Tensor, "b p 3"]
) -> _Crossing:
    origin, direction = localised(solids, origins), turned(solids, directions)
    enter, leave = _span(solids.shape, origin, direction)
    distances = torch.where(enter > NEAREST, enter, leave)
    distances = torch.where((enter < leave) & (distances > NEAREST), distances, FAR)
    local = origin + distances.clamp_max(1e3)[..., None] * direction
    outward = _unit_normal(solids.shape, local) / solids.radii[:, :, None]
    normals = torch.nn.functional.normalize(outward @ solids.to_local, dim=-1)
    return _Crossing(distances, normals, local * solids.radii[:, :, None])


def _span(
    shape: Shape, origin: Float[Tensor, "b n p 3"], direction: Float[Tensor, "b n #p 3"]
) -> tuple[Float[Tensor, "b n p"], Float[Tensor, "b n p"]]:
    """Return where a ray enters and leaves a unit shape; entering after leaving is a miss."""
    if shape == "ball":
        return _round_span(origin, direction)
    slab_in, slab_out = _slabs(origin, direction)
    if shape == "box":
        return slab_in.amax(-1), slab_out.amin(-1)
    if shape == "cone":
        round_in, round_out = _cone_span(origin, direction)
    else:
        round_in, round_out = _round_span(origin[..., :2], direction[..., :2])
    return torch.maximum(round_in, slab_in[..., 2]), torch.minimum(round_out, slab_out[..., 2])


def _round_span(
    origin: Float[Tensor, "b n p d"], direction: Float[Tensor, "b n #p d"]
) -> tuple[Float[Tensor, "b n p"], Float[Tensor, "b n p"]]:
    a = direction.square().sum(-1).clamp_min(1e-9)
    half_b = (origin * direction).sum(-1)
    discriminant = half_b * half_b - a * (origin.square().sum(-1) - 1)
    root = discriminant.clamp_min(0).sqrt()
    missed = discriminant <= 0
    enter = torch.where(missed, FAR, (-half_b - root) / a)
    return enter, torch.where(missed, -FAR, (-half_b + root) / a)


def _cone_span(
    origin: Float[Tensor, "b n p 3"], direction: Float[Tensor, "b n #p 3"]
) -> tuple[Float[Tensor, "b n p"], Float[Tensor, "b n p"]]:
    """Return where a ray is inside the cone x² + y² = (m − n z)², on the side of its wide end."""
    m, n = (1 + TIP) / 2, (1 - TIP) / 2
    radius, narrowing = m - n * origin[..., 2], -n * direction[..., 2]
    a = direction[..., :2].square().sum(-1) - narrowing * narrowing
    a = torch.where(a.abs() < 1e-6, 1e-6, a)
    half_b = (origin[..., :2] * direction[..., :2]).sum(-1) - radius * narrowing
    c = origin[..., :2].square().sum(-1) - radius * radius
    discriminant = half_b * half_b - a * c
    root = discriminant.clamp_min(0).sqrt()
    one, other = (-half_b - root) / a, (-half_b + root) / a
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    # steeper than its wall, a ray leaves or enters the cone for good
    enter = torch.where(a > 0, low, torch.where(narrowing > 0, high, -FAR))
    leave = torch.where(a > 0, high, torch.where(narrowing > 0, FAR, low))
    missed = (discriminant <= 0) & (a > 0)
    return torch.where(missed, FAR, enter), torch.where(missed, -FAR, leave)


def _slabs(
    origin: Float[Tensor, "b n p 3"], direction: Float[Tensor, "b n #p 3"]
) -> tuple[Float[Tensor, "b n p 3"], Float[Tensor, "b n p 3"]]:
    inverse = 1 / torch.where(direction.abs() < 1e-8, 1e-8, direction)
    one, other = (-1 - origin) * inverse, (1 - origin) * inverse
    return torch.minimum(one, other), torch.maximum(one, other)


def _unit_normal(shape: Shape, local: Float[Tensor, "b n p 3"]) -> Float[Tensor, "b n p 3"]:
    """Return the normal of a unit shape at a point on it."""
    if shape == "ball":
        return local
    if shape == "box":
        side = torch.nn.functional.one_hot(local.abs().argmax(-1), 3)
        return side * local.sign()
    flat = torch.zeros_like(local[..., :1])
    across = local[..., :2].norm(dim=-1, keepdim=True)
    if shape == "cone":
        m, n = (1 + TIP) / 2, (1 - TIP) / 2
        on_cap = 1 - local[..., 2:].abs() < (across - (m - n * local[..., 2:])).abs()
        wall = torch.cat([local[..., :2], n * across], dim=-1)
    else:
        on_cap = local[..., 2:].abs() > across
        wall = torch.cat([local[..., :2], flat], dim=-1)
    cap = torch.cat([flat, flat, local[..., 2:].sign()], dim=-1)
    return torch.where(on_cap, cap, wall)


def _plane_crossing(
    planes: Planes, origins: Float[Tensor, "b p 3"], directions: Float[Tensor, "b p 3"]
) -> _Crossing:
    height = planes.offsets[..., None] - planes.normals @ origins.mT
    slope = planes.normals @ directions.mT
    distances = height / torch.where(slope.abs() < 1e-8, -1e-8, slope)
    seen = (slope < 0) & (distances > NEAREST)
    distances = torch.where(seen, distances, FAR)
    points = origins[:, None] + distances.clamp_max(1e3)[..., None] * directions[:, None]
    return _Crossing(distances, planes.normals[:, :, None].expand_as(points), points)
