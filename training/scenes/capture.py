"""What a camera does to a picture: exposure, blur, vignette, noise, tone, compression.

Only the picture suffers this; the single-light targets stay clean.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.image import linear_to_srgb, luminance, srgb_to_linear
from training.scenes.jpeg import compressed
from training.scenes.random import Dice


def captured(
    dice: Dice, picture: Float[Tensor, "b h w 3"], inside: Bool[Tensor, "b h w"]
) -> Float[Tensor, "b h w 3"]:
    """Degrade pictures as cameras and editors do; linear light in, linear light out, 0..1."""
    batch, height, width, _ = picture.shape
    # a sample of the values: sorting them all is slower than the rest of the camera
    of_things = torch.where(inside[..., None], picture, torch.nan).flatten(1)[:, ::13]
    white = of_things.nanquantile(0.95, dim=1).nan_to_num(1.0).clamp_min(1e-3)
    exposure = dice.uniform(batch, low=0.5, high=1.3) / white
    picture = picture * exposure[:, None, None, None]
    for _ in range(2):
        picture = torch.where(dice.chance(0.12, batch, 1, 1, 1), _blurred(picture), picture)
    picture = picture * _vignette(dice, batch, height, width, picture.device)
    picture = picture * (1 + 0.15 * dice.uniform(batch, 1, 1, 3, low=-1.0))
    gray = luminance(picture)[..., None].expand_as(picture)
    picture = torch.where(dice.chance(0.2, batch, 1, 1, 1), gray, picture)
    noise = dice.normal(*picture.shape) * (0.03 * dice.uniform(batch, 1, 1, 1).square())
    picture = (picture + noise * picture.clamp_min(0).sqrt()).clamp(0, 1)
    encoded = _toned(dice, linear_to_srgb(picture))
    quality = dice.uniform(batch, low=40.0, high=98.0)
    squeezed = compressed(encoded, quality).clamp(0, 1)
    encoded = torch.where(dice.chance(0.3, batch, 1, 1, 1), squeezed, encoded)
    # cut out: what the model sees of a masked object has black around it
    whole = inside[..., None] | dice.chance(0.5, batch, 1, 1, 1)
    return srgb_to_linear(encoded) * whole


def _toned(dice: Dice, encoded: Float[Tensor, "b h w 3"]) -> Float[Tensor, "b h w 3"]:
    """Bend the tones of some pictures: gamma, and more or less contrast."""
    batch = len(encoded)
    bent = encoded ** (0.35 * dice.uniform(batch, 1, 1, 1, low=-1.0)).exp()
    curve = bent * bent * (3 - 2 * bent)
    bent = bent + dice.uniform(batch, 1, 1, 1, low=-0.5, high=0.8) * (curve - bent)
    return torch.where(dice.chance(0.6, batch, 1, 1, 1), bent.clamp(0, 1), encoded)


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
