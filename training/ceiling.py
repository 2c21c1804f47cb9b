"""The best that pictures under single lights can teach: ``python -m training.ceiling``.

Robust per-pixel photometric stereo (Woodham 1980; Lambertian, iteratively reweighted) against the
true normals. If it is far off, the targets are wrong and no training will mend that.
"""

import logging
import sys
from dataclasses import dataclass

import torch
import tyro
from jaxtyping import Float
from torch import Tensor

from backend.geometry import normalize
from training.photometric import lit_mask
from training.scenes import KINDS, Lesson, generate

log = logging.getLogger(__name__)

ROUNDS = 6
LEAST_LIGHTS = 3


@dataclass(frozen=True)
class CeilingConfig:
    """Measure the photometric-stereo ceiling of the procedural scenes."""

    scenes: int = 16
    """Scenes of each kind."""
    size: int = 128
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


def run(config: CeilingConfig) -> None:
    """Print the ceiling per kind of scene."""
    log.info("%-8s%8s%8s%8s", "kind", "mean", "median", "share")
    for kind in KINDS:
        scene = generate(kind, config.seed, config.scenes, config.size)
        enough = (lit_mask(scene.lesson).sum(1) >= LEAST_LIGHTS) & scene.lesson.inside
        found = photometric_stereo(scene.lesson)
        cosine = (found * scene.answer.normals).sum(-1).clamp(-1, 1)
        error = torch.rad2deg(cosine.acos())[enough]
        share = float(enough.sum() / scene.lesson.inside.sum())
        log.info("%-8s%8.2f%8.2f%8.2f", kind, error.mean(), error.median(), share)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(tyro.cli(CeilingConfig, prog="python -m training.ceiling"))
