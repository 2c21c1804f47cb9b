"""Train the encoder from pictures alone: ``python -m training.train --out DIR --minutes 60``.

Resumes from DIR when it holds a checkpoint. Every step's scenes follow from the seed and the step's
number, so a run that was interrupted goes on as if it had not been.
"""

import json
import logging
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
import tyro
from jaxtyping import Float
from torch import Tensor, nn

from backend.config import EngineConfig
from backend.encoder import Encoder
from backend.geometry import normalize
from training.checkpoint import Progress, restore, save
from training.imagenet import load_imagenet
from training.objective import albedo_error, variable_projection
from training.scenes import Kind, Lesson, generate, mirrored
from training.validation import validate, validation_sheet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainConfig:
    """Train the encoder without normals."""

    out: Path
    """Folder of checkpoint, log and validation sheet."""
    minutes: float = 60.0
    """Time of this run; the learning rate falls to zero at ``steps``, whatever the run."""
    steps: int = 20_000
    batch: int = 8
    size: int = 96
    seed: int = 0
    decoder_rate: float = 2e-3
    trunk_rate: float = 5e-4
    albedo_weight: float = 0.1
    ema: float = 0.998
    validate_every: int = 250
    threads: int = 0
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    kinds: tuple[Kind, ...] = ("object", "object", "pile", "pile", "room", "relief", "print")
    """Kinds of scenes, taken in turn."""


def run(config: TrainConfig) -> None:
    """Train until the time or the steps are used up."""
    torch.manual_seed(config.seed)
    if config.threads:
        torch.set_num_threads(config.threads)
    device = torch.device(config.device)
    encoder = Encoder(EngineConfig().networks).to(device).train()
    load_imagenet(encoder.trunk)
    averaged = Encoder(EngineConfig().networks).to(device).eval()
    averaged.load_state_dict(encoder.state_dict())
    optimiser = _optimiser(encoder, config)
    config.out.mkdir(parents=True, exist_ok=True)
    progress = restore(config.out, encoder, averaged, optimiser)
    began, seconds = time.perf_counter(), progress.seconds
    while progress.step < config.steps:
        elapsed = time.perf_counter() - began
        if elapsed > config.minutes * 60:
            break
        lesson = lesson_for(config, progress.step, device)
        loss = train_step(encoder, optimiser, lesson, config, progress.step)
        _average(averaged, encoder, min(config.ema, (1 + progress.step) / (10 + progress.step)))
        progress = replace(progress, step=progress.step + 1, seconds=seconds + elapsed)
        if progress.step % config.validate_every == 0:
            _report(config, progress, loss, averaged, elapsed)
            save(config.out, encoder, averaged, optimiser, progress)
    save(config.out, encoder, averaged, optimiser, progress)


def lesson_for(config: TrainConfig, step: int, device: torch.device) -> Lesson:
    """Make the pictures of a step; nothing else of the scene leaves the generator here.

    Every scene is seen twice, the second time in a mirror: making one takes as long as a step.
    """
    kind = config.kinds[step // 2 % len(config.kinds)]
    seed = 1_000_003 * (config.seed + 1) + step // 2
    lesson = _generated(kind, seed, config.batch, config.size, device)
    return mirrored(lesson) if step % 2 else lesson


@lru_cache(maxsize=1)
def _generated(kind: Kind, seed: int, batch: int, size: int, device: torch.device) -> Lesson:
    return generate(kind, seed, batch, size, device).lesson


def train_step(
    encoder: Encoder,
    optimiser: torch.optim.Optimizer,
    lesson: Lesson,
    config: TrainConfig,
    step: int,
) -> float:
    """Descend once on the label-free objective; return the loss."""
    share = step / config.steps
    warm_up = min(1.0, (step + 1) / 100)
    fall = 0.5 * (1 + torch.cos(torch.tensor(share * torch.pi)).item()) + 0.01
    for group, rate in zip(
        optimiser.param_groups, (config.trunk_rate, config.decoder_rate), strict=True
    ):
        group["lr"] = rate * warm_up * fall
    with torch.autocast(lesson.picture.device.type, torch.bfloat16, lesson.picture.is_cuda):
        encoding = encoder(lesson.picture, lesson.rays).encoding
    loss = objective(encoding.normals.float(), encoding.log_albedo.float(), lesson, config)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def objective(
    normals: Float[Tensor, "b h w 3"],
    log_albedo: Float[Tensor, "b h w 3"],
    lesson: Lesson,
    config: TrainConfig,
) -> Float[Tensor, ""]:
    """Return the loss of an answer to a lesson."""
    projected = variable_projection(normalize(normals), lesson)
    return projected.loss + config.albedo_weight * albedo_error(log_albedo, projected)


def _optimiser(encoder: Encoder, config: TrainConfig) -> torch.optim.AdamW:
    trunk = list(encoder.trunk.parameters())
    known = {id(parameter) for parameter in trunk}
    rest = [parameter for parameter in encoder.parameters() if id(parameter) not in known]
    groups = [
        {"params": trunk, "lr": config.trunk_rate},
        {"params": rest, "lr": config.decoder_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=1e-4)


@torch.no_grad()
def _average(averaged: Encoder, encoder: Encoder, keep: float) -> None:
    for slow, fast in zip(averaged.parameters(), encoder.parameters(), strict=True):
        slow.lerp_(fast, 1 - keep)


def _report(
    config: TrainConfig,
    progress: Progress,
    loss: float,
    averaged: Encoder,
    elapsed: float,
) -> None:
    """Validate, and write log line and sheet."""
    device = torch.device(config.device)
    errors = validate(averaged, config.size, device)
    mean = sum(errors.values()) / len(errors)
    line = {"step": progress.step, "seconds": progress.seconds, "loss": loss, "validation": mean}
    with (config.out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line | {str(kind): error for kind, error in errors.items()}) + "\n")
    shown = ", ".join(f"{kind} {error:.1f}" for kind, error in errors.items())
    left = max(0.0, config.minutes - elapsed / 60)
    text = f"step {progress.step}: loss {loss:.4f}, validation {mean:.2f}° ({shown})"
    log.info("%s, %.0f min left", text, left)
    validation_sheet(averaged, config.size, device).save(config.out / "validation.png")


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    config = tyro.cli(TrainConfig, prog="python -m training.train")
    log.info("%s", json.dumps(asdict(config), default=str))
    run(config)


if __name__ == "__main__":
    main()
