# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals seen by a camera, carried over to a mesh's UV map and into its tangent space.

Pure, for a thread. Every texel of the UV map is found on the mesh, looked up in the picture where
the camera sees it, and its normal is written as the sum of tangent, bitangent and normal that a
renderer will read it as: color.x·T + color.y·B + color.z·N, with vectors interpolated and not
normalised, B = sign·(N × T).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .maps import outward_steps, padded
from .shaping import face_outward

BAND = 1 << 16
"""Pixels that are worked on in one go; other threads get their turn in between."""
SIGHT = 1024
"""Longest side, in pixels, of the picture of distances that tells what stands before what."""
SLACK = 2e-3
"""Share of its distance that a surface may lie behind itself, by rounding."""
INSIDE = -1e-6
"""Smallest barycentric weight that still counts as inside."""


@dataclass(frozen=True)
class Surface:
    """Triangles, with a value for each of their corners."""

    places: np.ndarray
    """(T, 3, 3), camera space: x right, y up, z toward the viewer."""
    uvs: np.ndarray
    """(T, 3, 2), from the lower left."""
    normals: np.ndarray
    """(T, 3, 3), the object's own space, as the tangents."""
    tangents: np.ndarray
    signs: np.ndarray
    """(T,), of the bitangents."""
    to_object: np.ndarray
    """(3, 3), takes normals from camera space to the object's."""
    mirrored: bool = False
    """Whether the object's scale turns its faces over."""


