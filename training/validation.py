"""Our own validation scenes, of things, materials and worlds that training never sees.

Their true normals only score, and teach the model nothing. One exception stands apart from it:
``training.calibrate`` fits the four weights of the confidence to them. Rendered packs where there
are some; without them procedural scenes of seeds that training never takes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from backend.conventions import flip_axes
from backend.geometry import normalize
from backend.image import linear_to_srgb
from backend.model import Clone
from backend.outputs import encode_normals
from backend.sheet import Panel, contact_sheet
from training.loader import cut, plain_lesson, plain_window
from training.metrics import angular_error
from training.packs import pack_paths, read_answer, read_pack
from training.scenes import KINDS, Answer, Lesson, Scene, generate, moved

SEED = 900_000_000
BATCH = 8
SHOWN = 3


@dataclass(frozen=True)
class ValidationConfig:
    """What a model is scored on while it trains."""

    packs: Path | None = None
    """Folder of rendered validation scenes; none: procedural ones."""
    size: int = 128
    scenes: int = 40
    """Procedural scenes of each kind, or at most so many packs of each."""


@dataclass(frozen=True)
class Scored:
    """Validation scenes of one kind, in batches."""

    kind: str
    batches: tuple[Scene, ...]


def validation_scenes(config: ValidationConfig, device: torch.device) -> list[Scored]:
    """Make or read the validation scenes.

    Raises:
        FileNotFoundError: when the folder of packs is empty.
    """
    if config.packs is None:
        return [_procedural(config, kind, device) for kind in KINDS]
    by_kind: dict[str, list[Path]] = {}
    for path in pack_paths(config.packs):
        by_kind.setdefault(read_pack(path).kind, []).append(path)
    if not by_kind:
        raise FileNotFoundError(f"There are no validation scenes in {config.packs}.")
    return [_rendered(config, k, paths[: config.scenes], device) for k, paths in by_kind.items()]


def validate(model: Clone, scenes: list[Scored]) -> dict[str, float]:
    """Return the mean angular error over each kind's scenes, in degrees."""
    return {scored.kind: _error(model, scored) for scored in scenes}


def validation_sheet(model: Clone, scenes: list[Scored]) -> Image.Image:
    """Show scenes of each kind: picture, answer, truth."""
    panels = []
    for scored in scenes:
        scene = scored.batches[0]
        found = answer(model, scene.lesson)
        for index in range(min(SHOWN, len(found))):
            inside = scene.lesson.inside[index].cpu().numpy()
            panels += [
                Panel(scored.kind, linear_to_srgb(scene.lesson.picture[index]).cpu().numpy()),
                Panel("answer", _shown(found[index], inside)),
                Panel("truth", _shown(scene.answer.normals[index], inside)),
            ]
    return contact_sheet(panels, columns=3 * SHOWN)


@torch.no_grad()
def answer(model: Clone, lesson: Lesson) -> Float[Tensor, "b h w 3"]:
    """Return the normals the encoder sees in the pictures of a lesson."""
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    return normalize(encoded.encoding.normals)


def _procedural(config: ValidationConfig, kind, device: torch.device) -> Scored:
    firsts = range(0, config.scenes, BATCH)
    batches = (generate(kind, SEED + n, BATCH, config.size, device) for n in firsts)
    return Scored(kind, tuple(batches))


def _rendered(
    config: ValidationConfig, kind: str, paths: list[Path], device: torch.device
) -> Scored:
    batches = []
    for first in range(0, len(paths), BATCH):
        some = paths[first : first + BATCH]
        packs = [read_pack(path) for path in some]
        pairs = zip(packs, some, strict=True)
        truth = torch.stack(
            [cut(torch.from_numpy(read_answer(p)), plain_window(k), config.size) for k, p in pairs]
        )
        lesson = moved(plain_lesson(packs, config.size), device)
        batches.append(Scene(lesson, Answer(normalize(truth.to(device)))))
    return Scored(kind, tuple(batches))


def _error(model: Clone, scored: Scored) -> float:
    """Average over scenes, so that a small thing counts as much as a large one."""
    errors = []
    for scene in scored.batches:
        found, truth = answer(model, scene.lesson).cpu(), scene.answer.normals.cpu()
        angle = angular_error(found.numpy(), truth.numpy())
        for each, inside in zip(angle, scene.lesson.inside.cpu().numpy(), strict=True):
            if inside.any():
                errors.append(float(each[inside].mean()))
    return sum(errors) / len(errors)


def _shown(normals: Float[Tensor, "h w 3"], inside: np.ndarray) -> np.ndarray:
    return encode_normals(flip_axes(normals).cpu().numpy()) * inside[..., None]
