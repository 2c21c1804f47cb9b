# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals that hold still from frame to frame where the picture does."""

from dataclasses import dataclass

import numpy as np

from .encoding import srgb
from .shared.steadiness import changes, steadied


@dataclass(frozen=True)
class Frame:
    """A finished frame."""

    picture: np.ndarray
    """(H, W, 3 or 4), uint8 or linear float, as it was sent."""
    normals: np.ndarray
    """(H, W, 3), unit."""


def steady(frame: Frame, before: Frame, steadiness: float) -> np.ndarray:
    """Blend a frame's normals with those of the frame before; frames of two sizes do not blend."""
    if steadiness <= 0.0 or frame.normals.shape != before.normals.shape:
        return frame.normals
    change = changes(_shown(frame.picture), _shown(before.picture))
    return steadied(frame.normals, before.normals, change, steadiness)


def _shown(picture: np.ndarray) -> np.ndarray:
    colors = picture[..., :3]
    return colors.astype(np.float32) / 255.0 if picture.dtype == np.uint8 else srgb(colors)
