"""The learned encoder: a picture to pixel-aligned Gaussian parameters.

An EfficientNet-Lite trunk and a decoder at full resolution, without global pooling (a pooled
vector loses the pixels' places). Besides RGB the decoder sees the ray direction of every pixel,
which makes it know any field of view, and the inflated outline where a thing is cut out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from backend.config import NetworkConfig
from backend.convolution import EdgeConv
from backend.efficientnet import EfficientNetLite
from backend.gaussians import Encoding
from backend.image import linear_to_srgb
from backend.outline import CHANNELS

HEADS = {
    "depth_pixels": 1, "normals": 3, "angle": 1, "scale_logits": 2, "flatness_logits": 1,
    "opacity_logits": 1, "log_albedo": 3, "confidence_logits": 1,
}  # fmt: skip
RAY_CHANNELS = 2
HINT_CHANNELS = RAY_CHANNELS + CHANNELS
"""Ray direction and inflated outline, seen at every resolution."""
FINE = 16
"""Channels of the full-resolution path that keeps thin detail."""
CONTEXT_NAME = re.compile(r"encoder\.context\.(\d+)\.(\d+)\.")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INITIAL = {"scale_logits": -1.5, "flatness_logits": -2.0, "opacity_logits": 2.0, "log_albedo": -1.0}


@dataclass(frozen=True)
class Encoded:
    """The encoder's answer: the surface, and features for refinement and gate."""

    encoding: Encoding
    features: Float[Tensor, "*b h w f"]


class ConvBlock(nn.Module):
    """Two 3×3 convolutions with group normalisation, as everywhere in this project."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            EdgeConv(inputs, outputs),
            nn.GroupNorm(8, outputs),
            nn.SiLU(),
            EdgeConv(outputs, outputs),
            nn.GroupNorm(8, outputs),
            nn.SiLU(),
        )

    def forward(self, planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Apply the block."""
        return self.layers(planes)


class ContextBlock(nn.Module):
    """Look 7×7 around and mix channels, beside a shortcut (ConvNeXt, Liu et al. 2022, figure 4).

    At coarse strides this carries what one part of a picture tells of another, at little cost. It
    begins as the identity, so that a network can grow without forgetting.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(
            channels, channels, 7, padding=3, padding_mode="replicate", groups=channels
        )
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )
        for parameter in self.mix[2].parameters():
            nn.init.zeros_(parameter)

    def forward(self, planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Apply the block."""
        with _depthwise_precision(planes):
            around = self.around(planes if planes.is_cuda else planes.float())
        mixed = self.mix(self.norm(around.permute(0, 2, 3, 1)))
        return planes + mixed.permute(0, 3, 1, 2)


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


class PlainTrunk(nn.Module):
    """Convolutions at the same strides and widths as the EfficientNet, to compare it with."""

    pyramid = (16, 24, 40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *self.pyramid[:-1])
        self.blocks = nn.ModuleList(
            ConvBlock(*pair) for pair in zip(inputs, self.pyramid, strict=True)
        )

    def forward(self, planes: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the features of each stride, fine to coarse."""
        found = []
        for block in self.blocks:
            planes = block(F.avg_pool2d(planes, 2, ceil_mode=True))
            found.append(planes)
        return found


class Encoder(nn.Module):
    """Picture, view rays and inflated outline to Gaussian parameters and features."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.trunk = PlainTrunk() if config.trunk == "plain" else EfficientNetLite(config.trunk)
        finest, pyramid = config.decoder_widths[-1], self.trunk.pyramid
        below, ups, contexts = pyramid[-1], [], []
        for skip, width, depth in zip(
            pyramid[-2::-1], config.decoder_widths, config.context_depths, strict=True
        ):
            seen = below + skip + HINT_CHANNELS
            contexts.append(nn.Sequential(*(ContextBlock(seen) for _ in range(depth))))
            ups.append(ConvBlock(seen, width))
            below = width
        self.context = nn.ModuleList(contexts)
        self.up = nn.ModuleList(ups)
        self.fine = EdgeConv(3 + HINT_CHANNELS, FINE)
        self.last = ConvBlock(below + FINE, finest)
        self.heads = nn.Conv2d(finest, sum(HEADS.values()), 1)
        self.features = nn.Conv2d(finest, config.features, 1)
        biases = [torch.full((count,), INITIAL.get(name, 0.0)) for name, count in HEADS.items()]
        with torch.no_grad():
            self.heads.weight.mul_(0.1)
            self.heads.bias = nn.Parameter(torch.cat(biases))

    def forward(
        self,
        rgb: Float[Tensor, "b h w 3"],
        rays: Float[Tensor, "b h w 3"],
        outline: Float[Tensor, "b h w 2"],
    ) -> Encoded:
        """Encode linear pictures; depth and normals are offsets from a facing plane."""
        shown = (linear_to_srgb(rgb) - rgb.new_tensor(IMAGENET_MEAN)) / rgb.new_tensor(IMAGENET_STD)
        planes = shown.permute(0, 3, 1, 2)
        hints = torch.cat([rays[..., :RAY_CHANNELS], outline], dim=-1).permute(0, 3, 1, 2)
        with _depthwise_precision(planes):
            *skips, hidden = self.trunk(planes)
        for context, up, skip in zip(self.context, self.up, skips[::-1], strict=True):
            size = skip.shape[-2:]
            parts = [_resized(hidden, size), skip, _resized(hints, size)]
            hidden = up(context(torch.cat(parts, dim=1)))
        fine = F.silu(self.fine(torch.cat([planes, hints], dim=1)))
        hidden = self.last(torch.cat([_resized(hidden, planes.shape[-2:]), fine], dim=1))
        features = self.features(hidden).permute(0, 2, 3, 1)
        return Encoded(_encoding(self.heads(hidden), rays), features)


def context_depths_of(names: Iterable[str], steps: int) -> tuple[int, ...]:
    """Return how many context blocks come before each step of a decoder, by the weights' names."""
    depths = [0] * steps
    for found in map(CONTEXT_NAME.match, names):
        if found and int(found[1]) < steps:
            depths[int(found[1])] = max(depths[int(found[1])], int(found[2]) + 1)
    return tuple(depths)


def _depthwise_precision(planes: Tensor) -> torch.autocast:
    """Keep to float32 on a CPU, which is slower at depthwise convolutions in bfloat16."""
    in_bf16 = planes.is_cuda and torch.is_autocast_enabled("cuda")
    return torch.autocast(planes.device.type, torch.bfloat16, enabled=in_bf16)


def _encoding(answer: Float[Tensor, "b c h w"], rays: Float[Tensor, "b h w 3"]) -> Encoding:
    """Split the heads' channels into the maps of an encoding."""
    parts = answer.permute(0, 2, 3, 1).split(list(HEADS.values()), dim=-1)
    maps = {
        name: part[..., 0] if part.shape[-1] == 1 else part
        for name, part in zip(HEADS, parts, strict=True)
    }
    maps["depth_pixels"] = maps["depth_pixels"] * rays.shape[2]  # learned at any resolution
    maps["normals"] = maps["normals"] - rays
    return Encoding(**maps)


def _resized(planes: Float[Tensor, "b c h w"], size: torch.Size) -> Float[Tensor, "b c hh ww"]:
    return F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
