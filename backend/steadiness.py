"""Frames of a sequence that hold still where the picture does."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from shared.messages import Light

CHANGE = 0.06
"""A display value that changes by this much shows something else: nothing is kept."""
STILL = 0.02
"""Below this change a pixel counts as still."""
MOST = 0.95
"""Share of the frame before at full steadiness: with all of it nothing would ever move again."""
ENOUGH = 0.05
"""Share of the picture that must be still for it to say how the depths compare."""


@dataclass(frozen=True)
class DepthGauge:
    """What brings the depth of a frame to that of the one before: scale it, then shift it."""

    scale: float = 1.0
    shift: float = 0.0


def changes(
    picture: Float[np.ndarray, "h w 3"], before: Float[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h w"]:
    """Return how much the display values changed, the most of the three channels."""
    return np.abs(picture - before).max(-1)


def steadied(
    normals: Float[np.ndarray, "h w 3"],
    before: Float[np.ndarray, "h w 3"],
    change: Float[np.ndarray, "h w"],
    steadiness: float,
) -> Float[np.ndarray, "h w 3"]:
    """Blend unit normals with those of the frame before where the picture hardly changed.

    The share of the frame before falls from ``steadiness`` (0 to 1, at most ``MOST``) to nothing
    as the change rises to ``CHANGE``.
    """
    share = min(steadiness, MOST) * np.clip(1.0 - change / CHANGE, 0.0, 1.0)[..., None]
    blended = normals + share * (before - normals)
    length = np.linalg.norm(blended, axis=-1, keepdims=True)
    # opposite normals have no mean: the new one stands
    return np.where(length > 1e-3, blended / np.maximum(length, 1e-3), normals).astype(np.float32)


def flicker(
    normals: Float[np.ndarray, "h w 3"],
    before: Float[np.ndarray, "h w 3"],
    still: Bool[np.ndarray, "h w"],
) -> float:
    """Return the mean angle in degrees between two frames where the picture is still."""
    if not still.any():
        return 0.0
    # by the chord: the cosine of small angles is lost in rounding
    chord = np.linalg.norm(normals[still].astype(np.float64) - before[still], axis=-1)
    return float(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0.0, 1.0))).mean())


def depth_gauge(
    depth: Float[np.ndarray, "h w"],
    before: Float[np.ndarray, "h w"],
    still: Bool[np.ndarray, "h w"],
    orthographic: bool,
) -> DepthGauge:
    """Find what one picture leaves free in its depth, from what is still: shift or scale."""
    if still.mean() < ENOUGH:
        return DepthGauge()
    if orthographic:
        return DepthGauge(shift=float(np.median(before[still] - depth[still])))
    known = still & (depth > 1e-6) & (before > 1e-6)
    return (
        DepthGauge(float(np.median(before[known] / depth[known]))) if known.any() else DepthGauge()
    )


def steadied_light(light: Light, before: Light, steadiness: float) -> Light:
    """Move the running average of a sequence's light on by one frame."""
    share = min(steadiness, MOST)

    def mean(name: str) -> np.ndarray:
        now, then = (np.array(getattr(one, name)) for one in (light, before))
        return now + share * (then - now)

    sun = mean("sun_direction")
    length = float(np.linalg.norm(sun))
    direction = tuple((sun / length).tolist()) if length > 1e-3 else light.sun_direction
    ambient = tuple(tuple(row) for row in mean("ambient").tolist())
    colour = tuple(mean("sun_colour").tolist())
    return replace(light, sun_direction=direction, sun_colour=colour, ambient=ambient)
