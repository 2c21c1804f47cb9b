"""The whole loop as a lesson: splat, refine, fuse, light, re-render; and splat into another view.

Here all parts of CLONE learn together, through the rasteriser. The light of a picture is solved in
closed form for the present normals and albedo and held fixed for the gradient.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend import losses
from backend.camera import Camera
from backend.config import EngineConfig
from backend.encoder import Encoded
from backend.gaussians import Encoding
from backend.illumination import faint_lobe, neutral_kernel
from backend.light_solve import Observations, solve_light
from backend.model import Clone, Fused, Lighting, Splatted, View, fused, rerendered, splat
from backend.rasterizer import Rasterizer
from training.scenes import Lesson

ENGINE = EngineConfig()
SOLID = 0.5
"""Alpha from which a splatted pixel says something."""


@dataclass(frozen=True)
class Around:
    """One picture of a lesson after one turn of the loop."""

    view: View
    encoding: Encoding
    splatted: Splatted
    found: Fused
    refined: Float[Tensor, "h w 3"]
    """The refined normals of ``found``, which a model always has."""


def go_around(
    model: Clone, encoded: Encoded, lesson: Lesson, index: int, rasterize: Rasterizer
) -> Around:
    """Splat, refine and fuse one of a lesson's pictures."""
    camera = camera_of(lesson.rays[index])
    view = View(lesson.picture[index], lesson.inside[index], camera, rasterize)
    maps = {name: values[index] for name, values in vars(encoded.encoding).items()}
    encoding = Encoding(**maps)
    splatted = splat(encoding, view)
    found = fused(splatted, view, model, encoded.features[index])
    assert found.refined is not None
    return Around(view, encoding, splatted, found, found.refined)


def own_picture_error(around: Around) -> Float[Tensor, ""]:
    """Return how badly a picture is re-rendered under the light that explains it best."""
    view, splatted, found = around.view, around.splatted, around.found
    weights = view.mask.float() * (splatted.alpha.detach() > SOLID)
    solid = weights > 0
    if not solid.any():
        return splatted.albedo.sum() * 0  # nothing is left of it once splatted
    seen = Observations(
        found.normals.detach()[solid],
        splatted.albedo.detach()[solid],
        splatted.target[solid],
        torch.ones_like(splatted.target[solid][:, :2]),
    )
    device = view.rgb.device
    light = solve_light(seen, ENGINE.light).light
    kernel = neutral_kernel(ENGINE.kernel, torch.Generator().manual_seed(0), device)
    now = rerendered(splatted, found, view, Lighting(light, kernel, faint_lobe(device)), ENGINE)
    return losses.reprojection(now.rerendered, splatted.target, weights)


def coverage_error(around: Around) -> Float[Tensor, ""]:
    """Return the share of the surface that shows through; nothing else would keep it solid."""
    inside = around.view.mask
    return (1 - around.splatted.alpha[inside]).mean()


def orientation_error(around: Around) -> Float[Tensor, ""]:
    """Return how far each Gaussian's normal is from the surface through its neighbours' means.

    This teaches depth from normals; the normals are held, they have better teachers.
    """
    splatted = around.splatted
    return losses.orientation(
        splatted.own_normals.detach(), splatted.mean_normals, around.view.mask.float()
    )


def camera_of(rays: Float[Tensor, "h w 3"]) -> Camera:
    """Return the camera whose pixels have these rays."""
    height, width, _ = rays.shape
    device = rays.device
    orthographic = not bool(rays[..., :2].any())
    middle = torch.tensor([width / 2, height / 2], device=device)
    focal = torch.ones(2, device=device)
    if not orthographic:
        focal = 1 / torch.stack([rays[0, 1, 0] - rays[0, 0, 0], rays[1, 0, 1] - rays[0, 0, 1]])
        middle = 0.5 - rays[0, 0, :2] * focal
    intrinsics = torch.eye(3, device=device)
    intrinsics[0, 0], intrinsics[1, 1] = focal
    intrinsics[:2, 2] = middle
    return Camera(intrinsics, torch.eye(4, device=device), width, height, orthographic)


def moved_camera(
    camera: Camera, rotation: Float[Tensor, "3 3"], translation: Float[Tensor, "3"]
) -> Camera:
    """Return a camera in another place."""
    viewmat = torch.eye(4, device=rotation.device)
    viewmat[:3, :3], viewmat[:3, 3] = rotation, translation
    return replace(camera, viewmat=viewmat)
