"""The 3×3 convolution of every network here: beyond its edge a picture goes on as it ends.

With zeros there, normals would bend along the frame.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LARGE = 96 * 96
"""Pixels from which copying a picture to continue it costs more than mending the frame."""


class EdgeConv(nn.Conv2d):
    """Convolve 3×3, the edge continued."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="replicate")

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Convolve; where nothing is learned and much is seen, without a copy of all of it."""
        height, width = input.shape[-2:]
        small = height * width < LARGE or min(height, width) < 2
        if small or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return super().forward(input)
        return _with_mended_frame(input, self.weight, self.bias)


def _with_mended_frame(
    planes: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c 3 3"], bias: Tensor | None
) -> Float[Tensor, "b d h w"]:
    """Convolve as if zeros lay outside, then the four sides of the frame again, continued."""
    found = F.conv2d(planes, weight, bias, padding=1)
    for ends, strip, padding in (
        (found[..., :1, :], planes[..., :2, :], (1, 1, 1, 0)),
        (found[..., -1:, :], planes[..., -2:, :], (1, 1, 0, 1)),
        (found[..., :1], planes[..., :2], (1, 0, 1, 1)),
        (found[..., -1:], planes[..., -2:], (0, 1, 1, 1)),
    ):
        ends.copy_(F.conv2d(F.pad(strip, padding, mode="replicate"), weight, bias))
    return found
