# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussians apart from any file and from Blender: what is known of each of them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Splats:
    """N Gaussians in Blender's camera: x right, y up, z toward the viewer; all float32."""

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
