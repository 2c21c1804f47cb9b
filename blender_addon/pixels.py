# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender gives out as an image's values, made into what goes to the backend.

Arrays run top to bottom, Blender's rows bottom to top.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

ColorSpace = Literal["linear", "data"]
"""What an image's values are: linear light, or no colors."""


@dataclass(frozen=True)
class Pixels:
    """An image's values as Blender gives them out."""

    values: np.ndarray
    """(H, W, channels) float32."""
    eight_bit: bool
    """Whether they were whole 255ths in the file."""
    premultiplied: bool
    """Whether the colors are multiplied by alpha."""


def picture_of(pixels: Pixels) -> np.ndarray:
    """Return (H, W, 3 or 4) values, alpha straight: uint8 as in the file, or float32."""
    values = pixels.values  # an alpha that is 1 all over goes along: dropping it is a copy
    if values.shape[2] < 3:
        values = np.broadcast_to(values[..., :1], (*values.shape[:2], 3))
    if pixels.eight_bit:
        scaled = values * np.float32(255.0)
        return np.rint(scaled, out=scaled).astype(np.uint8, order="C")
    if pixels.premultiplied and values.shape[2] == 4 and bool((values[..., 3] != 1.0).any()):
        values = _straight(values)
    return np.ascontiguousarray(values)


def mask_of(pixels: Pixels) -> np.ndarray:
    """Return (H, W) uint8, white is the object."""
    values = pixels.values
    white = values[..., :3].max(-1) if values.shape[2] >= 3 else values[..., 0]
    if values.shape[2] == 4:
        white = white * values[..., 3]
    return (np.nan_to_num(white).clip(0.0, 1.0) * 255.0).astype(np.uint8)


def normal_colors(normals: np.ndarray) -> np.ndarray:
    """Return (H, W, 3) normals as the colors of a normal map."""
    colors = normals * np.float32(0.5)
    colors += np.float32(0.5)
    return colors


def _straight(premultiplied: np.ndarray) -> np.ndarray:
    straight = premultiplied.copy()
    alpha = straight[..., 3:]
    np.divide(straight[..., :3], alpha, out=straight[..., :3], where=alpha > 0.0)
    return straight
