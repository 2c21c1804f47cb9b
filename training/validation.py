"""Our own validation scenes: fixed seeds that training never uses; the only use of true normals."""

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from backend.conventions import flip_axes
from backend.encoder import Encoder
from backend.geometry import normalize
from backend.image import linear_to_srgb
from backend.outputs import encode_normals
from backend.sheet import Panel, contact_sheet
from training.scenes import KINDS, Kind, Lesson, Scene, generate

SEED = 900_000_000
SCENES = 40
"""Of each kind, 200 in all."""
BATCH = 8


def validate(encoder: Encoder, size: int, device: torch.device) -> dict[Kind, float]:
    """Return the mean angular error over each kind of scene, in degrees."""
    return {kind: _kind_error(encoder, kind, size, device) for kind in KINDS}


def validation_sheet(encoder: Encoder, size: int, device: torch.device) -> Image.Image:
    """Show two scenes of each kind: picture, answer, truth."""
    panels = []
    for kind in KINDS:
        scene = generate(kind, SEED, 2, size, device)
        found = answer(encoder, scene.lesson)
        for index in range(2):
            picture = linear_to_srgb(scene.lesson.picture[index]).cpu().numpy()
            inside = scene.lesson.inside[index].cpu().numpy()
            truth = scene.answer.normals[index]
            panels += [
                Panel(kind, picture),
                Panel("answer", _shown(found[index], inside)),
                Panel("truth", _shown(truth, inside)),
            ]
    return contact_sheet(panels, columns=6)


@torch.no_grad()
def answer(encoder: Encoder, lesson: Lesson) -> Float[Tensor, "b h w 3"]:
    """Return the normals an encoder sees in the pictures of a lesson."""
    return normalize(encoder(lesson.picture, lesson.rays).encoding.normals)


def _kind_error(encoder: Encoder, kind: Kind, size: int, device: torch.device) -> float:
    errors = []
    for first in range(0, SCENES, BATCH):
        scene: Scene = generate(kind, SEED + first, BATCH, size, device)
        found = answer(encoder, scene.lesson)
        cosine = (found * scene.answer.normals).sum(-1).clamp(-1, 1)
        angle = torch.rad2deg(cosine.acos())
        for index in range(BATCH):
            if scene.lesson.inside[index].any():
                errors.append(float(angle[index][scene.lesson.inside[index]].mean()))
    return sum(errors) / len(errors)


def _shown(normals: Float[Tensor, "h w 3"], inside: np.ndarray) -> np.ndarray:
    return encode_normals(flip_axes(normals).cpu().numpy()) * inside[..., None]
