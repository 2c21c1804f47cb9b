"""How stones, boards and tiles are laid: which lies where, and how far its edge is."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.torus import axes, noise, often


@dataclass(frozen=True)
class Layout:
    """Cells that cover a picture that tiles."""

    cells: Int[Tensor, "s s"]
    x: Float[Tensor, "s s"]
    """From a cell's middle to the right, in widths of the picture."""
    y: Float[Tensor, "s s"]
    """From a cell's middle downward."""
    inset: Float[Tensor, "s s"]
    """Distance to the edge of the cell, in widths of the picture."""


def warped(
    dice: Dice, size: int, longest: float, amount: float
) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]]:
    """Return the coordinates of pixels, pushed about by noise."""
    u, v = axes(dice, size)
    push = [amount * noise(dice, size, longest, 0.03, smooth=1.0) for _ in "uv"]
    return u + push[0], v + push[1]


def courses(
    dice: Dice,
    at: tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]],
    rows: int,
    columns: int,
    uneven: tuple[float, float],
    shift: float | None,
    corner: float = 0.0,
) -> Layout:
    """Lay rows of cells; ``uneven`` is how much heights and widths differ, 0 to 0.8.

    Each row is shifted against the last by so many cells, or at random.
    """
    u, v = at[0] % 1, at[1] % 1
    tops = _cuts(dice, 1, rows, uneven[0])[0]
    row = (torch.bucketize(v.contiguous(), tops[1:-1], right=True)).clamp(0, rows - 1)
    lefts = _cuts(dice, rows, columns, uneven[1])
    steps = torch.arange(rows, device=dice.device)
    phase = dice.uniform(rows) if shift is None else steps * shift / columns % 1
    along = (u + phase[row]) % 1
    column = (along[..., None] >= lefts[row][..., 1:-1]).sum(-1)
    left, right = lefts[row, column], lefts[row, column + 1]
    top, bottom = tops[row], tops[row + 1]
    x, y = along - (left + right) / 2, v - (top + bottom) / 2
    inset = _inside_of_box(x, y, (right - left) / 2, (bottom - top) / 2, corner / rows)
    return Layout(row * columns + column, x, y, inset)


def herringbone(
    dice: Dice, at: tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]], fours: int, corner: float
) -> Layout:
    """Lay bricks twice as long as wide crosswise."""
    count = 4 * fours
    u, v = at[0] % 1 * count, at[1] % 1 * count
    column, row = u.floor().long(), v.floor().long()
    part = (column - row) % 4
    left, top = column - (part == 1).long(), row - (part == 2).long()
    lying = part < 2
    x = u - left - torch.where(lying, 1.0, 0.5)
    y = v - top - torch.where(lying, 0.5, 1.0)
    half_x, half_y = torch.where(lying, 1.0, 0.5), torch.where(lying, 0.5, 1.0)
    inset = _inside_of_box(x, y, half_x, half_y, torch.full_like(x, corner))
    cells = (top % count) * count + left % count
    return Layout(cells, x / count, y / count, inset / count)


def scattered(
    dice: Dice,
    at: tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]],
    across: int,
    down: int,
    jitter: float,
    honeycomb: bool = False,
) -> Layout:
    """Cut the picture into what lies nearest to each of scattered points."""
    down += down % 2 if honeycomb else 0
    right, below = (0.5 + jitter * dice.uniform(down, across, low=-0.5, high=0.5) for _ in "uv")
    u, v = at[0] % 1 * across, at[1] % 1 * down
    column, row = u.floor().long(), v.floor().long()
    found: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for step_v in (-1, 0, 1):
        for step_u in (-1, 0, 1):
            r, c = row + step_v, column + step_u
            odd = 0.5 * (r % 2) if honeycomb else 0.0
            here = (r % down, c % across)
            x = (u - c - right[here] - odd) / across
            y = (v - r - below[here]) / down
            found.append((x, y, torch.hypot(x, y), (r % down) * across + c % across))
    x, y, distance, cell = (torch.stack(parts) for parts in zip(*found, strict=True))
    near, which = distance.topk(2, dim=0, largest=False)
    first, second = which[:1], which[1:]
    apart = torch.hypot(
        x.gather(0, first) - x.gather(0, second), y.gather(0, first) - y.gather(0, second)
    )[0]
    inset = (near[1].square() - near[0].square()) / (2 * apart.clamp_min(1e-6))
    return Layout(cell.gather(0, first)[0], x.gather(0, first)[0], y.gather(0, first)[0], inset)


def turned(dice: Dice, layout: Layout) -> Layout:
    """Let rows run down instead of across, half the time."""
    if often(dice, 0.5):
        return layout
    return Layout(layout.cells.mT, layout.y.mT, layout.x.mT, layout.inset.mT)


def _cuts(dice: Dice, rows: int, count: int, uneven: float) -> Float[Tensor, "r c"]:
    """Cut 0..1 into parts, for each row."""
    sizes = 1 + uneven * dice.uniform(rows, count, low=-1.0)
    ends = sizes.cumsum(-1) / sizes.sum(-1, keepdim=True)
    return torch.cat([torch.zeros_like(ends[:, :1]), ends], dim=-1)


def _inside_of_box(x: Tensor, y: Tensor, half_x: Tensor, half_y: Tensor, corner) -> Tensor:
    """Return the distance to the edge of a box with round corners, negative outside."""
    right, below = x.abs() - half_x + corner, y.abs() - half_y + corner
    outside = torch.hypot(right.clamp_min(0), below.clamp_min(0))
    return corner - outside - torch.maximum(right, below).clamp_max(0)
