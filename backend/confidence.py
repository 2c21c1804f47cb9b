"""How sure each pixel's normal is, in degrees of expected error, and as a number from 0 to 1.

Five clues: what the encoder thinks its normal leaves unexplained, how badly the picture is
re-rendered, how far the Gaussians' normal and the refined one lie apart, how much the surface bends
there, and how far it turns away. Their weights are fitted on our own validation scenes by
``training.calibrate``.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import view_rays
from backend.config import ConfidenceConfig
from backend.gaussians import Encoding
from backend.geometry import normalize
from backend.losses import weighted_mean
from backend.model import Turn, View

RESIDUAL_FLOOR = 0.02
BEND_FLOOR = 0.01
"""Of a unit normal, from one pixel to the next."""


def clues(encoding: Encoding, now: Turn, view: View) -> Float[Tensor, "h w 6"]:
    """Return what speaks for an error: 1, doubt, residual, disagreement, bend, turn.

    The residual is the logarithm of the relative one, the bend that of the normal's change; the
    disagreement is 1 − cos, and so is the turn.
    """
    target = now.splatted.target
    level = weighted_mean(target.mean(-1), view.mask.float()).clamp_min(1e-6)
    residual = (now.rerendered - target).abs().mean(-1) / level
    other = now.splatted.mean_normals if now.refined is None else now.refined
    apart = 1 - (now.splatted.normals * other).sum(-1)
    turned = 1 + (now.normals * normalize(view_rays(view.camera))).sum(-1)
    doubt = -encoding.confidence_logits
    found = (
        torch.ones_like(doubt),
        doubt,
        (residual + RESIDUAL_FLOOR).log(),
        apart,
        (_bend(now.normals) + BEND_FLOOR).log(),
        turned,
    )
    return torch.stack(found, dim=-1)


def _bend(normals: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w"]:
    """Return how far normals are from those below and to the right."""
    down = torch.diff(normals, dim=0, append=normals[-1:]).norm(dim=-1)
    across = torch.diff(normals, dim=1, append=normals[:, -1:]).norm(dim=-1)
    return down + across


def expected_error(found: Float[Tensor, "h w 6"], config: ConfidenceConfig) -> Float[Tensor, "h w"]:
    """Return the expected angular error in degrees."""
    return (found @ found.new_tensor(config.weights)).exp().clamp(0.5, 90.0)


def confidence(
    encoding: Encoding, now: Turn, view: View, config: ConfidenceConfig
) -> Float[Tensor, "h w"]:
    """Return the confidence c in 0..1; it stands for an expected error of −scale · ln c."""
    error = expected_error(clues(encoding, now, view), config)
    return torch.exp(-error / config.scale_degrees) * view.mask
