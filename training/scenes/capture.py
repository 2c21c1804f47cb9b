"""What a camera does to a picture: exposure, blur, vignette, noise, and sometimes no colour.

Only the picture suffers this; the single-light targets stay clean.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend.image import luminance
from training.scenes.random import Dice


def captured(dice: Dice, picture: Float[Tensor, "b h w 3"]) -> Float[Tensor, "b h w 3"]:
    """Degrade pictures as cameras do; linear light in, linear light out, 0..1."""
    batch, height, width, _ = picture.shape
    white = picture.flatten(1).quantile(0.95, dim=1).clamp_min(1e-3)
    exposure = dice.uniform(batch, low=0.5, high=1.3) / white
    picture = picture * exposure[:, None, None, None]
    picture = torch.where(_some(dice, batch, 0.3), _blurred(picture), picture)
    picture = picture * _vignette(dice, batch, height, width, picture.device)
    gray = luminance(picture)[..., None].expand_as(picture)
    picture = torch.where(_some(dice, batch, 0.2), gray, picture)
    noise = dice.normal(*picture.shape) * (0.04 * dice.uniform(batch, 1, 1, 1).square())
    return (picture + noise * picture.clamp_min(0).sqrt()).clamp(0, 1)


def _some(dice: Dice, batch: int, share: float) -> Tensor:
    return (dice.uniform(batch) < share)[:, None, None, None]


def _blurred(picture: Float[Tensor, "b h w 3"]) -> Float[Tensor, "b h w 3"]:
    planes = F.pad(picture.permute(0, 3, 1, 2), (1, 1, 1, 1), mode="replicate")
    return F.avg_pool2d(planes, 3, stride=1).permute(0, 2, 3, 1)


def _vignette(
    dice: Dice, batch: int, height: int, width: int, device: torch.device
) -> Float[Tensor, "b h w 1"]:
    v, u = torch.meshgrid(
        torch.linspace(-1, 1, height, device=device),
        torch.linspace(-1, 1, width, device=device),
        indexing="ij",
    )
    amount = 0.25 * dice.uniform(batch, 1, 1).square()
    return (1 - amount * (u * u + v * v) / 2)[..., None]
