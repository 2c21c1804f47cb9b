"""One-step refinement and the gate that fuses it with the Gaussians' normals.

The refinement is one deterministic pass in pixel space: no noise, no steps, no latent autoencoder,
whose reconstruction alone would cost degrees. It predicts the clean normal itself; a residual would
leak the picture's appearance into the geometry.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from backend.config import NetworkConfig
from backend.convolution import EdgeConv
from backend.encoder import UNet
from backend.geometry import normalize


class Refinement(nn.Module):
    """Splatted normals, depth, picture and features to clean normals."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.trunk = UNet(3 + 1 + 3 + config.features, config.refinement_widths)
        self.head = nn.Conv2d(config.refinement_widths[0], 3, 1)

    def forward(
        self,
        normals: Float[Tensor, "h w 3"],
        depth: Float[Tensor, "h w"],
        rgb: Float[Tensor, "h w 3"],
        features: Float[Tensor, "h w f"],
    ) -> Float[Tensor, "h w 3"]:
        """Refine one picture's normals in one pass; relative depth is scaled to unit spread."""
        relative = (depth - depth.mean()) / depth.std().clamp_min(1e-6)
        planes = torch.cat([normals, relative[..., None], rgb, features], dim=-1)
        answer = self.head(self.trunk(planes.permute(2, 0, 1)[None]))[0].permute(1, 2, 0)
        return normalize(answer + answer.new_tensor([0.0, 0.0, -1e-3]))


class Gate(nn.Module):
    """Decide at each pixel how far the Gaussians' normal is trusted: Γ in 0..1."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            EdgeConv(3 + 3 + 1 + config.features, 24),
            nn.SiLU(),
            EdgeConv(24, 1),
        )

    def forward(
        self,
        geometric: Float[Tensor, "h w 3"],
        refined: Float[Tensor, "h w 3"],
        features: Float[Tensor, "h w f"],
    ) -> Float[Tensor, "h w"]:
        """Return Γ from both normal maps, their disagreement and the picture's features."""
        disagreement = 1 - (geometric * refined).sum(-1, keepdim=True)
        planes = torch.cat([geometric, refined, disagreement, features], dim=-1)
        return torch.sigmoid(self.layers(planes.permute(2, 0, 1)[None]))[0, 0]


def fuse(
    geometric: Float[Tensor, "h w 3"],
    refined: Float[Tensor, "h w 3"],
    gate: Float[Tensor, "h w"],
) -> Float[Tensor, "h w 3"]:
    """Return N = normalise(Γ·N_g + (1 − Γ)·N_r)."""
    return normalize(gate[..., None] * geometric + (1 - gate[..., None]) * refined)
