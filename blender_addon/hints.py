# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist painted over a picture: green says that this is flat, red that it is no matter.

Strokes lie in an image of hints over a guide: the picture in dim gray. The guide has no color, so
whatever is clearly green or red is a stroke, however bright the picture under it.
"""

import numpy as np

from .encoding import srgb

FLAT, IGNORE = 1, 2
"""As on the wire; 0 says nothing."""
COLORS = {"FLAT": (0.0, 0.8, 0.1), "IGNORE": (0.9, 0.0, 0.05)}
MARGIN = 0.15
"""By how much green or red must lead over both other channels, of 1."""
DIM = 0.6


def guide_of(picture: np.ndarray) -> np.ndarray:
    """Return (H, W, 4) float32 between 0 and 1: an (H, W, 3 or 4) picture in dim, opaque gray."""
    colors = picture[..., :3]
    shown = colors / 255.0 if picture.dtype == np.uint8 else srgb(colors)
    guide = np.empty((*picture.shape[:2], 4), np.float32)
    guide[..., :3] = DIM * shown.mean(-1, keepdims=True)
    guide[..., 3] = 1.0
    return guide


def hints_of(painted: np.ndarray) -> np.ndarray:
    """Return the strokes of an (H, W, 3 or 4) painted guide as (H, W) uint8."""
    red, green, blue = (painted[..., channel] for channel in range(3))
    hints = np.zeros(painted.shape[:2], np.uint8)
    hints[green - np.maximum(red, blue) > MARGIN] = FLAT
    hints[red - np.maximum(green, blue) > MARGIN] = IGNORE
    return hints
