"""EfficientNet-Lite as a trunk (Tan & Le 2019; Lite without squeeze-and-excitation, with ReLU6).

Small, made of plain convolutions, and its ImageNet features are worth degrees to what is trained on
top of them.
"""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

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
DEPTHS = {"lite0": 1.0, "lite1": 1.1, "lite2": 1.2}
"""How many more blocks a row has than Lite0's; first and last row never grow."""
WIDTHS = {"lite0": 1.0, "lite1": 1.0, "lite2": 1.1}


def stages_of(variant: str) -> tuple[Stage, ...]:
    """Return the rows of a variant, its channels rounded to eights as published."""
    grown = []
    for index, stage in enumerate(STAGES):
        fixed = index in (0, len(STAGES) - 1)
        blocks = stage.blocks if fixed else math.ceil(stage.blocks * DEPTHS[variant])
        channels = max(8, int(stage.channels * WIDTHS[variant] + 4) // 8 * 8)
        grown.append(replace(stage, blocks=blocks, channels=channels))
    return tuple(grown)


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


class EfficientNetLite(nn.Module):
    """RGB, ImageNet-normalised, to features at five strides."""

    def __init__(self, variant: str = "lite0") -> None:
        super().__init__()
        self.stem: nn.Module = nn.Conv2d(3, STEM, 3, 2, padding=1, bias=False)
        self.norm: nn.Module = FrozenBatchNorm(STEM)
        self.plan = stages_of(variant)
        inputs = STEM
        rows = []
        for stage in self.plan:
            row = []
            for index in range(stage.blocks):
                row.append(Bottleneck(inputs, stage, stage.stride if index == 0 else 1))
                inputs = stage.channels
            rows.append(nn.Sequential(*row))
        self.stages = nn.ModuleList(rows)
        following = (*(stage.stride for stage in self.plan[1:]), 2)
        self.pyramid = tuple(
            stage.channels for stage, stride in zip(self.plan, following, strict=True) if stride > 1
        )
        """Channels at strides 2, 4, 8, 16 and 32."""

    def forward(self, planes: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the last features of each stride, fine to coarse."""
        planes = F.relu6(self.norm(self.stem(planes)))
        pyramid = []
        for stage, row in zip(self.plan, self.stages, strict=True):
            if stage.stride > 1:
                pyramid.append(planes)
            planes = row(planes)
        return [*pyramid, planes]


@torch.no_grad()
def fold_norms(trunk: EfficientNetLite) -> None:
    """Multiply the frozen normalisations into the convolutions: the same answers, in less time.

    For a trunk that learns no more; afterwards it has no normalisations.
    """
    trunk.stem, trunk.norm = _folded([trunk.stem, trunk.norm])
    for block in trunk.modules():
        if isinstance(block, Bottleneck):
            block.layers = nn.Sequential(*_folded(list(block.layers)))


def _folded(layers: list[nn.Module]) -> list[nn.Module]:
    """Fold each normalisation into the convolution before it and leave nothing in its place."""
    for index, layer in enumerate(layers):
        if isinstance(layer, FrozenBatchNorm):
            before = layers[index - 1]
            assert isinstance(before, nn.Conv2d)
            layers[index - 1 : index + 1] = fuse_conv_bn_eval(before, layer), nn.Identity()
    return layers
