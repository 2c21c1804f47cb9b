# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals that hold still from frame to frame where the picture does."""

from dataclasses import dataclass

import numpy as np

from .encoding import srgb

CHANGE = 0.06
"""A picture that changes by this much of its range (sRGB) shows something else: no blending."""
MOST = 0.95
"""Share of the frame before at full steadiness; with all of it nothing would ever move again."""


@dataclass(frozen=True)
class Frame:
    """A finished frame."""

    picture: np.ndarray
    """(H, W, 3 or 4), uint8 or linear float, as it was sent."""
    normals: np.ndarray
    """(H, W, 3), unit."""


def steady(frame: Frame, before: Frame, steadiness: float) -> np.ndarray:
    """Blend a frame's normals with those of the frame before where the picture hardly changed.

    The share of the frame before falls from ``steadiness`` (0 to 1) to nothing as the picture's
    change rises to ``CHANGE``. Returns (H, W, 3) unit normals; frames of two sizes do not blend.
    """
    if steadiness <= 0.0 or frame.normals.shape != before.normals.shape:
        return frame.normals
    change = np.abs(_shown(frame.picture) - _shown(before.picture)).max(-1, keepdims=True)
    share = min(steadiness, MOST) * np.clip(1.0 - change / CHANGE, 0.0, 1.0)
    blended = frame.normals + share * (before.normals - frame.normals)
    length = np.linalg.norm(blended, axis=-1, keepdims=True)
    # Opposite normals have no mean: the new one stands.
    normals = np.where(length > 1e-3, blended / np.maximum(length, 1e-3), frame.normals)
    return normals.astype(np.float32)


def _shown(picture: np.ndarray) -> np.ndarray:
    colors = picture[..., :3]
    return colors.astype(np.float32) / 255.0 if picture.dtype == np.uint8 else srgb(colors)
