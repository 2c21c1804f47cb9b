"""The picture as 3D Gaussians: from a dense encoding of the surface to pixel-aligned splats."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import Camera, pixel_footprint, unproject, view_rays
from backend.geometry import covariance_normals, normalize, quats_from_normals

FLATNESS_RANGE = (0.02, 0.5)
SCALE_RANGE = (0.2, 0.5)
"""Standard deviations along the surface, in pixels of the Gaussian grid: each pixel has its own
Gaussian, so wider ones cover nothing more, and blur normals and paint."""
GAP_VARIANCE = 0.3
"""In pixels², what such Gaussians lack along the surface to close it for who looks closer."""


@dataclass(frozen=True)
class Encoding:
    """What is known of the surface at each pixel; unconstrained values, activated below.

    This is what the encoder predicts, what a classical start fills in, and what the closed loop
    optimises.
    """

    depth_pixels: Float[Tensor, "*b h w"]
    """Depth behind the reference plane in pixels of this grid, whatever the camera."""
    normals: Float[Tensor, "*b h w 3"]
    """Normals of the Gaussians before normalisation, OpenCV camera."""
    angle: Float[Tensor, "*b h w"]
    scale_logits: Float[Tensor, "*b h w 2"]
    flatness_logits: Float[Tensor, "*b h w"]
    opacity_logits: Float[Tensor, "*b h w"]
    log_albedo: Float[Tensor, "*b h w 3"]
    confidence_logits: Float[Tensor, "*b h w"]


@dataclass(frozen=True)
class Gaussians:
    """A set of 3D Gaussians in camera space (OpenCV)."""

    means: Float[Tensor, "n 3"]
    quats: Float[Tensor, "n 4"]
    scales: Float[Tensor, "n 3"]
    opacities: Float[Tensor, " n"]


def depth_of(encoding: Encoding, camera: Camera) -> Float[Tensor, "h w"]:
    """Return the camera depth of every pixel's Gaussian; a perspective reference plane is at 1.

    A pixel's worth of depth is z/f there, hence the exponential: one step of the optimiser then
    moves a Gaussian by the same share of a pixel under every lens.
    """
    if camera.orthographic:
        return encoding.depth_pixels
    return torch.exp(encoding.depth_pixels / camera.intrinsics[0, 0])


def albedo_of(encoding: Encoding) -> Float[Tensor, "h w 3"]:
    """Return the albedo, bounded to 0.02..1.5 of a picture whose white is 1."""
    return encoding.log_albedo.clamp(-3.9, 0.405).exp()


def gaussians_of(encoding: Encoding, camera: Camera, mask: Bool[Tensor, "h w"]) -> Gaussians:
    """Place one Gaussian on the ray of each pixel inside the mask, in row order.

    The third scale is the smallest by construction, s_z = r·min(s_x, s_y), so the covariance
    normal is the third column of R.
    """
    depth = depth_of(encoding, camera)
    footprint = pixel_footprint(camera, depth)
    low, high = SCALE_RANGE
    tangential = (low + (high - low) * torch.sigmoid(encoding.scale_logits)) * footprint[..., None]
    low, high = FLATNESS_RANGE
    flatness = low + (high - low) * torch.sigmoid(encoding.flatness_logits)
    thickness = flatness * tangential.amin(-1)
    scales = torch.cat([tangential, thickness[..., None]], dim=-1)
    quats = quats_from_normals(normalize(encoding.normals), encoding.angle)
    return Gaussians(
        means=unproject(camera, depth)[mask],
        quats=quats[mask],
        scales=scales[mask],
        opacities=torch.sigmoid(encoding.opacity_logits)[mask],
    )


def closed(gaussians: Gaussians, camera: Camera) -> Gaussians:
    """Widen a camera's Gaussians along the surface, so that they close it from near by as well.

    What a splat gets in the picture, here it gets in space (Yu et al., Mip-Splatting, 2024). The
    third scale, and with it the normal, stays.
    """
    footprint = pixel_footprint(camera, gaussians.means[:, 2:])
    along = (gaussians.scales[:, :2].square() + GAP_VARIANCE * footprint.square()).sqrt()
    return replace(gaussians, scales=torch.cat([along, gaussians.scales[:, 2:]], dim=-1))


def normals_of(
    gaussians: Gaussians, camera: Camera, mask: Bool[Tensor, "h w"]
) -> Float[Tensor, "n 3"]:
    """Return the covariance normals, turned toward the camera along each Gaussian's own ray."""
    return covariance_normals(gaussians.quats, view_rays(camera)[mask])
