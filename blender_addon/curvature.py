# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a surface bends at every pixel: ridges bright, creases dark, for masks of wear."""

import numpy as np

RADIUS_SHARE = 1 / 128
"""A ball of this radius, as a share of the longest side, is at tanh(1) of the way to white."""
BAND = 256
"""Rows that are worked on in one go."""


def curvature_map(normals: np.ndarray, scale: float, seamless: bool) -> np.ndarray:
    """Return (H, W) values, 0.5 where the surface is flat, more where it bulges, 0 to 1.

    The divergence of (n_x, n_y) over the picture is 2 / r in pixels in the middle of a ball of
    radius r, and −2 / r in that of a hollow. ``normals`` is (H, W, 3): x right, y up, z toward the
    viewer, the first row on top.
    """
    height, width = normals.shape[:2]
    factor = np.float32(scale * max(height, width) * RADIUS_SHARE / 2)
    across = np.arange(-1, width + 1) % width if seamless else _clamped(width)
    down = np.arange(-1, height + 1) % height if seamless else _clamped(height)
    result = np.empty((height, width), np.float32)
    for top in range(0, height, BAND):
        rows = np.arange(top, min(top + BAND, height))
        x, y = normals[rows, :, 0][:, across], normals[..., 1]
        bulge = (x[:, 2:] - x[:, :-2]) / _steps(across)
        bulge += (y[down[rows]] - y[down[rows + 2]]) / _steps(down)[rows, None]  # y points up
        result[rows] = 0.5 + 0.5 * np.tanh(factor * bulge)
    return result


def _clamped(count: int) -> np.ndarray:
    return np.arange(-1, count + 1).clip(0, count - 1)


def _steps(indices: np.ndarray) -> np.ndarray:
    """Return how many pixels lie between the neighbours: 1 at a border without a far side."""
    apart = (indices[2:] - indices[:-2]) % (len(indices) - 2)
    return np.maximum(apart, 1).astype(np.float32)
