"""Smooth lumpy things: balls that melt into each other, rippled by waves; found by marching."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from backend.geometry import normalize, rotations
from training.scenes.random import Dice
from training.scenes.solids import Solids, localised, turned
from training.scenes.surface import Eye, Surface, facing_camera

PARTS = 9
RIPPLES = 6
ROUNDS, STEPS = 16, 8
REACH = 1.25
"""Radius of the ball everything lies in."""
CLOSE = 4e-3
"""A ray this near the surface has hit it."""
LEAST = 6e-3
"""The least step gets rays past what they only graze."""
RARE = 1.5
GRAZING = 0.02
NOWHERE = 1e3


@dataclass(frozen=True)
class Lump:
    """One melted thing per scene."""

    parts: Solids
    melt: Float[Tensor, " b"]
    """Over which distance parts flow into each other."""
    ripples: Float[Tensor, "b m 3"]
    """Wave vectors of what shifts the surface."""
    phases: Float[Tensor, "b m"]
    amounts: Float[Tensor, "b m"]


def lump(dice: Dice, batch: int) -> Lump:
    """Grow a thing: a body with limbs, or round about an axis as if turned on a wheel."""
    parts = _placed(dice, batch)
    lengths = dice.uniform(batch, RIPPLES, low=-1.2, high=0.3).exp()
    amounts = 0.035 * lengths * dice.uniform(batch, 1, high=1.5).square()
    return Lump(
        parts,
        melt=0.015 * (dice.uniform(batch) * 2).exp(),
        ripples=dice.direction(batch, RIPPLES) * (math.tau / lengths)[..., None],
        phases=math.tau * dice.uniform(batch, RIPPLES),
        amounts=amounts,
    )


def _placed(dice: Dice, batch: int) -> Solids:
    """Place the parts, shifted and scaled into the unit ball; those a scene lacks are far away."""
    shrink = dice.uniform(batch, 1, low=0.75, high=1.0) ** torch.arange(PARTS, device=dice.device)
    sizes = (0.5 * shrink * (0.3 * dice.normal(batch, PARTS)).exp())[..., None]
    radii = sizes * dice.uniform(batch, PARTS, 3, low=0.5, high=1.0)
    to_local = rotations(dice.normal(batch, PARTS, 4))
    centres = _branches(dice, sizes)
    turned = (dice.uniform(batch) < 0.3)[:, None, None]
    axis = to_local[:, :1]
    radii = torch.where(turned, radii[..., [0, 0, 2]], radii)
    to_local = torch.where(turned[..., None], axis, to_local)
    climb = torch.cumsum(0.7 * radii[..., 2:], dim=1)
    centres = torch.where(turned, climb * axis[:, :, 2], centres)
    alive = torch.arange(PARTS, device=dice.device) < 3 + dice.integers(PARTS - 2, batch, 1)
    centres, radii = _fitted(centres, radii, alive[..., None])
    return Solids("ball", centres, to_local, radii)


def _branches(dice: Dice, sizes: Float[Tensor, "b n 1"]) -> Float[Tensor, "b n 3"]:
    """Let each part grow out of an earlier one."""
    batch, count, _ = sizes.shape
    centres = [torch.zeros(batch, 3, device=sizes.device)]
    for part in range(1, count):
        parent = dice.integers(part, batch)
        at = torch.stack(centres, dim=1)[torch.arange(batch, device=sizes.device), parent]
        grown = sizes[torch.arange(batch, device=sizes.device), parent] + sizes[:, part]
        apart = dice.uniform(batch, 1, low=0.3, high=0.6) * grown
        centres.append(at + apart * dice.direction(batch))
    return torch.stack(centres, dim=1)


def _fitted(
    centres: Float[Tensor, "b n 3"], radii: Float[Tensor, "b n 3"], alive: Bool[Tensor, "b n 1"]
) -> tuple[Float[Tensor, "b n 3"], Float[Tensor, "b n 3"]]:
    widest = radii.amax(-1, keepdim=True)
    low = torch.where(alive, centres - widest, NOWHERE).amin(1, keepdim=True)
    high = torch.where(alive, centres + widest, -NOWHERE).amax(1, keepdim=True)
    centres = centres - (low + high) / 2
    far = torch.where(alive, centres.norm(dim=-1, keepdim=True) + widest, 0).amax(1, keepdim=True)
    return torch.where(alive, centres / far, NOWHERE), radii / far


def see_lump(thing: Lump, eye: Eye) -> Surface:
    """Find what the camera sees of a thing."""
    distances, inside = _first_hit(thing, eye)
    points = eye.origins + distances[..., None] * eye.directions
    gap, slopes, _ = _outward(thing, points)
    closing = (slopes * eye.directions).sum(-1)
    last_step = (gap / closing.clamp_max(-0.2)).clamp(-0.02, 0.02)
    points = points - last_step[..., None] * eye.directions
    _, slopes, nearest = _outward(thing, points)
    normals = normalize(slopes)
    # a ray that stopped just before grazing the surface may look at it from behind
    behind = ((normals * eye.directions).sum(-1, keepdim=True) + GRAZING).clamp_min(0)
    normals = normalize(normals - behind * eye.directions)
    normals = torch.where(inside[..., None], normals, facing_camera(points))
    return Surface(points, normals, points, nearest, inside)


def _first_hit(thing: Lump, eye: Eye) -> tuple[Float[Tensor, "b p"], Bool[Tensor, "b p"]]:
    """March each ray as far as nothing can be, again and again; few need many steps."""
    start, end = (edge.flatten() for edge in _ball_span(eye))
    along, hit = start.clone(), torch.zeros_like(start, dtype=torch.bool)
    rays = _rays(thing, eye)
    going = (end > start).nonzero()[:, 0]
    for _ in range(ROUNDS):
        if len(going) == 0:
            break
        rays = rays.some(going)
        reached = along[rays.pixel]
        for _ in range(STEPS):
            gap = rays.gap(reached)
            reached = reached + torch.where(
                gap > CLOSE, (gap / rays.steepest).clamp_min(LEAST), gap
            )
        gap, there = rays.gap(reached), reached < end[rays.pixel]
        along[rays.pixel] = reached
        hit[rays.pixel] = there & (gap <= CLOSE)
        going = (there & (gap > CLOSE)).nonzero()[:, 0]
    shape = eye.origins.shape[:2]
    return torch.minimum(along, end).view(shape), hit.view(shape)


def _ball_span(eye: Eye) -> tuple[Float[Tensor, "b p"], Float[Tensor, "b p"]]:
    middle = -(eye.origins * eye.directions).sum(-1)
    apart = eye.origins.square().sum(-1) - middle.square()
    half = (REACH**2 - apart).clamp_min(0).sqrt()
    return middle - half, middle + half


@dataclass(frozen=True)
class _Rays:
    """The distance to a lump along rays: its parts are quadratics, its ripples sines."""

    pixel: Int[Tensor, " r"]
    """Which of all pixels of the batch."""
    squares: tuple[Float[Tensor, "r n"], Float[Tensor, "r n"], Float[Tensor, "r n"]]
    sharpness: Float[Tensor, "r n"]
    melt: Float[Tensor, " r"]
    swings: tuple[Float[Tensor, "r m"], Float[Tensor, "r m"]]
    amounts: Float[Tensor, "r m"]
    steepest: Float[Tensor, " r"]
    """How fast the distance may fall along a ray."""

    def some(self, chosen: Int[Tensor, " c"]) -> "_Rays":
        """Keep some of the rays."""
        return _Rays(
            self.pixel[chosen],
            (self.squares[0][chosen], self.squares[1][chosen], self.squares[2][chosen]),
            self.sharpness[chosen],
            self.melt[chosen],
            (self.swings[0][chosen], self.swings[1][chosen]),
            self.amounts[chosen],
            self.steepest[chosen],
        )

    def gap(self, along: Float[Tensor, " r"]) -> Float[Tensor, " r"]:
        """Return the distance at points along the rays, or less; negative inside."""
        a, half_b, c = self.squares
        t = along[:, None]
        far = ((a * t + 2 * half_b) * t + c).clamp_min(0).sqrt() - 1
        union = -self.melt * torch.logsumexp(far * -self.sharpness, dim=1)
        return union - (self.amounts * torch.sin(self.swings[0] * t + self.swings[1])).sum(1)


def _rays(thing: Lump, eye: Eye) -> _Rays:
    batch, pixels, _ = eye.origins.shape
    local, heading = localised(thing.parts, eye.origins), turned(thing.parts, eye.directions)
    smallest = thing.parts.radii.amin(-1)
    fastest = heading.square().sum(-1)
    turning = (eye.directions @ thing.ripples.mT).flatten(0, 1)
    phases = (eye.origins @ thing.ripples.mT + thing.phases[:, None]).flatten(0, 1)
    amounts = thing.amounts.repeat_interleave(pixels, dim=0)
    # all ripples at their steepest at once is rarer than it is worth waiting for
    rippled = RARE * (amounts * turning).square().sum(1).sqrt()
    return _Rays(
        pixel=torch.arange(batch * pixels, device=amounts.device),
        squares=(
            _by_ray(fastest), _by_ray((local * heading).sum(-1)), _by_ray(local.square().sum(-1)),
        ),
        sharpness=(smallest / thing.melt[:, None]).repeat_interleave(pixels, dim=0),
        melt=thing.melt.repeat_interleave(pixels),
        swings=(turning, phases),
        amounts=amounts,
        steepest=(smallest[..., None] * fastest.sqrt()).amax(1).flatten() + rippled,
    )  # fmt: skip


def _by_ray(of_parts: Float[Tensor, "b n p"]) -> Float[Tensor, "r n"]:
    return of_parts.transpose(1, 2).flatten(0, 1)


def _outward(
    thing: Lump, points: Float[Tensor, "b p 3"]
) -> tuple[Float[Tensor, "b p"], Float[Tensor, "b p 3"], Int[Tensor, "b p"]]:
    """Return the distance to a lump, its gradient, and the nearest part."""
    parts = thing.parts
    local = localised(parts, points)
    far = local.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    smallest = parts.radii.amin(-1)[:, :, None]
    melt = thing.melt[:, None, None]
    nearness = (1 - far[..., 0]) * smallest / melt
    share = torch.softmax(nearness, dim=1)[..., None] * smallest[..., None]
    slopes = ((share * local / far / parts.radii[:, :, None]) @ parts.to_local).sum(1)
    turn = thing.ripples @ points.mT + thing.phases[..., None]
    gap = -melt[:, 0] * torch.logsumexp(nearness, dim=1)
    gap = gap - (thing.amounts[..., None] * torch.sin(turn)).sum(1)
    slopes = slopes - torch.cos(turn).mT @ (thing.amounts[..., None] * thing.ripples)
    return gap, slopes, nearness.argmax(1)
