"""Small scenes with known answers, made in code."""

import numpy as np
import torch
from torch import Tensor

from backend.camera import Camera, camera_from_fov, unproject
from backend.gaussians import Gaussians


def random_gaussians(camera: Camera, count: int, seed: int = 0, sigma: float = 1.0) -> Gaussians:
    """Scatter tilted discs of about ``sigma`` pixels over a camera's picture."""
    g = torch.Generator().manual_seed(seed)
    depth = 2.0 + torch.rand(camera.height, camera.width, generator=g)
    points = unproject(camera, depth).flatten(0, 1)
    points = points[torch.randperm(len(points), generator=g)[:count]]
    pixel = 1.0 if camera.orthographic else points[:, 2:] / camera.intrinsics[0, 0]
    scales = sigma * pixel * (0.7 + 0.6 * torch.rand(len(points), 3, generator=g))
    return Gaussians(
        means=points,
        quats=torch.randn(len(points), 4, generator=g),
        scales=scales * torch.tensor([1.0, 1.0, 0.2]),
        opacities=0.3 + 0.65 * torch.rand(len(points), generator=g),
    )


def sphere_normals(size: int = 64, radius: float = 0.8) -> tuple[Tensor, Tensor]:
    """Return normals (OpenCV camera) and mask of a sphere seen orthographically."""
    y, x = torch.meshgrid(
        (torch.arange(size) + 0.5) / size * 2 - 1, (torch.arange(size) + 0.5) / size * 2 - 1,
        indexing="ij",
    )  # fmt: skip
    r2 = (x * x + y * y) / radius**2
    mask = r2 < 1
    z = -(1 - r2).clamp_min(0).sqrt()
    normals = torch.stack([x / radius, y / radius, z], -1)
    return torch.where(mask[..., None], normals, torch.tensor([0.0, 0.0, -1.0])), mask


def sphere_picture(size: int = 64) -> tuple[np.ndarray, np.ndarray, Tensor]:
    """Return RGBA pixels (8-bit sRGB), mask and true normals of a sphere lit from above left."""
    normals, mask = sphere_normals(size)
    sun = torch.tensor([-0.4, -0.6, -0.7])
    sun = sun / sun.norm()
    shading = 0.25 + 0.7 * (normals @ sun).clamp_min(0)
    rgb = (shading[..., None] * torch.tensor([0.8, 0.7, 0.6])) ** (1 / 2.2)
    alpha = mask.float()[..., None]
    rgba = torch.cat([rgb * alpha, alpha], -1)
    return (rgba.clamp(0, 1) * 255).round().byte().numpy(), mask.numpy(), normals


def small_camera(width: int = 12, height: int = 9, fov: float = 50.0) -> Camera:
    """Return a small camera; a field of view of 0 is orthographic."""
    return camera_from_fov(width, height, fov)
