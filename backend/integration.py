"""Depth whose surface has given normals: weighted least squares on the grid of a picture.

In pixels of the grid d = f·log z (perspective) or d = z (orthographic), and a surface with normal n
on the ray r has ∂d/∂u = −n_x / n·r, ∂d/∂v = −n_y / n·r (Quéau et al. 2018). Slopes of surfaces seen
at a grazing angle are as uncertain as they are large, so they count by (n·r)².
"""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize

GRAZING = 0.15
"""The least cosine between surface and line of sight that a slope is computed with."""
PRIOR = 1e-4
"""Weight of the depth that is known beforehand, relative to that of a slope."""
ACCURACY = 1e-5
ROUNDS = 400


def integrated(
    normals: Float[Tensor, "h w 3"],
    rays: Float[Tensor, "h w 3"],
    mask: Bool[Tensor, "h w"],
    prior: Float[Tensor, "h w"],
) -> Float[Tensor, "h w"]:
    """Return the depth in pixels that fits normals best, near ``prior`` where that is free.

    Outside the mask the prior stays.
    """
    inside = mask.cpu().numpy()
    if inside.sum() < 2:
        return prior
    facing = (normals * rays).sum(-1)
    cosine = (facing / rays.norm(dim=-1)).clamp(max=-GRAZING)
    slopes = -normals[..., :2] / (cosine * rays.norm(dim=-1))[..., None]
    solved = _solve(
        slopes.detach().cpu().double().numpy(),
        cosine.detach().square().cpu().double().numpy(),
        inside,
        prior.detach().cpu().double().numpy(),
    )
    depth = prior.detach().clone()
    depth[mask] = torch.from_numpy(solved).to(depth)
    return depth


def _solve(
    slopes: np.ndarray, weights: np.ndarray, inside: np.ndarray, prior: np.ndarray
) -> np.ndarray:
    """Solve the normal equations by conjugate gradients, from the prior on."""
    index = np.full(inside.shape, -1)
    count = int(inside.sum())
    index[inside] = np.arange(count)
    system = scipy.sparse.diags(np.full(count, PRIOR))
    right = PRIOR * prior[inside]
    for axis, component in ((1, 0), (0, 1)):
        here, there = _pairs(inside, axis)
        slope = (slopes[..., component][here] + slopes[..., component][there]) / 2
        weight = np.minimum(weights[here], weights[there])
        rows = np.arange(len(slope))
        ones = np.ones(len(slope))
        step = scipy.sparse.csr_matrix((ones, (rows, index[there])), (len(slope), count))
        step = step - scipy.sparse.csr_matrix((ones, (rows, index[here])), (len(slope), count))
        weighted = step.T @ scipy.sparse.diags(weight)
        system = system + weighted @ step
        right = right + weighted @ slope
    scale = 1 / system.diagonal()
    found, _ = scipy.sparse.linalg.cg(
        system.tocsr(), right, x0=prior[inside], rtol=ACCURACY, maxiter=ROUNDS,
        M=scipy.sparse.diags(scale),
    )  # fmt: skip
    return found


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
