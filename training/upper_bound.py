"""The upper bound: the same training *with* normals, to know what doing without them costs.

Nothing that ships is trained by this; ``training.bakeoff`` runs it as one of its arms.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backend.encoder import Encoded
from backend.geometry import normalize
from backend.model import Clone
from training.loader import cut, remembered, turned, turned_vectors, varied_framing
from training.packs import read_answer
from training.scenes import Lesson
from training.sources import Packs, SourceConfig, draw, listed
from training.train import Loss, TrainConfig


def labelled(config: TrainConfig) -> Loss:
    """Return the loss 1 − cos against the true normals of the packs that a step draws."""
    packs = listed(config.source)

    def loss(model: Clone, encoded: Encoded, lesson: Lesson, step: int) -> Float[Tensor, ""]:
        truth = _true_normals(config.source, packs, config.seed, step).to(lesson.picture.device)
        cosine = (normalize(encoded.encoding.normals) * truth).sum(-1)
        say = lesson.inside.float()
        return ((1 - cosine) * say).sum() / say.sum().clamp_min(1)

    return loss


def _true_normals(source: SourceConfig, packs: Packs, seed: int, step: int) -> Tensor:
    """Cut the normals exactly as the loader cuts the pictures of the step."""
    if source.procedural_share:
        raise ValueError("The upper bound learns from packs alone: set the procedural share to 0.")
    if source.showings > 1:
        raise ValueError("The upper bound sees every lesson once: set the showings to 1.")
    drawn = draw(source, packs, seed, step)
    framing = varied_framing([remembered(path) for path in drawn.paths], drawn.dice)
    framed = zip(drawn.paths, framing.quarters, framing.windows, strict=True)
    maps = [
        cut(
            torch.from_numpy(turned_vectors(turned(read_answer(path), turns), turns)),
            window,
            drawn.size,
        )
        for path, turns, window in framed
    ]
    normals = normalize(torch.stack(maps))
    if framing.mirror:
        normals = normals.flip(2) * normals.new_tensor([-1.0, 1.0, 1.0])
    return normals
