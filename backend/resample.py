"""Maps on other grids: averaged, interpolated, filled in where they are not known."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

SHARPENINGS, FINER = 8, 8
"""Rounds in which a small map is made to grow back to its original, and how much finer that is."""


def resize(values: Float[Tensor, "h w *c"], height: int, width: int) -> Float[Tensor, "hh ww *c"]:
    """Resample a map, averaging when it shrinks and interpolating linearly when it grows."""
    if tuple(values.shape[:2]) == (height, width):
        return values
    planes = values.reshape(*values.shape[:2], -1).permute(2, 0, 1)[None]
    planes = F.interpolate(
        planes, size=(height, width), mode="bilinear", align_corners=False, antialias=True
    )
    return planes[0].permute(1, 2, 0).reshape(height, width, *values.shape[2:]).contiguous()


def filled(values: Float[Tensor, "h w c"], known: Bool[Tensor, "h w"]) -> Float[Tensor, "h w c"]:
    """Give pixels that are not ``known`` the average of those around them.

    Push what is known down a pyramid, pull the averages up; with nothing known all is 0.
    """
    if bool(known.all()):
        return values
    weight = known.float()[..., None]
    return _pull(values * weight, weight)


def _pull(planes: Float[Tensor, "h w c"], weight: Float[Tensor, "h w 1"]) -> Float[Tensor, "h w c"]:
    """Fill where ``weight`` is 0; ``planes`` are premultiplied."""
    mean = planes / weight.clamp_min(1e-6)
    height, width = weight.shape[:2]
    if max(height, width) <= 2:
        overall = planes.sum((0, 1)) / weight.sum().clamp_min(1e-6)
        return torch.where(weight > 0, mean, overall)
    half = -(-height // 2), -(-width // 2)
    around = _pull(resize(planes, *half), resize(weight, *half))
    return torch.where(weight > 0, mean, resize(around, height, width))


def shrunk(values: Float[Tensor, "h w c"], height: int, width: int) -> Float[Tensor, "hh ww c"]:
    """Return the small map that grows to ``values`` as nearly as one can.

    A map that was grown from a small one comes back as that; averaging alone would blur it.
    """
    near = [
        min(side, FINER * small) for side, small in zip(values.shape, (height, width), strict=False)
    ]
    values = resize(values, *near)
    found = resize(values, height, width)
    for _ in range(SHARPENINGS):
        found = found + resize(values - resize(found, *near), height, width)
    return found
