"""Fit the confidence on our own validation scenes: ``python -m training.calibrate --held-out DIR``.

Least squares on the logarithm of the error; prints the weights for ``backend.config``, fitted on
all scenes, and how well such weights order the pixels of scenes they were not fitted on (AUSE
beside that of a random order): those of either half of the scenes are tried on the other half.
"""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro

from backend.confidence import clues
from backend.config import EngineConfig
from backend.geometry import normalize
from backend.loop import optimise
from backend.model import turn
from backend.pipeline import initial_state
from backend.resample import resize
from backend.start import begin
from backend.work import Work, prepare
from shared.settings import EstimateSettings
from training.ablation import AblationConfig, read_validation, validation_pictures
from training.metrics import angular_error, sparsification
from training.scoring import model_of, wire_normals

log = logging.getLogger(__name__)

PIXELS = 2000
"""Of each scene, so that large ones do not outweigh the others."""


@dataclass(frozen=True)
class CalibrationConfig:
    """Fit the confidence's weights."""

    held_out: Path
    checkpoint: Path | None = None
    scenes: int = 8
    """Scenes of each kind."""
    size: int = 128
    steps: int = EstimateSettings.steps


@dataclass(frozen=True)
class Foretold:
    """A scene's errors, and what weights that never saw them expect (logarithm, degrees)."""

    error: np.ndarray
    expected: np.ndarray


def run(config: CalibrationConfig) -> int:
    """Fit, report what fits of halves are worth on the other half; return the exit code."""
    chosen = validation_pictures(AblationConfig(config.held_out, scenes=config.scenes))
    seen = [_pixels(config, picture.path) for picture in chosen]
    log.info("weights: (%s)", ", ".join(f"{weight:.3f}" for weight in fitted(seen)))
    halves = seen[::2], seen[1::2]
    foretold = [
        Foretold(error, found @ weights)
        for tested, weights in zip(halves, map(fitted, halves[::-1]), strict=True)
        for found, error in tested
    ]
    ours = np.mean([sparsification(one.error, -one.expected) for one in foretold])
    dice = np.random.default_rng(0)
    blind = np.mean([sparsification(o.error, dice.random(len(o.error))) for o in foretold])
    log.info("AUSE by weights of the other half: %.2f° (random order: %.2f°)", ours, blind)
    expected = np.exp(np.concatenate([one.expected for one in foretold]))
    actual = np.concatenate([one.error for one in foretold])
    for low, high in ((0, 5), (5, 10), (10, 20), (20, 40), (40, 90)):
        inside = (expected >= low) & (expected < high)
        if inside.any():
            share = 100 * inside.mean()
            log.info("%4.0f %% expect %d to %d°: %.1f°", share, low, high, actual[inside].mean())
    return 0


def fitted(seen: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the weights under which clues explain the logarithm of the errors best."""
    design = np.concatenate([found for found, _ in seen])
    target = np.log(np.concatenate([error for _, error in seen]).clip(0.5, 90))
    return np.linalg.lstsq(design, target, rcond=None)[0]


@torch.no_grad()
def _pixels(config: CalibrationConfig, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the clues and the errors of some pixels of a scene, on the grid of Gaussians."""
    engine, model = EngineConfig(), model_of(config.checkpoint)
    settings = EstimateSettings(size=config.size, steps=config.steps)
    scene = read_validation(path, settings)
    work = prepare(scene.picture, scene.settings, torch.device("cpu"))
    beginning = begin(work, "auto", model)
    state = initial_state(beginning, work.view, scene.settings, engine)
    with torch.enable_grad():
        ended = optimise(
            state, work.view, engine, config.steps, lambda _: None, lambda: False
        ).state
    now = turn(ended.encoding, work.view, ended.lighting, engine, model, beginning.features)
    truth = _on_grid(scene.truth, work)
    inside = work.view.mask.numpy() & (np.linalg.norm(truth, axis=-1) > 0.5)
    error = angular_error(wire_normals(now.normals), truth)[inside]
    found = clues(ended.encoding, now.normals, work.view).numpy()[inside]
    kept = np.random.default_rng(0).permutation(len(error))[:PIXELS]
    return found[kept], error[kept]


def _on_grid(truth: np.ndarray, work: Work) -> np.ndarray:
    """Resample true normals to the grid of Gaussians."""
    box = work.box
    part = truth[box.top : box.top + box.height, box.left : box.left + box.width]
    small = resize(torch.from_numpy(np.ascontiguousarray(part)), *work.view.mask.shape)
    return normalize(small).numpy()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(run(tyro.cli(CalibrationConfig, prog="python -m training.calibrate")))
