"""Kinds of worlds: single objects, piles, rooms; what stands where, at random."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend.geometry import rotations
from training.scenes.random import Dice
from training.scenes.solids import Planes, Solids, World

SHAPES = ("ball", "box", "cylinder")


def single_object(dice: Dice, batch: int) -> World:
    """One thing of one to three parts before nothing."""
    spread = 0.35
    solids = tuple(_solids(dice, batch, shape, 1, spread, 0.7) for shape in SHAPES)
    kept = dice.uniform(batch, 3) < 0.5
    kept[torch.arange(batch, device=kept.device), dice.integers(3, batch)] = True
    hidden = tuple(
        Solids(s.shape, s.centres + 1e4 * (~kept[:, i, None, None]), s.to_local, s.radii)
        for i, s in enumerate(solids)
    )
    nowhere = Planes(dice.direction(batch, 1), torch.full((batch, 1), -1e5, device=dice.device))
    return World(hidden, nowhere)


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


def _solids(dice: Dice, batch: int, shape: str, count: int, spread: float, size: float) -> Solids:
    centres = dice.uniform(batch, count, 3, low=-spread, high=spread)
    stretch = (0.4 * dice.normal(batch, count, 3).clamp(-1, 1)).exp()
    grow = size * dice.uniform(batch, count, 1, low=0.5, high=1.0)
    to_local = rotations(dice.normal(batch, count, 4))
    return Solids(shape, centres, to_local, grow * stretch)  # type: ignore[arg-type]


def _ahead(solids: Solids) -> Solids:
    """Move solids out of the way of a camera in the middle."""
    return replace(solids, centres=solids.centres + solids.centres.new_tensor([0.0, 0.0, 2.0]))


def _yaw(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    zero, half = torch.zeros_like(angle), angle / 2
    return rotations(torch.stack([half.cos(), zero, half.sin(), zero], dim=-1))


def _pitch(angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    zero, half = torch.zeros_like(angle), angle / 2
    return rotations(torch.stack([half.cos(), half.sin(), zero, zero], dim=-1))
