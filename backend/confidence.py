"""How sure each pixel's normal is, in degrees of expected error, and as a number from 0 to 1.

Three clues: what the encoder thinks its normal leaves unexplained (``backend.multiscale`` adds how
differently the mirror image is answered), how much the surface bends there, and how far it turns
away. Their weights are fitted on our own validation scenes by ``training.calibrate``. How badly the
picture is re-rendered and how far the two normals lie apart say nothing beside them.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import view_rays
from backend.config import ConfidenceConfig
from backend.gaussians import Encoding
from backend.geometry import normalize
from backend.model import View

BEND_FLOOR = 0.01
"""Of a unit normal, from one pixel to the next."""


def clues(
    encoding: Encoding, normals: Float[Tensor, "h w 3"], view: View
) -> Float[Tensor, "h w 4"]:
    """Return what speaks for an error of the normals: 1, doubt, bend, turn.

    The bend is the logarithm of the normal's change, the turn 1 − cos to the viewer.
    """
    turned = 1 + (normals * normalize(view_rays(view.camera))).sum(-1)
    doubt = -encoding.confidence_logits
    bend = (_bend(normals) + BEND_FLOOR).log()
    return torch.stack([torch.ones_like(doubt), doubt, bend, turned], dim=-1)


def _bend(normals: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w"]:
    """Return how far normals are from those below and to the right."""
    down = torch.diff(normals, dim=0, append=normals[-1:]).norm(dim=-1)
    across = torch.diff(normals, dim=1, append=normals[:, -1:]).norm(dim=-1)
    return down + across


def expected_error(found: Float[Tensor, "h w 4"], config: ConfidenceConfig) -> Float[Tensor, "h w"]:
    """Return the expected angular error in degrees."""
    return (found @ found.new_tensor(config.weights)).exp().clamp(0.5, 90.0)


def confidence(
    encoding: Encoding, normals: Float[Tensor, "h w 3"], view: View, config: ConfidenceConfig
) -> Float[Tensor, "h w"]:
    """Return the confidence c in 0..1; it stands for an expected error of −scale · ln c."""
    error = expected_error(clues(encoding, normals, view), config)
    return torch.exp(-error / config.scale_degrees) * view.mask
