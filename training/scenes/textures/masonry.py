"""Bricks, pavers, cobbles, slabs and tiles: stones with something between them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.layouts import (
    Layout,
    courses,
    herringbone,
    scattered,
    turned,
    warped,
)
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import between, each, moved, noise, often, ratio, whole


@dataclass(frozen=True)
class Stones:
    """What stones are like, in shares of their size."""

    joint: float
    """Width of what lies between them."""
    bevel: float
    """How far in from the edge they fall off."""
    depth: float
    """How far the edge falls."""
    dome: float
    """How much higher the middle is than the edge."""
    tilt: float
    """How much one stone leans or stands out against the next."""
    rough: float
    """How rough their faces are."""
    fill: float
    """How far up the joint is filled, 0 to 1."""
    sandy: float
    """How rough the filling is."""
    faces: str | None
    """Colors of the stones."""
    joints: str | None
    """Colors of the filling."""
    gloss: float = 0.05


def bricks(dice: Dice, size: int) -> Texture:
    """Brick wall, fresh or weathered, with mortar that is recessed, flush or smeared."""
    rows = whole(dice, 4, 20, 2)
    columns = max(2, round(rows / between(dice, 2.0, 3.6)))
    at = warped(dice, size, 0.12, between(dice, 0.0, 0.012) / rows**0.5)
    shift = (0.5, 0.5, 0.5, 0.0, None)[int(dice.integers(5, 1))]
    layout = courses(dice, at, rows, columns, (0.02, between(dice, 0.0, 0.15)), shift, 0.06)
    style = Stones(
        joint=between(dice, 0.08, 0.24), bevel=between(dice, 0.04, 0.14),
        depth=between(dice, 0.08, 0.22), dome=between(dice, 0.0, 0.03),
        tilt=between(dice, 0.0, 0.06),
        rough=ratio(dice, 0.005, 0.04), fill=between(dice, 0.0, 0.95),
        sandy=ratio(dice, 0.01, 0.03),
        faces="brick", joints="mortar",
    )  # fmt: skip
    return laid(dice, layout, 1 / rows, style)


def cobbles(dice: Dice, size: int) -> Texture:
    """Cobbles and setts: round tops, wide dark joints."""
    rows = whole(dice, 3, 16)
    at = warped(dice, size, 0.5, between(dice, 0.01, 0.07) / rows)
    uneven = between(dice, 0.05, 0.4)
    layout = courses(
        dice, at, rows, max(2, round(rows * between(dice, 0.6, 1.2))), (uneven / 2, uneven),
        None, between(dice, 0.1, 0.4),
    )  # fmt: skip
    if often(dice, 0.3):
        layout = scattered(dice, at, rows, rows, between(dice, 0.4, 0.9))
    style = Stones(
        joint=between(dice, 0.06, 0.25), bevel=between(dice, 0.12, 0.4),
        depth=between(dice, 0.15, 0.4), dome=between(dice, 0.03, 0.2),
        tilt=between(dice, 0.0, 0.12),
        rough=ratio(dice, 0.01, 0.06), fill=between(dice, 0.0, 0.5), sandy=ratio(dice, 0.01, 0.05),
        faces="stone", joints=("dirt", "dirt", "sand", "mortar")[int(dice.integers(4, 1))],
    )  # fmt: skip
    return laid(dice, layout, 1 / rows, style)


def pavers(dice: Dice, size: int) -> Texture:
    """Concrete pavers and clinker: flat, bevelled, in bond or herringbone."""
    rows = whole(dice, 3, 14, 2)
    at = warped(dice, size, 0.5, 0.003)
    layout = courses(
        dice, at, rows, max(2, round(rows / between(dice, 1.0, 2.2))),
        (0.0, between(dice, 0.0, 0.4) ** 2), (0.5, 0.0, None)[int(dice.integers(3, 1))], 0.05,
    )  # fmt: skip
    if often(dice, 0.4):
        fours = max(1, rows // 4)
        layout, rows = herringbone(dice, at, fours, 0.06), 4 * fours
    style = Stones(
        joint=between(dice, 0.02, 0.1), bevel=between(dice, 0.04, 0.12),
        depth=between(dice, 0.04, 0.14), dome=0.0, tilt=between(dice, 0.0, 0.05),
        rough=ratio(dice, 0.003, 0.02), fill=between(dice, 0.0, 0.6),
        sandy=ratio(dice, 0.005, 0.03),
        faces=("cement", "brick", "stone")[int(dice.integers(3, 1))],
        joints=("dirt", "sand", "dirt")[int(dice.integers(3, 1))],
    )  # fmt: skip
    return laid(dice, turned(dice, layout), 1 / rows, style)


def slabs(dice: Dice, size: int) -> Texture:
    """Crazy paving, rubble and dry stone walls: stones of every shape."""
    rows = whole(dice, 3, 10)
    at = warped(dice, size, 0.5, between(dice, 0.01, 0.08) / rows)
    wall = often(dice, 0.5)
    across = max(2, round(rows * (between(dice, 0.4, 0.8) if wall else 1)))
    layout = scattered(dice, at, across, rows, between(dice, 0.6, 1.0))
    style = Stones(
        joint=between(dice, 0.03, 0.14), bevel=between(dice, 0.04, 0.2),
        depth=between(dice, 0.06, 0.35), dome=between(dice, 0.0, 0.08),
        tilt=between(dice, 0.0, 0.2),
        rough=ratio(dice, 0.01, 0.08), fill=between(dice, 0.0, 0.7), sandy=ratio(dice, 0.01, 0.04),
        faces="stone", joints=("dirt", "mortar", "sand")[int(dice.integers(3, 1))],
    )  # fmt: skip
    return laid(dice, layout, 1 / rows, style)


def tiles(dice: Dice, size: int) -> Texture:
    """Glazed or stone tiles and mosaics with grout."""
    rows = whole(dice, 2, 16)
    at = warped(dice, size, 0.5, 0.002)
    if often(dice, 0.25):
        layout = scattered(dice, at, rows, round(rows * 1.155), 0.0, honeycomb=True)
    else:
        long = (1.0, 1.0, 0.5, 0.33)[int(dice.integers(4, 1))]
        shift = (0.0, 0.0, 0.5)[int(dice.integers(3, 1))]
        rows += rows % 2 if shift else 0
        layout = courses(dice, at, rows, max(1, round(rows * long)), (0.0, 0.0), shift, 0.04)
    style = Stones(
        joint=between(dice, 0.03, 0.12), bevel=between(dice, 0.03, 0.1),
        depth=between(dice, 0.03, 0.12), dome=between(dice, 0.0, 0.02),
        tilt=between(dice, 0.0, 0.04),
        rough=ratio(dice, 0.001, 0.02), fill=between(dice, 0.2, 0.8),
        sandy=ratio(dice, 0.003, 0.02),
        faces=None if often(dice, 0.6) else "stone", joints="mortar", gloss=between(dice, 0.0, 0.4),
    )  # fmt: skip
    return laid(dice, turned(dice, layout), 1 / rows, style)


def laid(dice: Dice, layout: Layout, unit: float, style: Stones) -> Texture:
    """Give stones their shape and color; ``unit`` is their size in widths of the picture."""
    size = layout.inset.shape[-1]
    chipped = 0.15 * style.bevel * noise(dice, size, 0.5 * unit, smooth=0.8)
    inward = (layout.inset / unit - style.joint / 2) / style.bevel + chipped / style.bevel
    edge = inward.clamp(0, 1)
    profile = edge * (2 - edge)
    middle = (2 * (layout.inset / unit - style.joint / 2)).clamp(0, 1)
    lean = [each(dice, layout.cells, -1.0, 1.0) for _ in range(3)]
    stand = style.tilt * (0.5 * lean[0] + (lean[1] * layout.x + lean[2] * layout.y) / unit)
    face = _face(dice, layout, unit, style)
    stone = style.depth * (profile - 1) + style.dome * middle * (2 - middle) + stand + face
    stone = torch.where(inward < 0, stone + style.depth * inward.clamp_min(-3), stone)
    filling = style.sandy * noise(dice, size, 0.4 * unit, smooth=0.5)
    filling = style.depth * (style.fill - 1) * between(dice, 0.8, 1.0) + filling
    gap = torch.sigmoid((filling - stone) / (0.02 + style.sandy))
    height = unit * torch.logaddexp(stone * 60, filling * 60) / 60
    return Texture(height, _colors(dice, layout, gap, face, style), style.gloss, 20.0)


def _face(dice: Dice, layout: Layout, unit: float, style: Stones) -> Float[Tensor, "s s"]:
    """Return how rough the stones' faces are, each in its own way; some have pits."""
    size = layout.inset.shape[-1]
    field = noise(dice, size, 0.8 * unit, smooth=between(dice, 0.4, 1.2))
    field = moved(dice, field, layout.cells)
    if often(dice, 0.3):
        field = -(field.abs() - 0.8)
    if often(dice, 0.4):
        field = field - 2.0 * torch.sigmoid(
            8 * (noise(dice, size, 0.2 * unit, smooth=0.5) - between(dice, 1.5, 2.5))
        )
    return style.rough * field


def _colors(
    dice: Dice, layout: Layout, gap: Tensor, face: Tensor, style: Stones
) -> Float[Tensor, "s s 3"]:
    size = gap.shape[-1]
    number = each(dice, layout.cells)
    stone = varied(dice, color(dice, style.faces), number, style.faces)
    mottle = moved(dice, noise(dice, size, ratio(dice, 0.03, 0.3), smooth=0.3), layout.cells)
    if often(dice, 0.6):
        share = torch.sigmoid(ratio(dice, 1.0, 6.0) * (mottle - between(dice, 0.0, 1.5)))
        stone = mixed(stone, color(dice, style.faces), between(dice, 0.1, 0.8) * share)
    pits = torch.exp(between(dice, 0.0, 0.5) * face / (face.std() + 1e-9) * 0.5)
    filling = (
        color(dice, style.joints) * torch.exp(0.15 * noise(dice, size, 0.05, smooth=0.0))[..., None]
    )
    return mixed(stone * pits[..., None], filling, gap)
