"""What JPEG does to a picture: chroma at half size, 8×8 cosine blocks, coarse steps."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

BLOCK = 8
STEPS = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
"""Quantisation of luminance at quality 50 (ISO/IEC 10918-1, table K.1)."""
TO_YCC = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def compressed(
    picture: Float[Tensor, "b h w 3"], quality: Float[Tensor, " b"]
) -> Float[Tensor, "b h w 3"]:
    """Lose what a JPEG of a quality 1..100 loses; sRGB-encoded in and out."""
    height, width = picture.shape[1:3]
    to_ycc = TO_YCC.to(picture)
    planes = (picture @ to_ycc.mT).permute(0, 3, 1, 2) * 255
    whole = 2 * BLOCK
    planes = F.pad(planes, (0, -width % whole, 0, -height % whole), mode="replicate")
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    bright = _quantised(planes[:, :1], scale)
    colour = _quantised(F.avg_pool2d(planes[:, 1:], 2), 1.5 * scale)
    colour = F.interpolate(colour, scale_factor=2.0, mode="bilinear")
    decoded = torch.cat([bright, colour], dim=1)[:, :, :height, :width] / 255
    return decoded.permute(0, 2, 3, 1) @ torch.linalg.inv(TO_YCC).to(picture).mT


def _quantised(
    planes: Float[Tensor, "b c h w"], scale: Float[Tensor, " b"]
) -> Float[Tensor, "b c h w"]:
    cosines = _cosines().to(planes)
    steps = (STEPS.to(planes) * scale[:, None, None, None, None, None]).clamp_min(1)
    blocks = planes.unflatten(2, (-1, BLOCK)).unflatten(4, (-1, BLOCK)).transpose(3, 4)
    rounded = ((cosines @ blocks @ cosines.mT) / steps).round() * steps
    back = cosines.mT @ rounded @ cosines
    return back.transpose(3, 4).flatten(4, 5).flatten(2, 3)


def _cosines() -> Float[Tensor, "8 8"]:
    """Return the orthonormal DCT-II."""
    at, wave = torch.arange(BLOCK) + 0.5, torch.arange(BLOCK)[:, None]
    rows = torch.cos(math.pi / BLOCK * at * wave) * math.sqrt(2 / BLOCK)
    rows[0] /= math.sqrt(2)
    return rows
