"""The best that pictures under single lights can teach: ``python -m training.ceiling``.

Robust per-pixel photometric stereo (Woodham 1980; Lambertian, iteratively reweighted) against the
true normals. If it is far off, the targets are wrong and no training will mend that.
"""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from jaxtyping import Float
from torch import Tensor

from backend.geometry import normalize
from training.metrics import angular_error
from training.photometric import lit_mask
from training.scenes import KINDS, Lesson, Scene, generate
from training.validation import ValidationConfig, validation_scenes

log = logging.getLogger(__name__)

ROUNDS = 6
LEAST_LIGHTS = 3


@dataclass(frozen=True)
class CeilingConfig:
    """Measure the photometric-stereo ceiling of procedural or of rendered scenes."""

    packs: Path | None = None
    """Folder of rendered scenes; without it procedural scenes are made."""
    scenes: int = 16
    """Scenes of each kind."""
    size: int = 160
    """Of procedural scenes; rendered ones are resampled to it unless they have it."""
    seed: int = 10_000


def photometric_stereo(lesson: Lesson) -> Float[Tensor, "b h w 3"]:
    """Solve I_k = a·(n·ℓ_k) per pixel, dark lights without a say."""
    lights = lesson.single_lights.permute(0, 2, 3, 1)  # b h w k
    lit = lit_mask(lesson).permute(0, 2, 3, 1).float()
    directions = lesson.directions[:, None, None]
    weights = lit
    for _ in range(ROUNDS):
        gram = torch.einsum("bhwk,bxyki,bxykj->bhwij", weights, directions, directions)
        right = torch.einsum("bhwk,bhwk,bxyki->bhwi", weights, lights, directions)
        damped = gram + 1e-3 * torch.eye(3, device=gram.device)
        scaled = torch.linalg.solve(damped, right)
        residual = (lights - torch.einsum("bhwi,bxyki->bhwk", scaled, directions)).abs()
        weights = lit / (residual + 0.01)
    return normalize(scaled)


@dataclass(frozen=True)
class Told:
    """What the lights of one kind of scene tell at best."""

    errors: Float[Tensor, " n"]
    """Of pixels with enough lights, degrees."""
    share: float
    """Of pixels that have enough lights."""


def run(config: CeilingConfig) -> None:
    """Print the ceiling per kind of scene and over all scenes."""
    log.info("%-8s%8s%8s%8s", "kind", "mean", "median", "share")
    means = []
    for kind, scenes in _scenes(config).items():
        found = [ceiling(scene) for scene in scenes]
        errors = torch.cat([told.errors for told in found])
        share = sum(told.share for told in found) / len(found)
        means.append(float(errors.mean()))
        log.info("%-8s%8.2f%8.2f%8.2f", kind, errors.mean(), errors.median(), share)
    log.info("mean over kinds: %.2f", sum(means) / len(means))


def ceiling(scene: Scene) -> Told:
    """Compare photometric stereo with the true normals where enough lights shine."""
    lesson = scene.lesson
    enough = (lit_mask(lesson).sum(1) >= LEAST_LIGHTS) & lesson.inside
    error = angular_error(photometric_stereo(lesson).numpy(), scene.answer.normals.numpy())
    share = float(enough.sum() / lesson.inside.sum().clamp_min(1))
    return Told(torch.from_numpy(error)[enough], share)


def _scenes(config: CeilingConfig) -> dict[str, list[Scene]]:
    if config.packs is None:
        kinds = {k: generate(k, config.seed, config.scenes, config.size) for k in KINDS}
        return {kind: [scene] for kind, scene in kinds.items()}
    whole = ValidationConfig(config.packs, config.size, config.scenes)
    found = validation_scenes(whole, torch.device("cpu"))
    return {scored.kind: list(scored.batches) for scored in found}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(tyro.cli(CeilingConfig, prog="python -m training.ceiling"))
