"""Grounds and walls without stones: soil, sand, plaster, concrete, rock, asphalt, rust."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.heaps import Pieces, thrown
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import between, noise, often, ratio, whole


def soil(dice: Dice, size: int) -> Texture:
    """Earth with clods and a few stones."""
    rough = noise(dice, size, ratio(dice, 0.2, 1.0), smooth=between(dice, 0.4, 1.0))
    height = ratio(dice, 0.008, 0.03) * rough
    albedo = _two(dice, "soil", torch.sigmoid(1.5 * rough))
    for family, most in (("soil", 30), ("stone", 20)):
        if often(dice, 0.6):
            radius, there = between(dice, 0.3, 0.7), between(dice, 0.2, 0.7)
            pieces = Pieces(whole(dice, 6, most), radius, 0.8, 0.6, 6, 0.2, there)
            layer = thrown(dice, size, pieces)
            lumps = noise(dice, size, 0.5 / pieces.across, smooth=0.9)
            level = layer.height + 0.03 / pieces.across * lumps + between(dice, -0.02, 0.0)
            over = level > height
            paint = varied(dice, color(dice, family), layer.number, family)
            height = torch.where(over, level, height)
            albedo = torch.where(over[..., None], paint, albedo)
    return Texture(height, albedo, 0.0, 6.0)


def _two(dice: Dice, family: str | None, share: Float[Tensor, "s s"]) -> Float[Tensor, "s s 3"]:
    """Mix two colors of one family."""
    return mixed(color(dice, family).expand(*share.shape, 3), color(dice, family), share)


def sand(dice: Dice, size: int) -> Texture:
    """Sand and snow: ripples, prints, fine grain."""
    bend = noise(dice, size, 0.8, 0.1, smooth=1.2)
    count = whole(dice, 3, 16)
    v = torch.arange(size, device=dice.device)[:, None] / size
    wave = torch.sin(math.tau * (count * v + between(dice, 0.1, 0.5) * bend))
    ripples = wave - between(dice, 0.0, 0.4) * wave.square()
    height = between(dice, 0.0, 0.12) / count * ripples + 0.01 * between(dice, 0.0, 1.0) * bend
    height = height + ratio(dice, 0.0005, 0.002) * noise(dice, size, 0.02, smooth=-0.2)
    albedo = mixed(
        color(dice, "sand").expand(size, size, 3), color(dice, "sand"), torch.sigmoid(2 * ripples)
    )
    return Texture(height, albedo, 0.0, 6.0)


def plaster(dice: Dice, size: int) -> Texture:
    """Plaster and stucco: trowelled, sprayed, or cracked."""
    coarse = noise(dice, size, ratio(dice, 0.05, 0.5), smooth=between(dice, 0.5, 1.2))
    kind = int(dice.integers(4, 1))
    if kind == 1:
        coarse = torch.sigmoid(6 * (coarse - 0.3)) * 2
    if kind == 2:
        coarse = coarse.abs()
    if kind == 3:
        coarse = noise(dice, size, 0.1, smooth=0.8, run=between(dice, 0.1, 0.3))
    height = ratio(dice, 0.002, 0.01) * coarse
    albedo = (color(dice, "mortar") if often(dice, 0.5) else color(dice, None)).expand(
        size, size, 3
    )
    if often(dice, 0.3):
        line = noise(dice, size, 0.6, smooth=0.9).abs()
        crack = torch.sigmoid(60 * (0.03 - line))
        height = height - 0.004 * crack
        albedo = mixed(albedo, albedo * 0.2, crack)
    return Texture(height + 0.0006 * noise(dice, size, 0.03, smooth=0.0), albedo, 0.05, 10.0)


def concrete(dice: Dice, size: int) -> Texture:
    """Concrete and asphalt: fine, with bubbles or grit."""
    height = ratio(dice, 0.001, 0.006) * noise(dice, size, 0.3, smooth=between(dice, 0.0, 0.6))
    albedo = color(dice, "cement").expand(size, size, 3)
    across = whole(dice, 14, 60)
    pieces = Pieces(across, between(dice, 0.4, 0.8), 0.9, 0.5, 6, 0.1, between(dice, 0.1, 1.0))
    layer = thrown(dice, size, pieces)
    if often(dice, 0.5):
        # bubbles: the same pieces, pressed in
        hole = (layer.height * across).clamp_min(0) / across
        height, albedo = height - hole, mixed(albedo, albedo * 0.4, (hole * across * 4).clamp(0, 1))
    else:
        level = layer.height - 0.2 / across
        over = level > height
        grit = varied(dice, color(dice, "stone"), layer.number, "stone")
        height = torch.where(over, level, height)
        albedo = torch.where(over[..., None], grit, albedo)
    return Texture(height, albedo, 0.1 * between(dice, 0.0, 1.0), 10.0)


def rock(dice: Dice, size: int) -> Texture:
    """Rock faces: strata, ledges, cracks."""
    field = noise(
        dice,
        size,
        ratio(dice, 0.3, 1.0),
        smooth=between(dice, 0.8, 1.3),
        run=ratio(dice, 0.25, 2.0),
    )
    steps = ratio(dice, 1.5, 6.0)
    stair = field * steps
    ledge = (stair.floor() + torch.sigmoid(ratio(dice, 6.0, 25.0) * (stair % 1 - 0.5))) / steps
    crease = -noise(dice, size, 0.4, 0.02, smooth=1.0).abs()
    share = between(dice, 0.0, 1.0)
    body = share * ledge + (1 - share) * field + between(dice, 0.0, 0.6) * crease
    body = body + between(dice, 0.02, 0.1) * noise(dice, size, 0.08, smooth=0.6)
    layers = noise(dice, size, 0.3, smooth=0.4, run=0.2)
    albedo = mixed(
        color(dice, "stone").expand(size, size, 3), color(dice, "stone"), torch.sigmoid(2 * layers)
    )
    albedo = mixed(albedo, albedo * 0.4, torch.sigmoid(40 * (crease + 0.04)))
    return Texture(ratio(dice, 0.02, 0.06) * body, albedo, 0.03, 10.0)


def metal(dice: Dice, size: int) -> Texture:
    """Rusty, hammered or painted sheet."""
    field = noise(dice, size, ratio(dice, 0.2, 0.8), smooth=between(dice, 0.2, 0.6))
    rust = torch.sigmoid(ratio(dice, 4.0, 30.0) * (field - between(dice, -0.5, 1.2)))
    blister = noise(dice, size, 0.06, smooth=0.5)
    height = 0.002 * rust * (1 + 0.8 * blister)
    if often(dice, 0.4):
        across = whole(dice, 8, 30)
        pieces = Pieces(across, 0.7, 0.9, 0.25, 0, 0.05, 1.0)
        height = height - (thrown(dice, size, pieces).height * across).clamp_min(0) / across
    tint = torch.exp(0.3 * blister)[..., None]
    rusty = torch.tensor([0.28, 0.1, 0.04], device=dice.device) * tint * ratio(dice, 0.5, 1.6)
    albedo = mixed(
        color(dice, "metal" if often(dice, 0.5) else None).expand(size, size, 3), rusty, rust
    )
    return Texture(height, albedo, between(dice, 0.1, 0.5), 20.0)
