"""What else holds still with a sequence's normals: depth and light; and how much it flickers."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from shared.messages import Light
from shared.steadiness import MOST

STILL = 0.02
"""Below this change a pixel counts as still."""
ENOUGH = 0.05
"""Share of the picture that must be still for it to say how the depths compare."""


@dataclass(frozen=True)
class DepthGauge:
    """What brings the depth of a frame to that of the one before: scale it, then shift it."""

    scale: float = 1.0
    shift: float = 0.0


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
