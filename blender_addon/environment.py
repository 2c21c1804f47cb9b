# SPDX-License-Identifier: GPL-3.0-or-later
"""Ambient irradiance harmonics to the light that causes them, as a picture of the whole sky.

The engine's model says radiance = albedo · E(n). Blender's diffuse surfaces say radiance =
albedo / π · ∫ L cos, so the sky's radiance L has to make ∫ L cos = π E. The cosine weights the
bands of L by π, 2π/3 and π/4 (Ramamoorthi & Hanrahan 2001); the bands of L are therefore those of
E times 1, 3/2 and 4.
"""

import numpy as np

ROWS, COLUMNS = 64, 128
GAINS = np.array([1.0] + [1.5] * 3 + [4.0] * 5)
CORRECTIONS = 60
"""Times that a sky, which cannot be darker than black, is pulled toward the wanted light."""


def harmonics(directions: np.ndarray) -> np.ndarray:
    """Evaluate 1, y, z, x, xy, yz, 3z²−1, xz, x²−y² at (..., 3) unit vectors: (..., 9)."""
    x, y, z = np.moveaxis(directions, -1, 0)
    terms = [np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
    return np.stack(terms, axis=-1)


def sky_directions(rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Return where Blender sees each pixel of an equirectangular picture: (rows, columns, 3).

    Rows run top to bottom. The picture's middle is Blender's +x, and +y lies left of it.
    """
    up = (0.5 - (np.arange(rows) + 0.5) / rows)[:, None] * np.pi
    around = (0.5 - (np.arange(columns) + 0.5) / columns)[None] * 2.0 * np.pi
    x, y = np.cos(up) * np.cos(around), np.cos(up) * np.sin(around)
    return np.stack([x, y, np.broadcast_to(np.sin(up), x.shape)], axis=-1)


def solid_angles(rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Return the share of the sky that each pixel covers, in steradians: (rows, columns)."""
    edges = np.sin((0.5 - np.arange(rows + 1) / rows) * np.pi)
    return np.repeat((edges[:-1] - edges[1:])[:, None], columns, 1) * 2.0 * np.pi / columns


def to_camera(directions: np.ndarray) -> np.ndarray:
    """Turn directions in the scene to those of the camera that faces a standing card."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack([x, z, -y], axis=-1)


def environment(ambient: np.ndarray) -> np.ndarray:
    """Return the sky that lights a standing card with that ambient light.

    ``ambient`` is (9, 3), see ``Light``; the result (64, 128, 3) float32, linear, not negative.
    Where harmonics ask for darkness below black, the rest of the sky is corrected, so that the
    light on surfaces stays what was asked for as far as any sky can give it.
    """
    basis = harmonics(to_camera(sky_directions())).reshape(-1, 9)
    weights = solid_angles().reshape(-1, 1)
    wanted = ambient * GAINS[:, None]
    projection = np.linalg.solve(basis.T @ (weights * basis), (weights * basis).T)
    bands = wanted.copy()
    for _ in range(CORRECTIONS):
        bands += wanted - projection @ (basis @ bands).clip(min=0.0)
    return (basis @ bands).clip(min=0.0).reshape(ROWS, COLUMNS, 3).astype(np.float32)


def facing_average(ambient: np.ndarray) -> np.ndarray:
    """Return the mean ambient irradiance over all surfaces that face the viewer: (3,)."""
    mean = ambient[0] + 0.5 * ambient[2]  # over that half of the sphere z is 1/2, the rest is 0
    return mean.clip(min=0.0)
