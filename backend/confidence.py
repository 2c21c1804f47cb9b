"""How sure each pixel's normal is, in degrees of expected error, and as a number from 0 to 1.

Three clues: what the encoder thinks its normal leaves unexplained, how badly the picture is
re-rendered, and how far the Gaussians' normal and the refined one lie apart. Their weights are
fitted on our own validation scenes by ``training.calibrate``.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backend.config import ConfidenceConfig
from backend.gaussians import Encoding
from backend.losses import weighted_mean
from backend.model import Turn, View

RESIDUAL_FLOOR = 0.02


def clues(encoding: Encoding, now: Turn, view: View) -> Float[Tensor, "h w 4"]:
    """Return what speaks for an error: 1, the encoder's doubt, the residual, the disagreement.

    The residual is the logarithm of the relative one; the disagreement 1 − cos.
    """
    target = now.splatted.target
    level = weighted_mean(target.mean(-1), view.mask.float()).clamp_min(1e-6)
    residual = (now.rerendered - target).abs().mean(-1) / level
    other = now.splatted.mean_normals if now.refined is None else now.refined
    apart = 1 - (now.splatted.normals * other).sum(-1)
    doubt = -encoding.confidence_logits
    return torch.stack(
        [torch.ones_like(doubt), doubt, (residual + RESIDUAL_FLOOR).log(), apart], dim=-1
    )


def expected_error(found: Float[Tensor, "h w 4"], config: ConfidenceConfig) -> Float[Tensor, "h w"]:
    """Return the expected angular error in degrees."""
    return (found @ found.new_tensor(config.weights)).exp().clamp(0.5, 90.0)


def confidence(
    encoding: Encoding, now: Turn, view: View, config: ConfidenceConfig
) -> Float[Tensor, "h w"]:
    """Return the confidence c in 0..1; it stands for an expected error of −scale · ln c."""
    error = expected_error(clues(encoding, now, view), config)
    return torch.exp(-error / config.scale_degrees) * view.mask
