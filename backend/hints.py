"""What the artist painted over a picture, heeded in the normals.

Flat: each connected stroke is one plane and takes its mean normal. Ignored: the picture was not
read there (``image.decode_picture``, ``View.observed``); the surface around goes on.
"""

import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from backend.geometry import normalize
from backend.image import FLAT, IGNORED
from backend.resample import filled

EDGE = 3
"""Pixels around a stroke over which its plane passes into the surface beside it."""


def heeded(
    normals: Float[Tensor, "h w 3"],
    inside: Bool[Tensor, "h w"],
    hints: UInt8[Tensor, "h w"] | None,
    edge: int,
) -> Float[Tensor, "h w 3"]:
    """Return unit normals that keep to what was painted, with a soft edge of so many pixels."""
    if hints is None:
        return normals
    bridged = _bridged(normals, inside, hints == IGNORED)
    return _flattened(bridged, inside, inside & (hints == FLAT), edge)


def _bridged(
    normals: Float[Tensor, "h w 3"], inside: Bool[Tensor, "h w"], ignored: Bool[Tensor, "h w"]
) -> Float[Tensor, "h w 3"]:
    """Continue the surroundings' normals over what is ignored."""
    known = inside & ~ignored
    if not bool((inside & ignored).any()) or not bool(known.any()):
        return normals
    around = normalize(filled(normals, known))
    return torch.where((inside & ignored)[..., None], around, normals)


def _flattened(
    normals: Float[Tensor, "h w 3"],
    inside: Bool[Tensor, "h w"],
    painted: Bool[Tensor, "h w"],
    edge: int,
) -> Float[Tensor, "h w 3"]:
    """Give each connected stroke its mean normal."""
    if not bool(painted.any()):
        return normals
    strokes, count = scipy.ndimage.label(painted.cpu().numpy(), np.ones((3, 3)))
    values = normals.cpu().numpy().astype(np.float64)
    sums = [np.bincount(strokes.ravel(), values[..., i].ravel(), count + 1) for i in range(3)]
    planes = normalize(torch.from_numpy(np.stack(sums, -1))).to(normals)
    nearest = np.where(strokes, strokes, scipy.ndimage.maximum_filter(strokes, 2 * edge + 1))
    plane = planes[torch.from_numpy(nearest.astype(np.int64)).to(normals.device)]
    share = _softened(painted, edge) * inside
    return normalize(normals + share[..., None] * (plane - normals))


def _softened(painted: Bool[Tensor, "h w"], edge: int) -> Float[Tensor, "h w"]:
    """Return 1 in a stroke, falling to 0 outside it."""
    share = F.avg_pool2d(painted.float()[None, None], 2 * edge + 1, 1, edge)[0, 0]
    return torch.maximum(painted.float(), (2 * share).clamp(max=1.0))
