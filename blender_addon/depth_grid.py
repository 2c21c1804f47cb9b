# SPDX-License-Identifier: GPL-3.0-or-later
"""A depth map as a grid of quads in camera space, without Blender."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lens:
    """How camera space and the picture hang together."""

    across: float
    """Width of the whole picture in camera space, at depth 1 where the view is perspective."""
    principal: tuple[float, float]
    """Where the optical axis meets the picture, from its upper left, in widths and heights."""
    perspective: bool


@dataclass(frozen=True)
class Grid:
    """The quads of a surface."""

    positions: np.ndarray
    """(V, 3) float32, camera space."""
    uvs: np.ndarray
    """(V, 2) float32, v upward as in Blender."""
    quads: np.ndarray
    """(F, 4) int32 indices, counterclockwise seen by the camera."""


def grid(depth: np.ndarray, inside: np.ndarray, lens: Lens, side: int) -> Grid:
    """Put a corner on every pixel, or on every few so that the longest side has ``side`` corners.

    ``depth`` is (H, W); quads with a corner outside of ``inside`` (H, W, bool) are left out.
    """
    rows, columns = _picks(depth.shape, side)
    z = depth[np.ix_(rows, columns)].astype(np.float32)
    u, v = np.meshgrid((columns + 0.5) / depth.shape[1], (rows + 0.5) / depth.shape[0])
    positions = _unprojected(z, u, v, lens, depth.shape[0] / depth.shape[1])
    uvs = np.stack([u, 1.0 - v], axis=-1).reshape(-1, 2)
    quads = _quads(inside[np.ix_(rows, columns)] & np.isfinite(z))
    used = np.zeros(z.size, bool)
    used[quads] = True
    renumbered = (np.cumsum(used) - 1).astype(np.int32)[quads]
    return Grid(positions[used].astype(np.float32), uvs[used].astype(np.float32), renumbered)


def _picks(shape: tuple[int, ...], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows and columns get corners, evenly spread from edge to edge."""
    share = min(1.0, side / max(shape))
    rows, columns = (
        np.linspace(0, size - 1, max(2, round(size * share))).round().astype(int) for size in shape
    )
    return rows, columns


def _unprojected(
    z: np.ndarray, u: np.ndarray, v: np.ndarray, lens: Lens, aspect: float
) -> np.ndarray:
    spread = lens.across * (z if lens.perspective else np.ones_like(z))
    px, py = lens.principal
    return np.stack([(u - px) * spread, (py - v) * aspect * spread, -z], axis=-1).reshape(-1, 3)


def _quads(inside: np.ndarray) -> np.ndarray:
    index = np.arange(inside.size).reshape(inside.shape)
    first, second = slice(None, -1), slice(1, None)  # rows run down: the second is the lower
    corners = (second, first), (second, second), (first, second), (first, first)
    whole = np.logical_and.reduce([inside[corner] for corner in corners])
    return np.stack([index[corner][whole] for corner in corners], axis=-1)
