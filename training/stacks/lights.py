"""Where the lights of a stack stood, found from its pictures and from what the model sees.

Photometric stereo with unknown lights leaves a linear map between normals and lights open. Here the
model's own normals close it: per light the direction follows by least squares, per pixel the
albedo, in turn. The model errs at every pixel, but a light has three numbers and thousands of
pixels. No normal is ever given.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from training.photometric import LIT_SHARE

ROUNDS = 20
DOUBT = 0.05
"""Residual, as a share of a light's mean, from which a pixel is believed less."""


@dataclass(frozen=True)
class FoundLights:
    """The lights of a stack."""

    directions: Float[Tensor, "k 3"]
    """Unit, toward each light, in the axes of the normals."""
    strengths: Float[Tensor, " k"]
    """Of mean 1."""
    unexplained: float
    """Root of the share of the light that normals, albedo and lights leave unexplained."""


def found_lights(normals: Float[Tensor, "n 3"], light: Float[Tensor, "n k"]) -> FoundLights:
    """Find the lights under which pixels with these normals have these brightnesses.

    Pixels in the dark have no say, and those that do not fit, as highlights do not, have less.
    """
    lit = (light > LIT_SHARE * light.amax(1, keepdim=True) + 1e-4).float()
    albedo, weight = light.mean(1), lit
    for _ in range(ROUNDS):
        lights = _solved(normals, albedo, light, weight)
        shading = (normals @ lights.T).clamp_min(0)
        albedo = (weight * light * shading).sum(1) / (weight * shading**2).sum(1).clamp_min(1e-6)
        missed = light - albedo[:, None] * shading
        weight = lit / (missed.abs() / light.mean(0).clamp_min(1e-6) + DOUBT)
    strengths = lights.norm(dim=1).clamp_min(1e-6)
    share = (lit * missed**2).sum() / (lit * light**2).sum().clamp_min(1e-6)
    return FoundLights(
        lights / strengths[:, None], strengths / strengths.mean(), float(share.sqrt())
    )


def _solved(
    normals: Float[Tensor, "n 3"],
    albedo: Float[Tensor, " n"],
    light: Float[Tensor, "n k"],
    weight: Float[Tensor, "n k"],
) -> Float[Tensor, "k 3"]:
    """Solve I = a (n·ℓ) for each light."""
    scaled = albedo[:, None] * normals
    gram = torch.einsum("nk,ni,nj->kij", weight, scaled, scaled)
    right = torch.einsum("nk,nk,ni->ki", weight, light, scaled)
    level = gram.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-9)
    ridge = 1e-4 * level[:, None, None] * torch.eye(3)
    return torch.linalg.solve(gram + ridge, right[..., None])[..., 0]