@dataclass(frozen=True)
class Frame:
    """What the camera's picture shows: at distance 1 in perspective, anywhere without."""

    left: float
    bottom: float
    width: float
    height: float
    perspective: bool

    def pixels(self, places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Project (..., 3) camera-space places to (..., 2) pixels, x right and y down."""
        across = places[..., :2]
        if self.perspective:
            across = across / np.maximum(-places[..., 2:], 1e-9)
        x = (across[..., 0] - self.left) / self.width * size[1]
        y = (1.0 - (across[..., 1] - self.bottom) / self.height) * size[0]
        return np.stack([x, y], -1)


@dataclass(frozen=True)
class Fragments:
    """Pixels that triangles cover."""

    rows: np.ndarray
    columns: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    """(N, 3), barycentric."""

    def of(self, values: np.ndarray) -> np.ndarray:
        """Interpolate (T, 3, ...) values of corners."""
        return np.einsum("nk,nk...->n...", self.weights, values[self.triangles])

    def where(self, kept: np.ndarray) -> "Fragments":
        """Keep some of them."""
        return Fragments(
            self.rows[kept], self.columns[kept], self.triangles[kept], self.weights[kept]
        )


def bake(
    surface: Surface, frame: Frame, normals: np.ndarray, size: int, padding: int
) -> np.ndarray | None:
    """Return the (size, size, 3) float32 tangent-space map; None where the camera sees nothing.

    ``normals`` (H, W, 3) are the picture's, camera space. What the camera does not see is flat.
    """
    result = np.zeros((size, size, 3), np.float32)
    result[..., 2] = 1.0
    baked = np.zeros((size, size), bool)
    distances = _distances(surface, frame, normals.shape[:2])
    facing = _facing(surface)
    corners = np.stack([surface.uvs[..., 0], 1.0 - surface.uvs[..., 1]], -1) * size
    for found in fragments(corners, (size, size)):
        places = found.of(surface.places)
        seen = _faces(places, facing[found.triangles], frame)
        seen &= _in_sight(places, frame, distances)
        found = found.where(seen)  # noqa: PLW2901  the rest is of no use
        world = _sampled(normals, frame.pixels(places[seen], normals.shape[:2]))
        result[found.rows, found.columns] = _tangent(surface, found, world @ surface.to_object.T)
        baked[found.rows, found.columns] = True
    if not baked.any():
        return None
    face_outward(result)
    return padded(result, outward_steps(baked, padding))


def fragments(corners: np.ndarray, size: tuple[int, int]) -> Iterator[Fragments]:
    """Find the pixels whose centres lie in (T, 3, 2) triangles, a band of rows at a time."""
    low = np.ceil(corners.min(1) - 0.5).clip(0, None).astype(np.int64)
    high = np.floor(corners.max(1) - 0.5).clip(None, (size[1] - 1, size[0] - 1)).astype(np.int64)
    band = max(1, BAND // size[1])
    for top in range(0, size[0], band):
        first = np.maximum(low[:, 1], top)
        rows = (np.minimum(high[:, 1], top + band - 1) - first + 1).clip(0)
        columns = (high[:, 0] - low[:, 0] + 1).clip(0)
        counts = rows * columns
        triangles = np.repeat(np.arange(len(corners)), counts)
        within = np.arange(len(triangles)) - np.repeat(np.cumsum(counts) - counts, counts)
        y = first[triangles] + within // columns[triangles]
        x = low[triangles, 0] + within % columns[triangles]
        weights = _barycentric(corners[triangles], np.stack([x, y], -1) + 0.5)
        boxed = Fragments(y, x, triangles, weights)
        yield boxed.where(weights.min(-1) >= INSIDE)


def _barycentric(corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = _cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):  # triangles without area cover nothing
        second = _cross(places - a, c - a) / area
        third = _cross(b - a, places - a) / area
    return np.stack([1.0 - second - third, second, third], -1)


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]


def _distances(surface: Surface, frame: Frame, shape: tuple[int, int]) -> np.ndarray:
    """Return how far the nearest surface is in every pixel of a small picture, or infinity.

    Triangles that reach behind the camera hide nothing: they cannot be projected.
    """
    shrink = min(1.0, SIGHT / max(shape))
    size = (max(1, round(shape[0] * shrink)), max(1, round(shape[1] * shrink)))
    ahead = (surface.places[..., 2] < 0.0).all(1) | (not frame.perspective)
    places = surface.places[ahead]
    nearest = np.full(size, np.inf)
    depth = -places[..., 2]
    for found in fragments(frame.pixels(places, size), size):
        # across a picture it is 1/depth that changes evenly
        far = 1.0 / found.of(1.0 / depth) if frame.perspective else found.of(depth)
        np.minimum.at(nearest, (found.rows, found.columns), far)
    return _widest(nearest)


def _widest(nearest: np.ndarray) -> np.ndarray:
    """Return the largest of each pixel and its neighbours: a slanted surface hides not itself."""
    framed = np.pad(nearest, 1, mode="edge")
    height, width = nearest.shape
    windows = [framed[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.max(windows, axis=0)


def _facing(surface: Surface) -> np.ndarray:
    a, b, c = (surface.places[:, corner] for corner in range(3))
    outward = np.cross(b - a, c - a)
    return -outward if surface.mirrored else outward


def _faces(places: np.ndarray, outward: np.ndarray, frame: Frame) -> np.ndarray:
    if frame.perspective:
        return (np.einsum("nk,nk->n", outward, -places) > 0.0) & (places[:, 2] < 0.0)
    return outward[:, 2] > 0.0


def _in_sight(places: np.ndarray, frame: Frame, distances: np.ndarray) -> np.ndarray:
    pixels = np.floor(frame.pixels(places, distances.shape)).astype(np.int64)
    x, y = pixels[:, 0], pixels[:, 1]
    inside = (x >= 0) & (y >= 0) & (x < distances.shape[1]) & (y < distances.shape[0])
    nearest = distances[y.clip(0, distances.shape[0] - 1), x.clip(0, distances.shape[1] - 1)]
    depth = -places[:, 2]
    return inside & (depth <= nearest + SLACK * np.abs(depth))


def _sampled(values: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Interpolate (H, W, 3) values at (N, 2) pixels, whose centres are at halves."""
    last = (values.shape[1] - 1, values.shape[0] - 1)
    places = (pixels - 0.5).clip(0, last)
    low = np.minimum(places.astype(np.int64), np.maximum(np.array(last) - 1, 0))
    right, down = (places - low).T[..., None]
    x, y = low.T
    upper = values[y, x] * (1 - right) + values[y, np.minimum(x + 1, last[0])] * right
    y = np.minimum(y + 1, last[1])
    lower = values[y, x] * (1 - right) + values[y, np.minimum(x + 1, last[0])] * right
    return upper * (1 - down) + lower * down


def _tangent(surface: Surface, found: Fragments, normals: np.ndarray) -> np.ndarray:
    """Solve c.x·T + c.y·B + c.z·N = normal for unit c, for each fragment."""
    n, t = found.of(surface.normals), found.of(surface.tangents)
    b = np.cross(n, t) * surface.signs[found.triangles, None]
    axes = [np.cross(b, n), np.cross(n, t), np.cross(t, b)]
    volume = np.einsum("nk,nk->n", t, axes[0])
    solved = np.stack([np.einsum("nk,nk->n", normals, axis) for axis in axes], -1)
    solved *= np.where(volume < 0.0, -1.0, 1.0)[:, None]
    length = np.linalg.norm(solved, axis=-1, keepdims=True)
    return np.where(length > 1e-9, solved / np.maximum(length, 1e-9), (0.0, 0.0, 1.0))
