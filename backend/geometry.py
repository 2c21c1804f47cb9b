"""Quaternions, rotations, covariances and normals; pure functions in the OpenCV frame.

Quaternions are wxyz and need not be normalised. The frame of a Gaussian is chosen so that its third
axis is −n: a surface facing the camera, n = (0, 0, −1), is the identity quaternion, and the
singular orientation lies where no visible surface can be.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def normalize(vectors: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """Scale vectors to unit length; zero vectors stay finite."""
    return F.normalize(vectors, dim=-1, eps=1e-8)


def rotations(quats: Float[Tensor, "*b 4"]) -> Float[Tensor, "*b 3 3"]:
    """Turn quaternions into rotation matrices."""
    w, x, y, z = normalize(quats).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def covariances(
    quats: Float[Tensor, "*b 4"], scales: Float[Tensor, "*b 3"]
) -> Float[Tensor, "*b 3 3"]:
    """Build Σ = R S Sᵀ Rᵀ."""
    spread = rotations(quats) * scales[..., None, :]
    return spread @ spread.mT


def quats_from_normals(
    normals: Float[Tensor, "*b 3"], angles: Float[Tensor, "*b"]
) -> Float[Tensor, "*b 4"]:
    """Build rotations whose third axis is −n, turned in the plane by an angle in radians.

    The shortest arc from (0, 0, 1) to −n; singular only at n = (0, 0, 1), a surface seen from
    behind.
    """
    nx, ny, nz = normals.unbind(-1)
    zero = torch.zeros_like(nx)
    arc = normalize(torch.stack([1 - nz, ny, -nx, zero], dim=-1))
    cos, sin = torch.cos(angles / 2), torch.sin(angles / 2)
    w, x, y, _ = arc.unbind(-1)
    # arc ∘ (cos, 0, 0, sin): first the turn in the plane, then the arc
    return torch.stack([w * cos, x * cos + y * sin, y * cos - x * sin, w * sin], dim=-1)


def covariance_normals(
    quats: Float[Tensor, "*b 4"], rays: Float[Tensor, "*b 3"]
) -> Float[Tensor, "*b 3"]:
    """Return the eigenvector of each covariance's smallest eigenvalue, facing the camera.

    With s_z the smallest scale by construction this is the third column of R: exact and with
    bounded gradients, where an eigen-solver has none for disc-shaped Gaussians. ``rays`` run from
    the camera to the Gaussians and only choose the sign.
    """
    axis = rotations(quats)[..., 2]
    away = (axis * rays).sum(-1, keepdim=True).detach() > 0
    return torch.where(away, -axis, axis)


def surface_normals(
    points: Float[Tensor, "h w 3"], inside: Float[Tensor, "h w"]
) -> Float[Tensor, "h w 3"]:
    """Return the normals of a grid of points from the cross product of neighbour differences.

    Central differences where both neighbours are ``inside`` (1 or 0), one-sided where one is.
    """
    along_x = _difference(points, inside, dim=1)
    along_y = _difference(points, inside, dim=0)
    return normalize(torch.linalg.cross(along_y, along_x, dim=-1))


def _difference(
    points: Float[Tensor, "h w 3"], inside: Float[Tensor, "h w"], dim: int
) -> Float[Tensor, "h w 3"]:
    length = points.shape[dim]
    step = points.narrow(dim, 1, length - 1) - points.narrow(dim, 0, length - 1)
    valid = inside.narrow(dim, 1, length - 1) * inside.narrow(dim, 0, length - 1)
    step = step * valid[..., None]
    pad_after = (0, 0, 0, 1) if dim == 1 else (0, 0, 0, 0, 0, 1)
    pad_before = (0, 0, 1, 0) if dim == 1 else (0, 0, 0, 0, 1, 0)
    return F.pad(step, pad_after) + F.pad(step, pad_before)
