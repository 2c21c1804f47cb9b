"""EWA projection of 3D Gaussians to 2D splats (Zwicker et al. 2002), with gsplat's exact rules."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from backend.camera import Camera, project
from backend.gaussians import Gaussians
from backend.geometry import rotations
from backend.rasterizer.protocol import (
    ALPHA_MIN,
    EPS_2D,
    EXTENT_MAX,
    FRUSTUM_MARGIN,
    NEAR_PLANE,
)


@dataclass(frozen=True)
class Splats:
    """Gaussians as the picture sees them."""

    means: Float[Tensor, "n 2"]
    """Pixel coordinates of the centres."""
    conics: Float[Tensor, "n 3"]
    """(a, b, c) of the inverse 2D covariance: σ = ½(a dx² + c dy²) + b dx dy."""
    depths: Float[Tensor, " n"]
    radii: Int[Tensor, "n 2"]
    """Half sides of the rectangle outside which α < 1/255; 0 where culled."""


def project_gaussians(gaussians: Gaussians, camera: Camera) -> Splats:
    """Project Gaussians into a camera; culled ones get radius 0."""
    rotation, translation = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
    centres = gaussians.means @ rotation.T + translation
    spread = (rotation @ rotations(gaussians.quats)) * gaussians.scales[:, None, :]
    across_x, across_y = _project_spread(spread, centres, camera)
    variance_x = (across_x * across_x).sum(-1) + EPS_2D
    variance_y = (across_y * across_y).sum(-1) + EPS_2D
    covariance = (across_x * across_y).sum(-1)
    determinant = (variance_x * variance_y - covariance * covariance).clamp_min(1e-10)
    conics = torch.stack([variance_y, -covariance, variance_x], dim=-1) / determinant[:, None]
    means = project(camera, centres)
    deviations = torch.stack([variance_x, variance_y], dim=-1).detach().sqrt()
    radii = _radii(means.detach(), deviations, gaussians.opacities.detach(), centres[:, 2], camera)
    return Splats(means, conics, centres[:, 2], radii)


def _project_spread(
    spread: Float[Tensor, "n 3 3"], centres: Float[Tensor, "n 3"], camera: Camera
) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n 3"]]:
    """Return the two rows of J·R·S, J the Jacobian of the projection at each centre."""
    fx, fy = camera.intrinsics[0, 0], camera.intrinsics[1, 1]
    if camera.orthographic:
        return fx * spread[:, 0], fy * spread[:, 1]
    size = torch.tensor([camera.width, camera.height], device=centres.device)
    focal, principal = camera.intrinsics.diagonal()[:2], camera.intrinsics[:2, 2]
    margin = FRUSTUM_MARGIN * size / focal
    low, high = -principal / focal - margin, (size - principal) / focal + margin
    inverse_depth = 1 / centres[:, 2:]
    slope = (centres[:, :2] * inverse_depth).clamp(low, high)
    across = spread[:, :2] - slope[:, :, None] * spread[:, 2:]
    across = across * (focal * inverse_depth)[:, :, None]
    return across[:, 0], across[:, 1]


def _radii(
    means: Float[Tensor, "n 2"],
    deviations: Float[Tensor, "n 2"],
    opacities: Float[Tensor, " n"],
    depths: Float[Tensor, " n"],
    camera: Camera,
) -> Int[Tensor, "n 2"]:
    extent = (2 * (opacities / ALPHA_MIN).clamp_min(1).log()).sqrt().clamp_max(EXTENT_MAX)
    radii = (extent[:, None] * deviations).ceil()
    size = torch.tensor([camera.width, camera.height], device=means.device)
    on_screen = ((means + radii > 0) & (means - radii < size)).all(-1)
    # an orthographic reference plane may lie anywhere, so nothing is too near to it
    in_front = torch.ones_like(on_screen) if camera.orthographic else depths > NEAR_PLANE
    drawn = on_screen & in_front & (opacities >= ALPHA_MIN)
    return (radii * drawn[:, None]).int()
