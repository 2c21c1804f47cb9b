"""Small grids over large pictures: averages over their cells, and the way back to pixels."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


def sampled(
    values: Float[Tensor, "h w c"],
    rows: Int[np.ndarray, " r"],
    columns: Int[np.ndarray, " k"],
    size: tuple[int, int],
    wrap: bool,
) -> Float[Tensor, "r k c"]:
    """Interpolate a small map linearly at some pixels of a picture of ``size``."""
    found = _along(values, rows, size[0], wrap)
    return _along(found.transpose(0, 1), columns, size[1], wrap).transpose(0, 1)


def _along(
    values: Float[Tensor, "n ..."], pixels: Int[np.ndarray, " r"], length: int, wrap: bool
) -> Float[Tensor, "r ..."]:
    count = values.shape[0]
    place = (torch.from_numpy(pixels) + 0.5) * (count / length) - 0.5
    first = place.floor().long()
    share = (place - first).float().reshape(-1, *[1] * (values.ndim - 1))
    ends = [index % count if wrap else index.clamp(0, count - 1) for index in (first, first + 1)]
    return torch.lerp(values[ends[0]], values[ends[1]], share)


def cells(band: Float[np.ndarray, "r w c"], count: int) -> Float[np.ndarray, "n c"]:
    """Average a band of rows over ``count`` cells of its columns."""
    bounds = edges(band.shape[1], count)
    columns = band.mean(0, dtype=np.float32)
    widths = np.diff(bounds)[:, None]
    return (np.add.reduceat(columns, bounds[:-1], axis=0) / widths).astype(np.float32)


def edges(length: int, count: int) -> Int[np.ndarray, " n1"]:
    """Return where the cells of an axis begin, and where the last one ends."""
    return np.round(np.arange(count + 1) * (length / count)).astype(int)
