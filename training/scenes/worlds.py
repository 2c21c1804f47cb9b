"""Kinds of worlds: single objects, piles, rooms; what stands where, at random."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import rotations
from training.scenes.random import Dice
from training.scenes.solids import Planes, Shape, Solids, World

SHAPES: tuple[Shape, ...] = ("ball", "box", "cylinder", "cone")


def single_object(dice: Dice, batch: int) -> World:
    """One thing of one to five parts before nothing: a heap of them, or turned about one axis."""
    spread, count = 0.4, 2
    drawn = [_solids(dice, batch, shape, count, spread, 0.6) for shape in SHAPES]
    axis = rotations(dice.normal(batch, 1, 4))
    turned = dice.chance(0.3, batch, 1, 1)
    parts = count * len(SHAPES)
    share = dice.uniform(batch, 1, low=0.1, high=0.5)
    kept = dice.uniform(batch, parts) < share
    kept[torch.arange(batch, device=kept.device), dice.integers(parts, batch)] = True
    hidden = []
    for solids, alive in zip(drawn, kept.split(count, dim=1), strict=True):
        lined_up = _turned(solids, axis, turned)
        hidden.append(replace(lined_up, centres=lined_up.centres + 1e4 * (~alive[..., None])))
    nowhere = Planes(dice.direction(batch, 1), torch.full((batch, 1), -1e5, device=dice.device))
    return World(tuple(hidden), nowhere)


def _turned(solids: Solids, axis: Float[Tensor, "b 1 3 3"], where: Bool[Tensor, "b 1 1"]) -> Solids:
    """Line solids up along one axis, round about it, in some scenes."""
    along = (1.5 * solids.centres[..., 2:]) * axis[:, :, 2]
    return Solids(
        solids.shape,
        torch.where(where, along, solids.centres),
        torch.where(where[..., None], axis, solids.to_local),
        torch.where(where, solids.radii[..., [0, 0, 2]], solids.radii),
    )


def pile(dice: Dice, batch: int) -> World:
    """Things on a ground, sometimes before a wall."""
    solids = tuple(_solids(dice, batch, shape, 2, 1.2, 0.55) for shape in SHAPES)
    lean = dice.uniform(batch, low=0.15, high=1.2)
    zero = torch.zeros_like(lean)
    ground = torch.stack([zero, -lean.cos(), -lean.sin()], dim=-1)
    yaw = dice.uniform(batch, low=-0.9, high=0.9)
    wall = torch.stack([yaw.sin(), zero, -yaw.cos()], dim=-1)
    below = -dice.uniform(batch, low=0.3, high=1.0)
    behind = -dice.uniform(batch, low=1.0, high=4.0)
    planes = Planes(torch.stack([ground, wall], 1), torch.stack([below, behind], 1))
    return World(solids, planes)


def room(dice: Dice, batch: int) -> World:
    """A box seen from inside, furnished with boxes and rounds before the camera."""
    solids = tuple(_ahead(_solids(dice, batch, shape, 2, 1.2, 0.45)) for shape in SHAPES)
    yaw = dice.uniform(batch, low=-0.8, high=0.8)
    pitch = dice.uniform(batch, low=-0.1, high=0.5)
    turn = _yaw(yaw) @ _pitch(pitch)
    axes = torch.eye(3, device=dice.device).expand(batch, 3, 3)
    inward = torch.cat([axes, -axes], dim=1) @ turn
    sizes = dice.uniform(batch, 6, low=1.2, high=3.5)
    return World(solids, Planes(inward, -sizes))


def _solids(dice: Dice, batch: int, shape: Shape, count: int, spread: float, size: float) -> Solids:
    centres = dice.uniform(batch, count, 3, low=-spread, high=spread)
    stretch = (0.4 * dice.normal(batch, count, 3).clamp(-1, 1)).exp()
    grow = size * dice.uniform(batch, count, 1, low=0.5, high=1.0)
    to_local = rotations(dice.normal(batch, count, 4))
    return Solids(shape, centres, to_local, grow * stretch)


def _ahead(solids: Solids) -> Solids:
    """Move solids out of the way of a camera in the middle."""
    return replace(solids, centres=solids.centres + solids.centres.new_tensor([0.0, 0.0, 2.0]))


def _yaw(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    zero, half = torch.zeros_like(angle), angle / 2
    return rotations(torch.stack([half.cos(), zero, half.sin(), zero], dim=-1))


def _pitch(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    zero, half = torch.zeros_like(angle), angle / 2
    return rotations(torch.stack([half.cos(), half.sin(), zero, zero], dim=-1))
