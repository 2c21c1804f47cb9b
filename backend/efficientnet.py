"""EfficientNet-Lite0 as a trunk (Tan & Le 2019; Lite without squeeze-and-excitation, with ReLU6).

Small, made of plain convolutions, and its ImageNet features are worth degrees to what is trained on
top of them.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

STEM = 32


@dataclass(frozen=True)
class Stage:
    """A row of inverted bottlenecks."""

    expand: int
    kernel: int
    stride: int
    channels: int
    blocks: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
PYRAMID = (16, 24, 40, 112, 320)
"""Channels at strides 2, 4, 8, 16 and 32."""


class FrozenBatchNorm(nn.BatchNorm2d):
    """Batch normalisation that keeps the statistics it came with: batches here are small."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3)
        self.eval()

    def train(self, mode: bool = True) -> "FrozenBatchNorm":
        """Stay in evaluation mode."""
        return super().train(False)


class Bottleneck(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape allows it."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        hidden = inputs * stage.expand
        layers: list[nn.Module] = []
        if stage.expand > 1:
            layers += [
                nn.Conv2d(inputs, hidden, 1, bias=False),
                FrozenBatchNorm(hidden),
                nn.ReLU6(),
            ]
        layers += [
            nn.Conv2d(
                hidden, hidden, stage.kernel, stride,
                padding=stage.kernel // 2, groups=hidden, bias=False,
            ),
            FrozenBatchNorm(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, stage.channels, 1, bias=False),
            FrozenBatchNorm(stage.channels),
        ]  # fmt: skip
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == stage.channels

    def forward(self, planes: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d hh ww"]:
        """Apply the block."""
        answer = self.layers(planes)
        return planes + answer if self.shortcut else answer


class EfficientNetLite0(nn.Module):
    """RGB, ImageNet-normalised, to features at five strides."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, padding=1, bias=False)
        self.norm = FrozenBatchNorm(STEM)
        inputs = STEM
        rows = []
        for stage in STAGES:
            row = []
            for index in range(stage.blocks):
                row.append(Bottleneck(inputs, stage, stage.stride if index == 0 else 1))
                inputs = stage.channels
            rows.append(nn.Sequential(*row))
        self.stages = nn.ModuleList(rows)

    def forward(self, planes: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the last features of each stride, fine to coarse."""
        planes = F.relu6(self.norm(self.stem(planes)))
        pyramid = []
        for stage, row in zip(STAGES, self.stages, strict=True):
            if stage.stride > 1:
                pyramid.append(planes)
            planes = row(planes)
        return [*pyramid, planes]
