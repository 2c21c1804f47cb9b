"""The plain way to splat in torch: list every pair of a pixel and a Gaussian, sort, add up.

A fixed yardstick for the benchmarks and one more opinion for the tests; never make it faster.
"""

import torch
from torch import Tensor

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer.projection import Splats, project_gaussians
from backend.rasterizer.protocol import ALPHA_MAX, ALPHA_MIN, TRANSMITTANCE_STOP, Rendering


class PairRasterizer:
    """Autograd over one long list of pairs."""

    name = "pairs"

    def __call__(self, gaussians: Gaussians, features: Tensor, camera: Camera) -> Rendering:
        """Splat per-Gaussian features into the camera's picture."""
        splats = project_gaussians(gaussians, camera)
        splat, pixel = candidate_pairs(splats, camera)
        alpha = pair_alphas(splats, gaussians.opacities, splat, pixel, camera)
        drawn = alpha > 0
        splat, pixel, alpha = splat[drawn], pixel[drawn], alpha[drawn]
        rank = torch.empty_like(splats.radii[:, 0], dtype=torch.long)
        rank[torch.argsort(splats.depths.detach(), stable=True)] = torch.arange(len(rank))
        order = torch.argsort(pixel * len(rank) + rank[splat])
        splat, pixel, alpha = splat[order], pixel[order], alpha[order]
        weight = blend_weights(alpha, pixel)
        one = torch.ones_like(splats.depths[:, None])
        carried = torch.cat([features, splats.depths[:, None], one], 1)
        image = carried.new_zeros(camera.height * camera.width, carried.shape[1])
        image = image.index_add(0, pixel, weight[:, None] * carried[splat])
        image = image.view(camera.height, camera.width, -1)
        total = image[..., -1]
        depth = image[..., -2] / total.clamp_min(1e-10)
        return Rendering(image[..., :-2], total, depth)


def candidate_pairs(splats: Splats, camera: Camera) -> tuple[Tensor, Tensor]:
    """Return Gaussian and pixel of every pair within the splats' rectangles."""
    size = torch.tensor([camera.width, camera.height])
    first = (splats.means.detach() - splats.radii).floor().long().clamp_min(0).minimum(size)
    last = (splats.means.detach() + splats.radii).ceil().long().clamp_min(0).minimum(size)
    spans = (last - first) * (splats.radii > 0)
    counts = spans.prod(-1)
    splat = torch.repeat_interleave(torch.arange(len(counts)), counts)
    within = torch.arange(len(splat)) - (counts.cumsum(0) - counts)[splat]
    column = first[splat, 0] + within % spans[splat, 0]
    row = first[splat, 1] + within // spans[splat, 0]
    return splat, row * camera.width + column


def pair_alphas(
    splats: Splats, opacities: Tensor, splat: Tensor, pixel: Tensor, camera: Camera
) -> Tensor:
    """Return each pair's alpha, 0 where it is not drawn."""
    centre = torch.stack([pixel % camera.width, pixel // camera.width], -1) + 0.5
    dx, dy = (splats.means[splat] - centre).unbind(-1)
    a, b, c = splats.conics[splat].unbind(-1)
    sigma = 0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy
    alpha = opacities[splat] * torch.exp(-sigma)
    drawn = (sigma >= 0) & (alpha >= ALPHA_MIN)
    return torch.where(drawn, alpha.clamp_max(ALPHA_MAX), 0.0)


def blend_weights(alpha: Tensor, pixel: Tensor) -> Tensor:
    """Return α·T of pairs sorted by pixel and depth; 0 from where a pixel stops."""
    log_keep = torch.log1p(-alpha.double())
    log_after = log_keep.cumsum(0)
    first = torch.ones_like(pixel, dtype=torch.bool)
    first[1:] = pixel[1:] != pixel[:-1]
    begins = first.nonzero()[:, 0][first.cumsum(0) - 1]
    log_after = log_after - (log_after - log_keep)[begins]
    weight = alpha * torch.exp(log_after - log_keep).to(alpha.dtype)
    return torch.where(log_after.detach().exp() > TRANSMITTANCE_STOP, weight, 0.0)
