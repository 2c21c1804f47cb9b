# SPDX-License-Identifier: GPL-3.0-or-later
"""A normal map as the artist wants it: stronger, smoother, level, for another engine.

Everything happens on slopes, n_x/n_z and n_y/n_z, where relief adds up as heights do. Slopes are
never divided out at full size: a band of rows at a time becomes (slope · n_z, n_z), which stays
finite at grazing normals.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Convention = Literal["OPENGL", "DIRECTX"]
Space = Literal["CAMERA", "TANGENT"]

WAVELENGTH = 1 / 8
"""Waves longer than this share of the longest side are shape, shorter ones are detail."""
SIGMA = WAVELENGTH * math.sqrt(math.log(2) / 2) / math.pi
"""Of the Gaussian that halves a wave of that length."""
GRID = 128
"""Longest side of the grid that the shape is found on: three of its cells are a sigma."""
GRAZING = 0.1
"""Smallest n_z that slopes are read at, 84° from the viewer; silhouettes would drown the rest."""
LOWEST = 0.01
"""Smallest n_z of a tangent-space map."""
BAND = 64
"""Rows that are worked on in one go."""


@dataclass(frozen=True)
class Shaping:
    """What is done to a normal map; the defaults leave every bit of it alone."""

    strength: float = 1.0
    """Factor of all slopes."""
    detail: float = 1.0
    """Factor of what is finer than ``WAVELENGTH``."""
    shape: float = 1.0
    """Factor of what is coarser."""
    level: bool = False
    """Take the mean tilt of the object away."""
    space: Space = "CAMERA"
    """Tangent space is that of a plane that faces the viewer: the same, but n_z stays positive."""
    convention: Convention = "OPENGL"
    """OpenGL's green points up, DirectX's down."""

    @property
    def reshapes(self) -> bool:
        """Whether slopes change."""
        return (self.strength, self.detail, self.shape) != (1.0, 1.0, 1.0) or self.level


def shaped(normals: np.ndarray, weight: np.ndarray | None, wanted: Shaping) -> np.ndarray:
    """Return (H, W, 3) float32 unit normals as wanted; the same array where nothing changes.

    ``weight`` (H, W) is where the object is, 0 to 1; None is everywhere.
    """
    if wanted == Shaping():
        return normals
    result = np.array(normals, np.float32)
    if wanted.reshapes:
        _reshape(result, weight, wanted)
    if wanted.space == "TANGENT":
        face_outward(result)
    if wanted.convention == "DIRECTX":
        np.negative(result[..., 1], out=result[..., 1])
    return result


def _reshape(normals: np.ndarray, weight: np.ndarray | None, wanted: Shaping) -> None:
    """Give every normal its new slope: strength · (detail · (slope − low) + shape · low) − tilt."""
    fine = wanted.strength * wanted.detail
    coarse = wanted.strength * (wanted.shape - wanted.detail)
    cell = -(-max(normals.shape[:2]) // GRID)
    sums, weights = _cells(normals, weight, cell)
    low = _blurred(sums, weights, cell / max(normals.shape[:2])) if coarse else sums * 0.0
    offset = low * np.float32(coarse)
    if wanted.level and weights.any():
        mean = fine * sums.sum((0, 1)) + (weights[..., None] * offset).sum((0, 1))
        offset -= (mean / weights.sum()).astype(np.float32)
    across = _interpolation(normals.shape[1], offset.shape[1], cell)
    down = _interpolation(normals.shape[0], offset.shape[0], cell)
    columns = np.einsum("wc,rck->rwk", across, offset)
    for rows in _bands(len(normals)):
        band = normals[rows]
        facing = np.maximum(band[..., 2:], GRAZING)
        band[..., :2] *= np.float32(fine)
        band[..., :2] += np.tensordot(down[rows], columns, 1) * facing
        # How far a normal turns away beyond grazing fades with its detail.
        band[..., 2:] = facing - min(fine, 1.0) * (facing - band[..., 2:])
        _normalise(band)


def face_outward(normals: np.ndarray) -> None:
    """Raise every (H, W, 3) normal's z to ``LOWEST``, in place, as tangent space wants it."""
    for rows in _bands(len(normals)):
        band = normals[rows]
        away = band[..., 2] < LOWEST
        turned = band[away]
        across = np.hypot(turned[:, 0], turned[:, 1])
        turned[:, :2] *= (math.sqrt(1.0 - LOWEST**2) / np.maximum(across, 1e-6))[:, None]
        turned[:, 2] = LOWEST
        turned[across < 1e-6] = (0.0, 0.0, 1.0)  # turned away altogether: there is no side to it
        band[away] = turned


def _cells(
    normals: np.ndarray, weight: np.ndarray | None, cell: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sum weighted slopes, and weights, over square cells: (rows, columns, 2), (rows, columns)."""
    height, width = normals.shape[:2]
    rows = -(-height // cell)
    starts = np.arange(0, width, cell)
    sums = np.empty((rows, len(starts), 2), np.float32)
    weights = np.empty((rows, len(starts)), np.float32)
    for index in range(rows):
        band = slice(index * cell, (index + 1) * cell)
        slopes = normals[band, :, :2] / np.maximum(normals[band, :, 2:], GRAZING)
        seen = np.ones(slopes.shape[:2], np.float32) if weight is None else weight[band]
        sums[index] = np.add.reduceat((slopes * seen[..., None]).sum(0), starts)
        weights[index] = np.add.reduceat(seen.sum(0), starts)
    return sums, weights


def _blurred(sums: np.ndarray, weights: np.ndarray, share: float) -> np.ndarray:
    """Return the slopes on the grid without their detail; only the object counts.

    ``share`` is the side of a cell as a share of the longest side.
    """
    down, across = (_gaussian(number, SIGMA / share) for number in weights.shape)
    blurred = np.einsum("ir,rck,cj->ijk", down, sums, across, optimize=True)
    amount = down @ weights @ across
    return blurred / np.maximum(amount, 1e-12)[..., None]


def _gaussian(number: int, sigma: float) -> np.ndarray:
    distance = np.arange(number)[:, None] - np.arange(number)
    return np.exp(-0.5 * (distance / sigma) ** 2).astype(np.float32)


def _interpolation(pixels: int, cells: int, cell: int) -> np.ndarray:
    """Return the (pixels, cells) weights that interpolate linearly between cells' centres."""
    place = np.clip((np.arange(pixels) + 0.5) / cell - 0.5, 0, cells - 1)
    distance = np.abs(place[:, None] - np.arange(cells))
    return np.maximum(1.0 - distance, 0.0).astype(np.float32)


def _normalise(vectors: np.ndarray) -> None:
    length = np.sqrt(np.einsum("...k,...k->...", vectors, vectors))
    vectors /= np.maximum(length, 1e-12)[..., None]
    vectors[length < 1e-5] = (0.0, 0.0, 1.0)  # all of a grazing normal was shape, and taken away


def _bands(rows: int) -> Iterator[slice]:
    for top in range(0, rows, BAND):
        yield slice(top, top + BAND)
