"""The light: ambient spherical harmonics, one sun, a gloss lobe and the light modulation kernel.

Radiance = albedo · (m_a · ambient(n) + m_d · b · max(0, n·ℓ)) + m_d · b · s · max(0, n·h)^g, with
(m_a, m_d) from the modulation kernel. All directions are in the OpenCV camera.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend.config import KernelConfig
from backend.geometry import normalize


@dataclass(frozen=True)
class Illumination:
    """Distant light. Gauge: the irradiance has mean 1 per channel over the mask."""

    ambient: Float[Tensor, "9 3"]
    """Irradiance harmonics in the order of ``harmonics``."""
    sun_direction: Float[Tensor, "3"]
    """From the surface toward the light."""
    sun_colour: Float[Tensor, "3"]


@dataclass(frozen=True)
class Lobe:
    """One Blinn lobe around the sun per picture; unconstrained values, see ``gloss``."""

    strength_logit: Float[Tensor, ""]
    exponent_logit: Float[Tensor, ""]


@dataclass(frozen=True)
class ModulationKernel:
    """Low-frequency modulation of ambient and direct light; unconstrained, see ``modulation``."""

    weights: Float[Tensor, "2 k"]
    centres: Float[Tensor, "k 2"]
    widths: Float[Tensor, " k"]
    frequencies: Float[Tensor, "k 2"]
    phases: Float[Tensor, " k"]


def harmonics(normals: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 9"]:
    """Evaluate 1, y, z, x, xy, yz, 3z²−1, xz, x²−y² (Ramamoorthi & Hanrahan 2001, unscaled)."""
    x, y, z = normals.unbind(-1)
    terms = [torch.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
    return torch.stack(terms, dim=-1)


def irradiance(
    normals: Float[Tensor, "*b 3"],
    light: Illumination,
    modulations: Float[Tensor, "*b 2"],
) -> Float[Tensor, "*b 3"]:
    """Return the irradiance E(n, x) per channel."""
    ambient = (harmonics(normals) @ light.ambient).clamp_min(0.0)
    facing = (normals @ light.sun_direction).clamp_min(0.0)
    direct = facing[..., None] * light.sun_colour
    return modulations[..., :1] * ambient + modulations[..., 1:] * direct


def gloss(
    normals: Float[Tensor, "*b 3"],
    rays: Float[Tensor, "*b 3"],
    light: Illumination,
    lobe: Lobe,
    modulations: Float[Tensor, "*b 2"],
) -> Float[Tensor, "*b 3"]:
    """Return the specular radiance; the exponent lies between 8 and 72."""
    half = normalize(light.sun_direction - normalize(rays))
    exponent = 8 + 64 * torch.sigmoid(lobe.exponent_logit)
    highlight = (normals * half).sum(-1).clamp_min(1e-4) ** exponent
    strength = F.softplus(lobe.strength_logit)
    return (strength * modulations[..., 1] * highlight)[..., None] * light.sun_colour


def modulation(
    kernel: ModulationKernel, positions: Float[Tensor, "*b 2"], config: KernelConfig
) -> Float[Tensor, "*b 2"]:
    """Evaluate m_l(x) = 1 + Σ_k w_kl · exp(−|x−u_k|²/2ξ_k²) · cos(2π f_k·x + φ_k) for both lights.

    ``positions`` run from 0 to 1 over the picture. The bounds of ``config`` hold by construction:
    one factor common to both lights would be albedo under another name, and a high frequency
    would be texture.
    """
    total = kernel.weights.abs().sum(-1, keepdim=True)
    weights = config.largest_sum * kernel.weights / (1 + total)
    widths = config.smallest_width + F.softplus(kernel.widths)
    frequencies = config.highest_frequency / 2**0.5 * torch.tanh(kernel.frequencies)
    offsets = positions[..., None, :] - kernel.centres
    envelope = torch.exp(-offsets.square().sum(-1) / (2 * widths**2))
    wave = torch.cos(2 * torch.pi * (positions @ frequencies.T) + kernel.phases)
    return 1 + (envelope * wave) @ weights.T


def neutral_kernel(
    config: KernelConfig, generator: torch.Generator, device: torch.device
) -> ModulationKernel:
    """Return a kernel that changes nothing yet, its terms spread over the picture."""
    terms = config.terms
    return ModulationKernel(
        weights=torch.zeros(2, terms, device=device),
        centres=torch.rand(terms, 2, generator=generator).to(device),
        widths=torch.full((terms,), -1.0, device=device),
        frequencies=(0.5 * torch.randn(terms, 2, generator=generator)).to(device),
        phases=(2 * torch.pi * torch.rand(terms, generator=generator)).to(device),
    )


def faint_lobe(device: torch.device) -> Lobe:
    """Return a lobe weak enough to be matte, with a gradient to grow."""
    return Lobe(torch.tensor(-5.0, device=device), torch.tensor(0.0, device=device))
