"""The camera: intrinsics, pose, and the way between pixels and points.

Perspective and orthographic.

Pixel centres lie at +0.5; viewmats map world to camera; depth is the camera's z.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Camera:
    """A pinhole or orthographic camera over a picture of width × height pixels."""

    intrinsics: Float[Tensor, "3 3"]
    viewmat: Float[Tensor, "4 4"]
    width: int
    height: int
    orthographic: bool = False

    def to(self, device: torch.device) -> "Camera":
        """Return the same camera on a device."""
        return replace(self, intrinsics=self.intrinsics.to(device), viewmat=self.viewmat.to(device))


def camera_from_fov(
    width: int,
    height: int,
    fov_degrees: float,
    principal: tuple[float, float] = (0.5, 0.5),
    device: torch.device | str = "cpu",
) -> Camera:
    """Place a camera at the origin; a field of view of 0° is orthographic with pixels of size 1."""
    orthographic = fov_degrees == 0
    focal = 1.0 if orthographic else width / 2 / math.tan(math.radians(fov_degrees) / 2)
    intrinsics = torch.tensor(
        [[focal, 0, principal[0] * width], [0, focal, principal[1] * height], [0, 0, 1]],
        dtype=torch.float32,
        device=device,
    )
    return Camera(intrinsics, torch.eye(4, device=device), width, height, orthographic)


def resized(camera: Camera, width: int, height: int) -> Camera:
    """Return the same view on another pixel grid; orthographic pixels keep the size 1."""
    ratio = torch.tensor(
        [width / camera.width, height / camera.height, 1.0], device=camera.intrinsics.device
    )
    intrinsics = camera.intrinsics * ratio[:, None]
    if camera.orthographic:
        intrinsics = intrinsics.clone()
        intrinsics[0, 0] = intrinsics[1, 1] = 1.0
    return replace(camera, intrinsics=intrinsics, width=width, height=height)


def cropped(camera: Camera, left: int, top: int, width: int, height: int) -> Camera:
    """Return the view of a rectangle of a camera's picture."""
    intrinsics = camera.intrinsics.clone()
    intrinsics[:2, 2] -= intrinsics.new_tensor([left, top])
    return replace(camera, intrinsics=intrinsics, width=width, height=height)


def pixel_centres(camera: Camera) -> Float[Tensor, "h w 2"]:
    """Return the pixel coordinates (u, v) of every pixel's centre."""
    device = camera.intrinsics.device
    v, u = torch.meshgrid(
        torch.arange(camera.height, device=device) + 0.5,
        torch.arange(camera.width, device=device) + 0.5,
        indexing="ij",
    )
    return torch.stack([u, v], dim=-1)


def _plane_coordinates(camera: Camera) -> Float[Tensor, "h w 2"]:
    """Return K⁻¹ (u, v, 1) without its last component."""
    focal = camera.intrinsics.diagonal()[:2]
    return (pixel_centres(camera) - camera.intrinsics[:2, 2]) / focal


def view_rays(camera: Camera) -> Float[Tensor, "h w 3"]:
    """Return the camera-space direction of each pixel with z = 1; the axis if orthographic."""
    plane = _plane_coordinates(camera)
    if camera.orthographic:
        plane = torch.zeros_like(plane)
    return torch.cat([plane, torch.ones_like(plane[..., :1])], dim=-1)


def unproject(camera: Camera, depth: Float[Tensor, "h w"]) -> Float[Tensor, "h w 3"]:
    """Return camera-space points at the given depths, each on its own pixel's ray."""
    plane = _plane_coordinates(camera)
    if not camera.orthographic:
        plane = plane * depth[..., None]
    return torch.cat([plane, depth[..., None]], dim=-1)


def project(camera: Camera, points: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 2"]:
    """Return the pixel coordinates of camera-space points in front of the camera."""
    plane = points[..., :2]
    if not camera.orthographic:
        plane = plane / points[..., 2:]
    return plane * camera.intrinsics.diagonal()[:2] + camera.intrinsics[:2, 2]


def pixel_footprint(camera: Camera, depth: Float[Tensor, "h w"]) -> Float[Tensor, "h w"]:
    """Return the width of a pixel at the given depths, in units of the scene."""
    if camera.orthographic:
        return torch.ones_like(depth)
    return depth / camera.intrinsics[0, 0]
