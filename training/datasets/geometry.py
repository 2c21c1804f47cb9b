"""What the readers share: cameras from intrinsics, and normals from depth where none are given."""

import math

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

JUMP = 0.05
"""Step of the depth from pixel to pixel, as a share of it, across which there is no surface."""
REACH = 1.5
"""Spread of the window in which a plane is fitted, pixels; a sensor's noise is finer than that."""


def field_of_view(focal: float, width: int) -> float:
    """Return the horizontal field of view in degrees; ``focal`` in pixels."""
    return math.degrees(2 * math.atan(width / 2 / focal))


def principal_point(cx: float, cy: float, width: int, height: int) -> tuple[float, float]:
    """Return the principal point as shares of the picture; pixel centres count as integers."""
    return (cx + 0.5) / width, (cy + 0.5) / height


def normals_of_depth(
    depth: Float[np.ndarray, "h w"],
    known: Bool[np.ndarray, "h w"],
    focal: tuple[float, float],
    centre: tuple[float, float],
) -> tuple[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """Fit a plane around each pixel of a depth map (z along the axis, any unit); wire axes.

    On a plane 1/z is linear in the pixels, so the fit is exact on one, up to the edge of a hole.
    Also returns where the normals mean something: where depth is known and does not jump.
    """
    v, u = np.mgrid[: depth.shape[0], : depth.shape[1]].astype(float)
    u, v = u - centre[0], v - centre[1]
    inverse = 1 / np.where(known, depth, 1.0)
    weight = np.maximum(ndimage.gaussian_filter(known.astype(float), REACH), 1e-9)

    def mean(values: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(known * values, REACH) / weight

    mu, mv, md = mean(u), mean(v), mean(inverse)
    uu, uv, vv = mean(u * u) - mu * mu, mean(u * v) - mu * mv, mean(v * v) - mv * mv
    ud, vd = mean(u * inverse) - mu * md, mean(v * inverse) - mv * md
    spread = np.maximum(uu * vv - uv * uv, 1e-6)
    along_u, along_v = (ud * vv - vd * uv) / spread, (vd * uu - ud * uv) / spread
    middle = md - along_u * mu - along_v * mv
    normals = np.stack([-focal[0] * along_u, focal[1] * along_v, middle], axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    sure = known & (spread > 0.1) & ~_near_jumps(depth, known)
    return (normals * sure[..., None]).astype(np.float32), sure


def _near_jumps(
    depth: Float[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Say where the window of a fit reaches across a jump."""
    high = ndimage.maximum_filter(np.where(known, depth, 0.0), 3)
    low = ndimage.minimum_filter(np.where(known, depth, np.inf), 3)
    jumps = known & (high - low > 2 * JUMP * low)
    return ndimage.binary_dilation(jumps, np.ones((7, 7)))
