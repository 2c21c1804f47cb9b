"""Angular errors and the other figures of an evaluation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

THRESHOLDS = (5.0, 7.5, 11.25, 22.5, 30.0)


@dataclass(frozen=True)
class Scores:
    """Angular error over the scored pixels, in degrees, and shares below thresholds (0..1)."""

    mean: float
    median: float
    rmse: float
    below: tuple[float, ...]
    """Shares below 5°, 7.5°, 11.25°, 22.5° and 30°."""


def angular_error(
    normals: Float[np.ndarray, "*b h w 3"], truth: Float[np.ndarray, "*b h w 3"]
) -> Float[np.ndarray, "*b h w"]:
    """Return the angle between two maps of unit normals, in degrees."""
    cosine = (normals * truth).sum(-1)
    sine = np.linalg.norm(np.cross(normals, truth), axis=-1)
    return np.degrees(np.arctan2(sine, cosine))  # exact at small angles, where arccos is not


def score(error: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]) -> Scores:
    """Summarise the errors of the pixels in a mask."""
    values = error[mask]
    return Scores(
        mean=float(values.mean()),
        median=float(np.median(values)),
        rmse=float(np.sqrt((values**2).mean())),
        below=tuple(float((values < threshold).mean()) for threshold in THRESHOLDS),
    )


def mean_scores(scores: list[Scores]) -> Scores:
    """Average over cases, each case counting once."""
    return Scores(
        mean=float(np.mean([s.mean for s in scores])),
        median=float(np.mean([s.median for s in scores])),
        rmse=float(np.mean([s.rmse for s in scores])),
        below=tuple(np.mean([s.below for s in scores], axis=0).tolist()),
    )


def sparsification(
    error: Float[np.ndarray, " n"], confidence: Float[np.ndarray, " n"], steps: int = 20
) -> float:
    """Return the AUSE in degrees: how far removing doubtful pixels falls short of the best order.

    Mean over removed shares of (mean error with the least confident removed − mean error with the
    worst removed). 0 is a perfect order.
    """
    by_confidence = error[np.argsort(-confidence, kind="stable")]
    by_error = np.sort(error)
    kept = [max(1, round(len(error) * (1 - share / steps))) for share in range(steps)]
    return float(np.mean([by_confidence[:n].mean() - by_error[:n].mean() for n in kept]))


def psnr(
    image: Float[np.ndarray, "h w 3"],
    truth: Float[np.ndarray, "h w 3"],
    mask: Bool[np.ndarray, "h w"],
) -> float:
    """Return the peak signal-to-noise ratio inside a mask in dB; peak 1."""
    return float(-10 * np.log10(max(1e-10, ((image - truth)[mask] ** 2).mean())))
