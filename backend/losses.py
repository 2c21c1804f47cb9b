"""The closed loop's objective: reprojection and the regularisers that make it mean geometry."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend.illumination import ModulationKernel

HUBER_DELTA = 0.1
"""Angle measure 1 − cos from which the orientation loss grows linearly (G3Splat)."""
CHROMA_EDGE = 0.05
"""Change of chromaticity at which an albedo edge is expected."""


def weighted_mean(values: Float[Tensor, "*s"], weights: Float[Tensor, "*s"]) -> Float[Tensor, ""]:
    """Average values with weights; zero when all weights are."""
    return (values * weights).sum() / weights.sum().clamp_min(1e-6)


def reprojection(
    rerendered: Float[Tensor, "h w 3"],
    target: Float[Tensor, "h w 3"],
    weights: Float[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """Charbonnier distance of the two pictures after a square root, which evens out exposure."""
    difference = (rerendered.clamp_min(0) + 1e-3).sqrt() - (target.clamp_min(0) + 1e-3).sqrt()
    return weighted_mean((difference.square() + 1e-4).sqrt().mean(-1), weights)


def structure(
    rerendered: Float[Tensor, "h w 3"],
    target: Float[Tensor, "h w 3"],
    weights: Float[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """1 − SSIM over 7×7 windows (Wang et al. 2004)."""
    a, b = rerendered.permute(2, 0, 1)[None], target.permute(2, 0, 1)[None]
    mean_a, mean_b = _window(a), _window(b)
    var_a = (_window(a * a) - mean_a**2).clamp_min(0)
    var_b = (_window(b * b) - mean_b**2).clamp_min(0)
    covariance = _window(a * b) - mean_a * mean_b
    numerator = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    denominator = (mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4)
    return weighted_mean(1 - (numerator / denominator)[0].mean(0), weights)


def orientation(
    gaussian_normals: Float[Tensor, "h w 3"],
    mean_normals: Float[Tensor, "h w 3"],
    weights: Float[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """Huber distance of the Gaussians' normals to those of their neighbours' means (G3Splat).

    This is what keeps the normals integrable, and what makes a change of one pull the other.
    """
    distance = 1 - (gaussian_normals * mean_normals).sum(-1)
    zero = torch.zeros_like(distance)
    return weighted_mean(
        F.huber_loss(distance, zero, reduction="none", delta=HUBER_DELTA) / HUBER_DELTA, weights
    )


def trust(
    normals: Float[Tensor, "h w 3"],
    start: Float[Tensor, "h w 3"],
    weights: Float[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """Squared distance of the smoothed normals from the smoothed start: detail is free to move."""
    difference = (normals - start) * weights[..., None]
    smooth = _window(difference.permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    return weighted_mean(smooth.square().sum(-1), weights)


def albedo_sparsity(
    log_albedo: Float[Tensor, "h w 3"],
    picture: Float[Tensor, "h w 3"],
    inside: Float[Tensor, "h w"],
) -> Float[Tensor, ""]:
    """Absolute gradient of the log albedo, cheap where the picture's chromaticity changes."""
    chroma = picture / picture.sum(-1, keepdim=True).clamp_min(1e-3)
    total = log_albedo.new_zeros(())
    for dim in (0, 1):
        step = log_albedo.diff(dim=dim)
        edge = chroma.diff(dim=dim).norm(dim=-1)
        both = inside.narrow(dim, 1, inside.shape[dim] - 1)
        both = both * inside.narrow(dim, 0, inside.shape[dim] - 1)
        magnitude = (step.square().mean(-1) + 1e-6).sqrt()
        total = total + weighted_mean(magnitude * torch.exp(-edge / CHROMA_EDGE), both)
    return total


def kernel_energy(kernel: ModulationKernel) -> Float[Tensor, ""]:
    """Keep the modulation as small as the picture allows."""
    return kernel.weights.square().mean()


def _window(planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Average over 7×7 pixels, as two passes of 7: the window was a quarter of the loop's time."""
    across = F.avg_pool2d(planes, (1, 7), 1, (0, 3), count_include_pad=False)
    return F.avg_pool2d(across, (7, 1), 1, (3, 0), count_include_pad=False)
