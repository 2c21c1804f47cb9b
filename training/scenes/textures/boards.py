"""Wood: boards with gaps, grain, knots and nails; and bark."""

import torch
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures.layouts import Layout, courses, warped
from training.scenes.textures.paint import Texture, color, mixed, varied
from training.scenes.textures.torus import axes, between, each, moved, noise, often, ratio, whole


def planks(dice: Dice, size: int) -> Texture:
    """Boards side by side: floors, fences, decks, shingled sides."""
    boards = whole(dice, 2, 12)
    at = warped(dice, size, 1.0, between(dice, 0.0, 0.02) / boards)
    ends = 1 if often(dice, 0.5) else whole(dice, 1, 3)
    layout = courses(dice, at, boards, ends, (between(dice, 0.0, 0.4) ** 2, 0.5), None, 0.01)
    unit = 1 / boards
    grain, tone = _grain(dice, layout, unit)
    gap = between(dice, 0.01, 0.08)
    inward = (layout.inset / unit - gap / 2) / between(dice, 0.02, 0.1)
    if ends == 1:
        half = (0.5 - (layout.y / unit).abs() / between(dice, 0.96, 1.0)) - gap / 2
        inward = half / between(dice, 0.02, 0.1)
    edge = inward.clamp(0, 1)
    lean = each(dice, layout.cells, -1.0, 1.0)
    cup = between(dice, -0.06, 0.06) * (2 * layout.y / unit).square()
    slope = between(dice, 0.0, 0.25) if often(dice, 0.2) else 0.0
    stand = between(dice, 0.0, 0.06) * lean + cup + (slope + 0.05 * lean) * layout.y / unit
    deep = between(dice, 0.08, 0.3)
    board = stand + deep * (edge * (2 - edge) - 1) * (inward > -1) - deep * (inward <= -1)
    height = unit * (board + ratio(dice, 0.004, 0.03) * grain * edge)
    wood = _wood_color(dice, layout, tone)
    dark = color(dice, "dirt") * between(dice, 0.2, 0.8)
    albedo = mixed(dark.expand_as(wood), wood, torch.sigmoid(6 * (inward + 0.3)))
    height, albedo = _nailed(dice, layout, unit, height, albedo)
    if often(dice, 0.5):
        height, albedo = height.mT, albedo.transpose(0, 1)
    return Texture(height, albedo, 0.3 * between(dice, 0.0, 1.0) ** 3, 20.0)


def bark(dice: Dice, size: int) -> Texture:
    """Bark: plates between long fissures, flaking here and there."""
    run = between(dice, 0.15, 0.5)
    coarse = noise(dice, size, ratio(dice, 0.06, 0.2), 0.02, smooth=1.0, run=1.0 / run)
    ridges = coarse.abs().clamp_max(between(dice, 0.5, 1.3))
    cracks = noise(dice, size, 0.15, 0.02, smooth=0.8, run=between(dice, 0.5, 1.0)).abs()
    fine = noise(dice, size, 0.06, smooth=0.5, run=1.0 / run)
    flakes = torch.sigmoid(20 * (noise(dice, size, 0.25, smooth=0.4) - between(dice, 0.0, 1.5)))
    raised = between(dice, 0.0, 0.4) if often(dice, 0.6) else 0.0
    body = ridges + 0.3 * cracks.clamp_max(0.4) + between(dice, 0.03, 0.12) * fine
    deep = (ridges / ridges.max()).clamp(0, 1)
    albedo = mixed(color(dice, "soil") * 0.5, color(dice, "bark"), deep.sqrt())
    if raised:
        albedo = mixed(albedo, color(dice, "bark"), flakes)
    albedo = albedo * torch.exp(0.15 * fine)[..., None]
    return Texture(ratio(dice, 0.02, 0.05) * (body + raised * flakes), albedo, 0.02, 8.0)


def _grain(dice: Dice, layout: Layout, unit: float) -> tuple[Tensor, Tensor]:
    """Return the relief of a wood's grain and its tone, both about −1 to 1."""
    size = layout.inset.shape[-1]
    # noise runs along the boards, which lie across the picture
    wave = noise(dice, size, 0.7 * unit, 0.02, smooth=1.0, run=0.1)
    fibers = moved(dice, noise(dice, size, 0.15 * unit, 0.006, smooth=0.0, run=0.04), layout.cells)
    knots, swell = _knots(dice, size, unit)
    wave = moved(dice, wave, layout.cells)
    rings = ratio(dice, 3.0, 14.0)
    phase = rings * (layout.y / unit + 0.25 * wave + swell) + 9 * each(dice, layout.cells)
    saw = phase % 1
    late = saw**3 * torch.sigmoid(20 * (0.97 - saw))
    late = late * between(dice, 0.0, 1.0)
    grain = 0.5 * fibers - late - 1.5 * knots * between(dice, -1.0, 1.0)
    tone = 0.3 * fibers - 1.2 * late - 2.0 * knots
    return grain, tone


def _knots(dice: Dice, size: int, unit: float) -> tuple[Tensor, Tensor]:
    """Return where knots are, 0 to 1, and how they push the rings aside."""
    u, v = axes(dice, size)
    core, swell = (
        torch.zeros(size, size, device=dice.device),
        torch.zeros(size, size, device=dice.device),
    )
    for _ in range(int(dice.integers(12, 1))):
        wide = unit * between(dice, 0.03, 0.12)
        x = (u - between(dice, 0.0, 1.0) + 0.5) % 1 - 0.5
        y = (v - between(dice, 0.0, 1.0) + 0.5) % 1 - 0.5
        far = torch.hypot(x / 1.5, y) / wide
        core = torch.maximum(core, torch.sigmoid(6 * (1 - far)))
        swell = swell + y.sign() * wide / unit * 1.5 * torch.exp(
            -(x / (6 * wide)).square() - far / 4
        )
    return core, swell


def _wood_color(dice: Dice, layout: Layout, tone: Tensor) -> Float[Tensor, "s s 3"]:
    number = each(dice, layout.cells)
    base = color(dice, "wood")
    wood = varied(dice, base, number, "wood") if often(dice, 0.8) else base.expand(*tone.shape, 3)
    return wood * torch.exp(between(dice, 0.1, 0.5) * tone)[..., None]


def _nailed(
    dice: Dice, layout: Layout, unit: float, height: Tensor, albedo: Tensor
) -> tuple[Tensor, Tensor]:
    """Drive nails through some boards, two across each."""
    if often(dice, 0.6):
        return height, albedo
    size = height.shape[-1]
    u, _ = axes(dice, size)
    wide = unit * between(dice, 0.02, 0.05)
    column = (u - between(dice, 0.0, 1.0) + 0.5) % 1 - 0.5
    far = torch.hypot(column, layout.y.abs() - 0.32 * unit) / wide
    head = torch.sigmoid(8 * (1 - far))
    up = between(dice, -0.5, 0.6) * wide
    return height + up * head, mixed(albedo, color(dice, "metal") * 0.6, head)
