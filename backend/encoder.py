"""The learned encoder: a picture to pixel-aligned Gaussian parameters.

A convolutional U-Net without global pooling (a pooled vector loses the pixels' places). Besides RGB
it sees the ray direction of every pixel, which makes it know any field of view.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from backend.camera import Camera, view_rays
from backend.config import NetworkConfig
from backend.gaussians import Encoding
from backend.image import linear_to_srgb

HEADS = {
    "depth_pixels": 1, "normals": 3, "angle": 1, "scale_logits": 2, "flatness_logits": 1,
    "opacity_logits": 1, "log_albedo": 3, "confidence_logits": 1,
}  # fmt: skip
INITIAL = {"scale_logits": -1.5, "flatness_logits": -2.0, "opacity_logits": 2.0, "log_albedo": -1.0}


@dataclass(frozen=True)
class Encoded:
    """The encoder's answer: the surface, and features for refinement and gate."""

    encoding: Encoding
    features: Float[Tensor, "h w f"]


class ConvBlock(nn.Module):
    """Two 3×3 convolutions with group normalisation, as everywhere in this project."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"),
            nn.GroupNorm(8, outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, padding_mode="replicate"),
            nn.GroupNorm(8, outputs),
            nn.SiLU(),
        )

    def forward(self, planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Apply the block."""
        return self.layers(planes)


class UNet(nn.Module):
    """A U-Net that takes any size: every upsampling goes to the size of its skip connection."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            ConvBlock(before, after)
            for before, after in zip((inputs, *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(
            ConvBlock(below + here, here)
            for below, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )

    def forward(self, planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Return features of the first width at full resolution."""
        skips = []
        for level, block in enumerate(self.down):
            planes = block(planes if level == 0 else F.avg_pool2d(planes, 2, ceil_mode=True))
            skips.append(planes)
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            size = skip.shape[-2:]
            planes = F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
            planes = block(torch.cat([planes, skip], dim=1))
        return planes


class Encoder(nn.Module):
    """Picture and camera to Gaussian parameters and features."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.trunk = UNet(5, config.widths)
        self.heads = nn.Conv2d(config.widths[0], sum(HEADS.values()), 1)
        self.features = nn.Conv2d(config.widths[0], config.features, 1)
        biases = [
            torch.full((channels,), INITIAL.get(name, 0.0)) for name, channels in HEADS.items()
        ]
        with torch.no_grad():
            self.heads.weight.mul_(0.1)
            self.heads.bias = nn.Parameter(torch.cat(biases))

    def forward(self, rgb: Float[Tensor, "h w 3"], camera: Camera) -> Encoded:
        """Encode one linear picture; depth and normals are offsets from a facing plane."""
        rays = view_rays(camera)
        planes = torch.cat([linear_to_srgb(rgb) - 0.5, rays[..., :2]], dim=-1)
        hidden = self.trunk(planes.permute(2, 0, 1)[None])
        answer = self.heads(hidden)[0].permute(1, 2, 0)
        parts = dict(zip(HEADS, answer.split(list(HEADS.values()), dim=-1), strict=True))
        maps = {name: part[..., 0] if part.shape[-1] == 1 else part for name, part in parts.items()}
        maps["depth_pixels"] = maps["depth_pixels"] * camera.width  # learned at any resolution
        maps["normals"] = maps["normals"] - rays
        return Encoded(Encoding(**maps), self.features(hidden)[0].permute(1, 2, 0))
