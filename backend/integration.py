"""Depth whose surface has given normals: weighted least squares on the grid of a picture.

In pixels of the grid d = f·log z (perspective) or d = z (orthographic), and a surface with normal n
on the ray r has ∂d/∂u = −n_x / n·r, ∂d/∂v = −n_y / n·r (Quéau et al. 2018). Slopes of surfaces seen
at a grazing angle are as uncertain as they are large, so they count by (n·r)².
"""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize
from backend.resample import resize

GRAZING = 0.15
"""The least cosine between surface and line of sight that a slope is computed with."""
PRIOR = 0.05
"""Weight of the depth that is known beforehand, relative to that of slopes, over the whole grid."""
COARSEST = 48
"""Longest side of the grid that is solved from nothing; finer ones start from the next coarser."""
ROUNDS = 25
"""Rounds of conjugate gradients on a grid that starts from a coarser one."""


def integrated(
    normals: Float[Tensor, "h w 3"],
    rays: Float[Tensor, "h w 3"],
    mask: Bool[Tensor, "h w"],
    prior: Float[Tensor, "h w"],
) -> Float[Tensor, "h w"]:
    """Return the depth in pixels that fits normals best, near ``prior`` where that is free.

    Outside the mask the prior stays. Coarse to fine: the last rounds only add detail.
    """
    if int(mask.sum()) < 2:
        return prior
    first = prior
    height, width = mask.shape
    if max(height, width) > COARSEST:
        half = -(-height // 2), -(-width // 2)
        inside = resize(mask.float(), *half) > 0.99
        if inside.any():
            coarse = (resize(values, *half) for values in (normals, rays, prior / 2))
            less, sight, level = coarse
            smooth = integrated(normalize(less), sight, inside, level)
            grown = 2 * resize(_spread(smooth, inside), height, width)
            first = torch.where(mask, grown, prior)
    maps = (*slopes_of(normals, rays), mask, prior, first)
    solved = _solve(*(values.detach().cpu().numpy() for values in maps))
    depth = prior.detach().clone()
    depth[mask] = torch.from_numpy(solved).to(depth)
    return depth


def slopes_of(
    normals: Float[Tensor, "h w 3"], rays: Float[Tensor, "h w 3"]
) -> tuple[Float[Tensor, "h w 2"], Float[Tensor, "h w"]]:
    """Return the depth's change per pixel to the right and down, and how much it counts."""
    sight = rays.norm(dim=-1)
    cosine = ((normals * rays).sum(-1) / sight).clamp(max=-GRAZING)
    return -normals[..., :2] / (cosine * sight)[..., None], cosine.square()


def _spread(values: Float[Tensor, "h w"], inside: Bool[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    """Carry values from the inside one pixel out, so that growing does not mix in the outside."""
    weight = inside.float()
    summed, counted = (
        F.avg_pool2d(planes[None, None], 3, 1, 1)[0, 0] for planes in (values * weight, weight)
    )
    return torch.where(inside, values, torch.where(counted > 0, summed / counted, values))


def _solve(
    slopes: np.ndarray,
    weights: np.ndarray,
    inside: np.ndarray,
    prior: np.ndarray,
    first: np.ndarray,
) -> np.ndarray:
    """Solve the normal equations by conjugate gradients, from ``first`` on."""
    index = np.full(inside.shape, -1)
    count = int(inside.sum())
    index[inside] = np.arange(count)
    tie = PRIOR / max(inside.shape) ** 2
    system = scipy.sparse.diags_array(np.full(count, tie))
    right = tie * prior[inside].astype(np.float64)
    for axis, component in ((1, 0), (0, 1)):
        here, there = _pairs(inside, axis)
        slope = (slopes[..., component][here] + slopes[..., component][there]) / 2
        weight = np.minimum(weights[here], weights[there])
        before, after = index[here], index[there]
        system = system + _graph(before, after, weight, count)
        right += np.bincount(after, weight * slope, count) - np.bincount(
            before, weight * slope, count
        )
    found, _ = scipy.sparse.linalg.cg(
        system.tocsr(), right, x0=first[inside], rtol=1e-6,
        maxiter=ROUNDS if max(inside.shape) > COARSEST else None,
        M=scipy.sparse.diags_array(1 / system.diagonal()),
    )  # fmt: skip
    return found


def _graph(
    before: np.ndarray, after: np.ndarray, weight: np.ndarray, count: int
) -> scipy.sparse.csr_array:
    """Return the weighted graph Laplacian of pairs of pixels."""
    rows = np.concatenate([before, after, before, after])
    columns = np.concatenate([before, after, after, before])
    values = np.concatenate([weight, weight, -weight, -weight])
    return scipy.sparse.csr_array((values, (rows, columns)), (count, count))


def _pairs(inside: np.ndarray, axis: int) -> tuple[tuple, tuple]:
    """Return the places of neighbours along an axis that are both inside."""
    length = inside.shape[axis]
    first, second = (np.take(inside, range(s, length - 1 + s), axis) for s in (0, 1))
    rows, columns = np.nonzero(first & second)
    after = (rows, columns + 1) if axis == 1 else (rows + 1, columns)
    return (rows, columns), after


def held(normals: Float[Tensor, "h w 3"], rays: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w 3"]:
    """Turn normals that face away from the camera until they graze the line of sight."""
    sight = normalize(rays)
    away = (normals * sight).sum(-1, keepdim=True).clamp_min(0.0)
    return normalize(normals - away * sight)
