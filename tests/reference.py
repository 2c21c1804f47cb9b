"""Slow and obvious twins of fast code; the only place where a thing is written twice."""

import torch
from torch import Tensor

from backend.camera import Camera
from backend.gaussians import Gaussians


def covariance_by_hand(quat: Tensor, scale: Tensor) -> Tensor:
    """Rotate the axes one by one with the sandwich product q v q*."""
    q = quat / quat.norm()
    total = torch.zeros(3, 3, dtype=quat.dtype)
    for axis in range(3):
        unit = torch.zeros(4, dtype=quat.dtype)
        unit[axis + 1] = 1.0
        conjugate = q * torch.tensor([1.0, -1, -1, -1], dtype=q.dtype)
        turned = quat_product(quat_product(q, unit), conjugate)[1:]
        total = total + scale[axis] ** 2 * torch.outer(turned, turned)
    return total


def quat_product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply two quaternions, wxyz (Hamilton)."""
    w1, x1, y1, z1 = a
    w2, x2, y2, z2 = b
    return torch.stack(
        [
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ]
    )


def splat_by_pixel(
    gaussians: Gaussians, features: Tensor, camera: Camera
) -> tuple[Tensor, Tensor, Tensor]:
    """Splat with a loop over pixels and Gaussians' full list, in the dtype of the inputs.

    The projection differentiates the camera numerically exactly, by the Jacobian written out, and
    nothing is culled by a rectangle. Returns features, alpha and accumulated depth.
    """
    rotation, translation = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
    centres = gaussians.means @ rotation.T + translation
    order = torch.argsort(centres[:, 2], stable=True).tolist()
    projected = {}
    for index in order:
        covariance = covariance_by_hand(gaussians.quats[index], gaussians.scales[index])
        jacobian = _jacobian(centres[index], camera)
        flat = jacobian @ rotation @ covariance @ rotation.T @ jacobian.T
        flat = flat + 0.1 * torch.eye(2, dtype=flat.dtype)
        projected[index] = (_pixel(centres[index], camera), torch.linalg.inv(flat))
    rows = []
    for y in range(camera.height):
        for x in range(camera.width):
            here = torch.tensor([x + 0.5, y + 0.5], dtype=centres.dtype)
            rows.append(_blend(here, order, projected, gaussians, features, centres))
    maps = torch.stack(rows).view(camera.height, camera.width, -1)
    return maps[..., :-2], maps[..., -2], maps[..., -1]


def _blend(here, order, projected, gaussians, features, centres) -> Tensor:
    transmittance = torch.ones((), dtype=centres.dtype)
    total = torch.zeros(features.shape[1] + 2, dtype=centres.dtype)
    for index in order:
        if centres[index, 2] <= 0.01:
            continue
        mean, inverse = projected[index]
        delta = mean - here
        alpha = gaussians.opacities[index] * torch.exp(-0.5 * delta @ inverse @ delta)
        alpha = alpha.clamp_max(0.999)
        if alpha < 1 / 255:
            continue
        after = transmittance * (1 - alpha)
        if after <= 1e-4:
            break
        ones = torch.ones(1, dtype=centres.dtype)
        carried = torch.cat([features[index], ones, centres[index, 2:]])
        total = total + alpha * transmittance * carried
        transmittance = after
    return total


def _pixel(centre: Tensor, camera: Camera) -> Tensor:
    plane = centre[:2] if camera.orthographic else centre[:2] / centre[2]
    return plane * camera.intrinsics.diagonal()[:2] + camera.intrinsics[:2, 2]


def _jacobian(centre: Tensor, camera: Camera) -> Tensor:
    fx, fy = camera.intrinsics[0, 0], camera.intrinsics[1, 1]
    zero = torch.zeros((), dtype=centre.dtype)
    x, y, z = centre
    if camera.orthographic:
        return torch.stack([torch.stack([fx, zero, zero]), torch.stack([zero, fy, zero])])
    return torch.stack(
        [
            torch.stack([fx / z, zero, -fx * x / z**2]),
            torch.stack([zero, fy / z, -fy * y / z**2]),
        ]
    )
