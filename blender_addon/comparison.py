# SPDX-License-Identifier: GPL-3.0-or-later
"""The input and the re-rendered picture side by side, without Blender."""

from dataclasses import dataclass

import numpy as np

WIDEST = 1024
"""Pixels: few enough that the comparison follows the slider."""


@dataclass(frozen=True)
class Halves:
    """What is compared: two (H, W, 3) pictures of one size, linear float32."""

    name: str
    """Of what was estimated."""
    picture: np.ndarray
    rerendered: np.ndarray


def halves(name: str, picture: np.ndarray, encoded: bool, rerendered: np.ndarray) -> Halves:
    """Take both pictures at a size that is quick to show.

    ``picture`` is (H, W, 3 or 4), uint8 or float, sRGB where it is ``encoded``.
    """
    small = _reduced(picture[..., :3])
    values = small.astype(np.float32) / np.float32(255.0 if small.dtype == np.uint8 else 1.0)
    return Halves(name, linear(values) if encoded else values, _reduced(rerendered))


def joined(both: Halves, split: float) -> np.ndarray:
    """Return (H, W, 3) with the input left of ``split`` (0..1) and the re-rendered right of it."""
    border = round(split * both.picture.shape[1])
    return np.concatenate([both.picture[:, :border], both.rerendered[:, border:]], axis=1)


def linear(srgb: np.ndarray) -> np.ndarray:
    """Decode sRGB values to linear light."""
    bright = ((srgb.clip(0.0) + 0.055) / 1.055) ** 2.4
    return np.where(srgb <= 0.04045, srgb / 12.92, bright).astype(np.float32)


def _reduced(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    share = min(1.0, WIDEST / width)
    rows, columns = (
        ((np.arange(count) + 0.5) * size / count).astype(int)
        for size, count in ((height, max(1, round(height * share))), (width, round(width * share)))
    )
    return picture[np.ix_(rows, columns)]
