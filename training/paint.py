"""Paint over a picture: colours that tell nothing of the shape beneath."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from training.scenes.posters import poster
from training.scenes.random import Dice

PRINTED_SHARE = 0.6
"""Share of the paints on single things that are print: letters, pictures, stripes."""
DARKEST = 0.03
"""Of a print: ink is not so black that it has no shading."""


def paint(dice: Dice, size: int, single: bool) -> Float[Tensor, "s s 3"]:
    """Draw an albedo to multiply a picture by: patches of two colours, or print.

    Print is for a ``single`` thing; across a room its lines would run over what lies apart.
    """
    if single and float(dice.uniform(1)) < PRINTED_SHARE:
        return poster(dice, 1, size)[0].unflatten(0, (size, size)).clamp_min(DARKEST)
    return _patches(dice, size)


def _patches(dice: Dice, size: int) -> Float[Tensor, "s s 3"]:
    """Draw two colours in patches with soft or hard edges."""
    cells = 2 + int(dice.integers(12, 1))
    noise = dice.normal(1, 1, cells, cells)
    field = F.interpolate(noise, (size, size), mode="bicubic", align_corners=True)[0, 0]
    hardness = 10 ** float(dice.uniform(1, high=1.5))
    first, second = dice.uniform(2, 3, low=0.1)
    return torch.lerp(first, second, torch.sigmoid(hardness * field)[..., None])
