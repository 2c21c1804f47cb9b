"""What colors materials have in the world, and what time does to them."""

import colorsys
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend.image import srgb_to_linear
from training.scenes.random import Dice
from training.scenes.textures.torus import between, blurred, noise, often, ratio

FAMILIES = {
    "brick": ("9c4a32", "b5613f", "7d3a2a", "a8785a", "c49a6c", "8c8078", "d8d0c4", "5c4a42"),
    "stone": ("8d8a85", "a39c90", "6f6c6a", "b8ab98", "9a8578", "c9c2b4", "58565a", "7d8087"),
    "wood": ("a9774a", "7a5230", "c8a070", "5b3a22", "8e8a82", "b58a5a", "d9bd90", "6e5a48"),
    "soil": ("6b5138", "4a3826", "8a6d4c", "3a3029", "a58a63", "7a5b45"),
    "sand": ("c9b48a", "b59a6e", "d8c8a4", "a08a68", "8c8272"),
    "mortar": ("bdb6aa", "d6d0c4", "9a938a", "a89c84", "7c7670", "e6e2da"),
    "dirt": ("4a4034", "3a352e", "5c4c38", "2c2925", "4d5236", "6b6250"),
    "roof": ("8a4a38", "a65a3e", "5b6470", "4a4d52", "6e4438", "7d7468", "3f4a58"),
    "bark": ("6a5644", "8a7a68", "4c3c30", "9a8e80", "735a42", "a8a29a"),
    "leaf": ("5a6b2e", "7c8a3c", "8a6a34", "a8843e", "49602c", "6b4a2a", "9aa050"),
    "cement": ("9a9a98", "b4b2ac", "7e7d7c", "c6c2b8", "8c867c"),
    "metal": ("8c8c90", "b0b0b4", "6c655e", "a8824a", "7a4a30", "4a4c50", "c8c8c8"),
}
STRAY = 0.06
"""Share of colors from no family: everything is painted, somewhere."""


@dataclass(frozen=True)
class Texture:
    """A material that tiles."""

    height: Float[Tensor, "s s"]
    """Toward the viewer, in widths of the picture."""
    albedo: Float[Tensor, "s s 3"]
    gloss: float = 0.05
    exponent: float = 12.0


def color(dice: Dice, family: str | None) -> Float[Tensor, "3"]:
    """Draw a color of a family in linear light, or any at all."""
    if family is None or often(dice, STRAY):
        value = between(dice, 0.1, 0.9)
        rgb = colorsys.hsv_to_rgb(between(dice, 0.0, 1.0), between(dice, 0.0, 0.85) ** 1.5, value)
    else:
        chosen = FAMILIES[family][int(dice.integers(len(FAMILIES[family]), 1))]
        red, green, blue = (int(chosen[i : i + 2], 16) / 255 for i in (0, 2, 4))
        rgb = (red, green, blue)
    changed = torch.tensor(rgb, device=dice.device) + 0.03 * dice.normal(3)
    return srgb_to_linear((changed * ratio(dice, 0.8, 1.25)).clamp(0.04, 0.97))


def mixed(
    first: Float[Tensor, "*a 3"], second: Float[Tensor, "*b 3"], share: Float[Tensor, "s s"]
) -> Float[Tensor, "s s 3"]:
    """Mix two colors, pixel by pixel."""
    return first + share[..., None] * (second - first)


def varied(
    dice: Dice, base: Float[Tensor, "*s 3"], number: Float[Tensor, "s s"], family: str | None
) -> Float[Tensor, "s s 3"]:
    """Vary a color from cell to cell: by brightness, toward a second color, and a few odd ones."""
    spread = between(dice, 0.1, 0.8) ** 1.5
    second = color(dice, family)
    share = (number * 7.31 % 1) * between(dice, 0.0, 0.8)
    odd = (number * 23.7 % 1 < between(dice, -0.1, 0.15)).float()
    painted = mixed(mixed(base, second, share), color(dice, family), 0.7 * odd)
    return painted * torch.exp(spread * (2 * number - 1))[..., None]


def weathered(dice: Dice, made: Texture, calm: float = 1.0) -> Texture:
    """Let dirt gather in cavities, edges wear, clouds, stains and grain lie over it all.

    ``calm`` is the share that is left of what does not follow the relief.
    """
    size = made.height.shape[-1]
    scale = ratio(dice, 0.01, 0.06)
    hollow = blurred(made.height, scale) - made.height
    hollow = hollow / hollow.std().clamp_min(1e-9)
    clouds = noise(dice, size, ratio(dice, 0.3, 1.0), smooth=between(dice, 0.2, 0.8))
    grain = noise(dice, size, ratio(dice, 0.01, 0.08), shortest=0.0, smooth=-0.2)
    albedo = made.albedo
    albedo = albedo * torch.exp(calm * between(dice, 0.0, 0.3) * clouds)[..., None]
    albedo = albedo * torch.exp(calm * between(dice, 0.0, 0.16) * grain)[..., None]
    dirt = torch.sigmoid(2.5 * (hollow - between(dice, 0.3, 1.2)) + 0.6 * calm * clouds)
    if often(dice, 0.7):
        darker = albedo * between(dice, 0.15, 0.7)
        soil = darker if often(dice, 0.6) else color(dice, "dirt").expand_as(albedo)
        albedo = mixed(albedo, soil, between(dice, 0.3, 1.0) * dirt)
    if often(dice, 0.4):
        worn = torch.sigmoid(3 * (-hollow - between(dice, 0.7, 1.5)) + 0.5 * calm * clouds)
        pale = (albedo * between(dice, 1.2, 2.0)).clamp_max(0.9)
        bare = pale if often(dice, 0.7) else color(dice, "stone").expand_as(albedo)
        albedo = mixed(albedo, bare, between(dice, 0.2, 0.8) * worn)
    if often(dice, 0.3 * calm):
        stain = torch.sigmoid(ratio(dice, 2.0, 20.0) * (clouds - between(dice, 0.5, 1.5)))
        albedo = mixed(albedo, color(dice, "dirt"), between(dice, 0.2, 0.8) * stain)
    return replace(made, albedo=albedo.clamp(0.015, 0.95))


def peeling(dice: Dice, made: Texture) -> Texture:
    """Cover a part with a thin coat that flakes off: paint, moss, snow of plaster."""
    size = made.height.shape[-1]
    field = noise(dice, size, ratio(dice, 0.2, 0.9), smooth=between(dice, 0.3, 0.8))
    edge = torch.sigmoid(ratio(dice, 15.0, 60.0) * (field - between(dice, -0.8, 1.0)))
    thick = ratio(dice, 0.001, 0.006)
    coat = color(dice, None) * torch.exp(0.1 * noise(dice, size, 0.5))[..., None]
    # a coat levels what lies under it
    level = made.height + edge * (0.6 * (blurred(made.height, 0.006) - made.height) + thick)
    return replace(made, height=level, albedo=mixed(made.albedo, coat, edge))
