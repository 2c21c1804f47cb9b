"""Normals of a sequence that hold still where the picture does; one rule for Blender and farms."""

import numpy as np

CHANGE = 0.06
"""A display value that changes by this much shows something else: nothing is kept."""
MOST = 0.95
"""Share of the frame before at full steadiness: with all of it nothing would ever move again."""


def changes(picture: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return how much (H, W, 3) display values changed, the most of the three channels: (H, W)."""
    return np.abs(picture - before).max(-1)


def steadied(
    normals: np.ndarray, before: np.ndarray, change: np.ndarray, steadiness: float
) -> np.ndarray:
    """Blend unit normals with those of the frame before where the picture hardly changed.

    The share of the frame before falls from ``steadiness`` (0 to 1, at most ``MOST``) to nothing
    as the change (H, W) rises to ``CHANGE``. Returns (H, W, 3) float32.
    """
    share = min(steadiness, MOST) * np.clip(1.0 - change / CHANGE, 0.0, 1.0)[..., None]
    blended = normals + share * (before - normals)
    length = np.linalg.norm(blended, axis=-1, keepdims=True)
    # opposite normals have no mean: the new one stands
    return np.where(length > 1e-3, blended / np.maximum(length, 1e-3), normals).astype(np.float32)
