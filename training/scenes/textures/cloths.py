"""Cloth and leather: weaves of threads, knitting, hides."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.layouts import scattered, warped
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import between, each, noise, often, ratio, whole

DRAFTS = (
    ((1, 0), (0, 1)),
    ((1, 0), (0, 1)),
    ((1, 1, 0, 0), (1, 1, 0, 0), (0, 0, 1, 1), (0, 0, 1, 1)),
    ((1, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 1), (1, 0, 0, 1)),
    ((1, 1, 1, 0), (1, 1, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1)),
)
"""Which threads of the warp lie on top: plain, basket, and twills."""


def weave(dice: Dice, size: int) -> Texture:
    """Linen, burlap, canvas, denim, wickerwork."""
    draft = torch.tensor(DRAFTS[int(dice.integers(len(DRAFTS), 1))], device=dice.device).float()
    period = len(draft)
    threads = whole(dice, 8, 64, period)
    u, v = warped(dice, size, 0.4, between(dice, 0.0, 0.25) / threads)
    u, v = u % 1 * threads, v % 1 * threads
    thick = torch.exp(0.12 * noise(dice, size, 0.15, smooth=0.3))
    width = between(dice, 0.7, 1.0)
    dip = between(dice, 0.25, 0.6)
    tables = [dice.uniform(threads) for _ in "uv"]
    sheets = []
    for x, y, plan in ((u, v, draft), (v, u, 1 - draft.mT)):
        number = x.floor().long() % threads
        up = _along(plan, number % period, y)
        off = 2 * (x % 1 - 0.5) / (width * thick)
        body = (1 - off.square()).clamp_min(0).sqrt()
        twist = torch.sin(2 * math.pi * (y * between(dice, 0.8, 2.5) + off * 0.5))
        level = torch.where(off.abs() < 1, 0.5 * body + dip * up + 0.04 * twist * body, -0.3)
        sheets.append((level, number))
    warp, weft = sheets
    over = warp[0] > weft[0]
    height = torch.maximum(warp[0], weft[0]) + 0.03 * noise(dice, size, 0.02, 0.006, smooth=0.0)
    base = color(dice, None)
    second = color(dice, None) if often(dice, 0.4) else base * ratio(dice, 0.7, 1.4)
    spread = between(dice, 0.0, 0.5)
    tones = [
        torch.exp(spread * (t[n] - 0.5))[..., None]
        for t, n in zip(tables, (warp[1], weft[1]), strict=True)
    ]
    albedo = torch.where(over[..., None], base * tones[0], second * tones[1])
    hole = torch.sigmoid(20 * (-0.1 - height))
    albedo = mixed(albedo, albedo * between(dice, 0.1, 0.5), hole)
    folds = noise(dice, size, 1.0, 0.15, smooth=1.5) * between(dice, 0.0, 1.0) ** 2 * 0.02
    return Texture(height * between(dice, 0.4, 0.9) / threads + folds, albedo, 0.04, 6.0)


def knit(dice: Dice, size: int) -> Texture:
    """Knitting: columns of stitches, each a V."""
    columns = whole(dice, 6, 30)
    rows = max(2, round(columns * between(dice, 1.0, 1.5)))
    u, v = warped(dice, size, 0.5, between(dice, 0.0, 0.3) / columns)
    u, v = u % 1 * columns, v % 1 * rows
    x = u % 1 - 0.5
    side = x.sign()
    lean, long, wide = between(dice, 0.3, 0.6), between(dice, 0.75, 0.95), between(dice, 0.2, 0.27)
    height = torch.full_like(u, -0.5)
    number = torch.zeros_like(u)
    for step in (-1, 0, 1):
        row = v.floor() + step
        y = v - row - 0.5
        along, aside = y, x.abs() - 0.26 + lean * 0.5 * y
        far = (along / long).square() + (aside / wide).square()
        level = torch.where(far < 1, 0.45 * (1 - far).clamp_min(0).sqrt() - 0.25 * y, -0.5)
        fiber = 0.04 * torch.sin(2 * math.pi * (3 * along + 5 * aside * side))
        level = level + fiber * (far < 1)
        over = level > height
        height, number = torch.where(over, level, height), torch.where(over, row % rows, number)
    bands = dice.uniform(rows) < between(dice, 0.0, 0.6)
    albedo = torch.where(bands[number.long()][..., None], color(dice, None), color(dice, None))
    fuzz = torch.exp(0.12 * noise(dice, size, 0.03, smooth=-0.1))[..., None]
    albedo = mixed(albedo * fuzz, albedo * 0.3, torch.sigmoid(12 * (-0.25 - height)))
    soft = 0.04 * noise(dice, size, 0.02, smooth=0.2)
    return Texture((height + soft) * between(dice, 0.5, 0.9) / columns, albedo, 0.0, 6.0)


def leather(dice: Dice, size: int) -> Texture:
    """Hides, cracked paint, dry mud: small swollen cells between creases."""
    across = whole(dice, 6, 50)
    at = warped(dice, size, 0.15, between(dice, 0.1, 0.5) / across)
    layout = scattered(dice, at, across, across, between(dice, 0.6, 1.0))
    crease = (layout.inset * across / between(dice, 0.08, 0.35)).clamp(0, 1)
    swollen = crease * (2 - crease)
    height = swollen * (0.8 + 0.3 * each(dice, layout.cells))
    height = height + between(dice, 0.02, 0.15) * noise(dice, size, 0.5 / across, smooth=0.4)
    height = height + between(dice, 0.0, 0.5) * noise(dice, size, 0.6, 0.05, smooth=1.2)
    family = None if often(dice, 0.6) else "soil"
    base = color(dice, family)
    albedo = base.expand(size, size, 3)
    if often(dice, 0.5):
        albedo = varied(dice, base, each(dice, layout.cells), family)
    dark = base * between(dice, 0.2, 0.9)
    albedo = mixed(dark.expand_as(albedo), albedo, swollen)
    return Texture(
        height * between(dice, 0.08, 0.3) / across, albedo, 0.4 * between(dice, 0.0, 1.0) ** 2, 20.0
    )


def _along(plan: Float[Tensor, "p p"], thread, y: Float[Tensor, "s s"]) -> Float[Tensor, "s s"]:
    """Return how high a thread runs, −1 to 1, between the crossings of its draft."""
    period = len(plan)
    at = y - 0.5
    start = at.floor()
    share = 0.5 - 0.5 * torch.cos(math.pi * (at - start))
    first, second = (plan[(start.long() + step) % period, thread] for step in (0, 1))
    return 2 * (first + share * (second - first)) - 1
