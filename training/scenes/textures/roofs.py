"""Roofs: rows of tiles that overlap, each casting its shadow on the next."""

import math

import torch

from training.scenes.random import Dice
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import axes, between, each, moved, noise, often, ratio, whole


def roof(dice: Dice, size: int) -> Texture:
    """Shingles, slates, beaver tails and pantiles."""
    rows = whole(dice, 3, 16, 2)
    columns = max(2, round(rows * between(dice, 0.6, 1.6)))
    u, v = axes(dice, size)
    wobble = between(dice, 0.0, 0.04) * noise(dice, size, 0.4, smooth=0.8)
    pan = often(dice, 0.35)
    shift = 0.0 if pan or often(dice, 0.2) else 0.5
    tail = (0.0, 0.0, 0.3, 0.6)[int(dice.integers(4, 1))] if not pan else 0.0
    uneven = between(dice, 0.0, 0.15)
    down = v * rows + wobble

    def across(row):
        return u * columns + shift * (row % 2) + 0.3 * wobble

    def hangs(row):
        """Return how far the lower ends of a row's tiles are up, and which tiles they are."""
        x = across(row)
        column = x.floor().long() % columns
        cells = (row.long() % rows) * columns + column
        curve = tail * (1 - (1 - (2 * (x % 1) - 1).square()).clamp_min(0).sqrt())
        return curve, cells

    offsets = dice.uniform(rows * columns) * uneven
    row = down.floor()
    curve, cells = hangs(row)
    # where a tile ends, the next row shows already
    ended = (down - row) > 1 - curve - offsets[cells]
    row = torch.where(ended, row + 1, row)
    curve, cells = hangs(row)
    local = down - row
    x = across(row) % 1 - 0.5
    lip = between(dice, 0.08, 0.25)
    lean = each(dice, cells, -1.0, 1.0) * between(dice, 0.0, 0.05)
    height = lip * local + lean * (1 + x)
    height = height + ratio(dice, 0.003, 0.02) * moved(
        dice, noise(dice, size, 0.3 / rows, smooth=0.3), cells
    )
    if pan:
        height = height + between(dice, 0.1, 0.3) * torch.cos(
            math.tau * (x + 0.2 * torch.sin(math.tau * x))
        )
    groove = between(dice, 0.02, 0.06)
    joint = torch.sigmoid(((x.abs() - 0.5) + groove) / (0.2 * groove))
    height = height - (0.0 if pan else between(dice, 0.03, 0.1)) * joint
    number = each(dice, cells)
    albedo = varied(dice, color(dice, "roof"), number, "roof")
    streak = noise(dice, size, 0.1, smooth=0.3, run=4.0)
    albedo = albedo * torch.exp(between(dice, 0.0, 0.25) * streak)[..., None]
    albedo = mixed(albedo, albedo * 0.4, (0.0 if pan else 0.8) * joint)
    under = torch.sigmoid(12 * (0.12 - (local + curve))) * between(dice, 0.0, 0.7)
    albedo = mixed(albedo, color(dice, "dirt"), under)
    return Texture(height / rows, albedo, 0.3 * between(dice, 0.0, 1.0) ** 2, 15.0)
