# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussians apart from any file and from Blender: what is known of each of them."""

from dataclasses import dataclass, replace

import numpy as np

from .comparison import linear
from .encoding import for_display
from .shared.spz import SH_BAND0


class UnusableFile(Exception):
    """The file holds no Gaussians that can be read; the text says why and what to do."""


@dataclass(frozen=True)
class Splats:
    """N Gaussians; all float32.

    The axes are those of Blender's camera: x right, y up, z toward the viewer. A cloud that
    another program made has its own, which Blender's importers turn so that z is up.
    """

    means: np.ndarray
    """(N, 3)."""
    normals: np.ndarray
    """(N, 3), unit length; zeros where they are not known."""
    colours: np.ndarray
    """(N, 3), linear."""
    opacities: np.ndarray
    """(N,), 0..1."""
    scales: np.ndarray
    """(N, 3), standard deviations along the axes of ``quats``."""
    quats: np.ndarray
    """(N, 4), wxyz, unit length."""
    harmonics: np.ndarray | None = None
    """(N, K, 3), what the direction of view adds, for display: 3, 8 or 15 for each color."""
    foreign: bool = False
    """Whether another program made them."""


def harmonic(colours: np.ndarray) -> np.ndarray:
    """Return linear colors as files and Blender hold them: the constant harmonic for display."""
    return (for_display(colours.astype(np.float64)) - 0.5) / SH_BAND0


def colours_of(constant: np.ndarray) -> np.ndarray:
    """Return the linear colors of constant harmonics, the inverse of ``harmonic``."""
    return linear(constant.astype(np.float64) * SH_BAND0 + 0.5)


def y_up(splats: Splats) -> Splats:
    """Turn Gaussians of another program from z up to y up, which undoes Blender's import."""
    if not splats.foreign:
        return splats
    half = np.float32(np.sqrt(0.5))
    w, x, y, z = splats.quats.T
    quats = np.column_stack([w + x, x - w, y + z, z - y]) * half  # after a turn of -90° about x
    turned = [values[:, [0, 2, 1]] * (1, 1, -1) for values in (splats.means, splats.normals)]
    means, normals = (values.astype(np.float32) for values in turned)
    return replace(splats, means=means, normals=normals, quats=quats)
