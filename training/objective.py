"""What teaches the model, and never a normal: other lights, the picture itself, other views."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from backend.encoder import Encoded
from backend.geometry import normalize
from backend.model import Clone
from backend.rasterizer import Rasterizer, choose
from training.joint import coverage_error, go_around, orientation_error, own_picture_error
from training.other_views import other_view_error
from training.photometric import Residual, albedo_error, confidence_error, variable_projection
from training.scenes import Lesson, chosen

LEAST_PIXELS = 64
"""A picture with less surface than this is left out of the loop."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Weights of the objective's terms; a term of weight 0 is not computed."""

    lights: float = 1.0
    residual: Residual = "root"
    albedo: float = 0.1
    confidence: float = 0.02
    joint: float = 0.0
    """Splatted, refined and fused normals under the other lights, through the rasteriser."""
    joint_every: int = 1
    """Steps from one turn of the whole loop to the next; a turn costs more than the encoder."""
    own: float = 0.2
    """The picture itself, re-rendered; part of the joint objective, as are the next."""
    orientation: float = 0.05
    coverage: float = 0.5
    """Surfaces are opaque."""
    views: float = 0.1
    """Gaussians splatted into a second view."""
    pictures: int = 4
    """Pictures of a batch that go through the whole loop."""


def objective(
    model: Clone, encoded: Encoded, lesson: Lesson, step: int, config: ObjectiveConfig
) -> Float[Tensor, ""]:
    """Return the loss of an encoded lesson."""
    encoding = encoded.encoding
    projected = variable_projection(normalize(encoding.normals), lesson, config.residual)
    total = config.lights * projected.loss
    if config.albedo:
        total = total + config.albedo * albedo_error(encoding.log_albedo, projected)
    if config.confidence:
        doubt = confidence_error(encoding.confidence_logits, projected)
        total = total + config.confidence * doubt
    if config.joint and step % config.joint_every == 0:
        total = total + config.joint * joint_objective(model, encoded, lesson, config)
    return total


@lru_cache(maxsize=1)
def _rasterizer(device: torch.device) -> Rasterizer:
    """Choose once: on a GPU the choice is tried out."""
    return choose(device)


def joint_objective(
    model: Clone, encoded: Encoded, lesson: Lesson, config: ObjectiveConfig
) -> Float[Tensor, ""]:
    """Return the loss of a lesson's first pictures after a turn of the whole loop.

    It is 0 where no picture has enough surface.
    """
    indices = [i for i in range(len(lesson.picture)) if lesson.inside[i].sum() > LEAST_PIXELS]
    if not indices:
        return lesson.picture.new_zeros(())
    rasterize = _rasterizer(lesson.picture.device)
    arounds = [go_around(model, encoded, lesson, i, rasterize) for i in indices[: config.pictures]]
    some = chosen(lesson, indices[: config.pictures])
    total = lesson.picture.new_zeros(())
    for normals in (
        [a.splatted.normals for a in arounds],
        [a.refined for a in arounds],
        [a.found.normals for a in arounds],
    ):
        total = total + variable_projection(torch.stack(normals), some, config.residual).loss
    for index, around in enumerate(arounds):
        share = 1 / len(arounds)
        if config.own:
            total = total + share * config.own * own_picture_error(around)
        if config.coverage:
            total = total + share * config.coverage * coverage_error(around)
        if config.orientation:
            total = total + share * config.orientation * orientation_error(around)
        if config.views and some.other is not None and some.other.known[index]:
            total = total + share * config.views * other_view_error(around, some.other, index)
    return total
