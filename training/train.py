"""Train the model from pictures alone: ``python -m training.train --out DIR --minutes 60``.

Resumes from DIR when it holds a checkpoint. Every step's scenes follow from the seed and the step's
number, so a run that was interrupted goes on as if it had not been.
"""

import json
import logging
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
import tyro
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from backend.config import EngineConfig, NetworkConfig, Trunk
from backend.encoder import Encoded
from backend.memory import keep_freed_memory
from backend.model import Clone
from training.ahead import Ahead
from training.checkpoint import Progress, load_averaged, restore, save
from training.imagenet import load_imagenet
from training.journal import Entry, write_entry
from training.objective import ObjectiveConfig, objective
from training.scenes import Lesson
from training.sources import SourceConfig, recipes
from training.together import ALONE, Crew, as_the_first_says, share_gradients, together
from training.validation import ValidationConfig, validate, validation_scenes, validation_sheet

log = logging.getLogger(__name__)

Loss = Callable[[Clone, Encoded, Lesson, int], Float[Tensor, ""]]
"""The loss of the model on a step's lesson, which it has encoded."""


@dataclass(frozen=True)
class TrainConfig:
    """Train the model without normals."""

    out: Path
    """Folder of checkpoint, log, plots and validation sheet."""
    minutes: float = 60.0
    """Time of this run; the learning rate falls to a hundredth at ``steps``, whatever the
    run."""
    steps: int = 10_000
    start: Path | None = None
    """A checkpoint, or the weights that ship, to start a new run from instead of ImageNet's."""
    source: SourceConfig = field(default_factory=SourceConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    seed: int = 0
    decoder_rate: float = 2e-3
    trunk_rate: float = 5e-4
    ema: float = 0.998
    validate_every: int = 250
    threads: int = 0
    """Of each process; 0 leaves it to PyTorch."""
    processes: int = 1
    """That learn together, each from a batch of its own: as many as cores, of one thread each."""
    workers: int = 0
    """Processes that make lessons, to keep a GPU busy: all cores but one or two; 0: a thread."""
    trunk: Trunk = "lite0"
    context_depths: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Context blocks before each step of the decoder; a start that has fewer grows."""
    held: tuple[str, ...] = ()
    """Parts of the model that stay as they are, such as encoder.trunk."""
    imagenet: bool = True
    """Start the trunk from ImageNet features."""
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    bf16: bool = True
    """Encode in bfloat16 where the device is made for it. A CPU that is gains a quarter of the
    time; one that is not would take six times as long."""


@dataclass(frozen=True)
class Trained:
    """What a run ended with."""

    model: Clone
    """The average of the last weights."""
    errors: dict[str, float]
    """Of the last validation; empty when there was none."""
    progress: Progress


def run(config: TrainConfig, loss: Loss | None = None, crew: Crew = ALONE) -> Trained:
    """Train until the time or the steps are used up, as one of a crew."""
    keep_freed_memory()
    torch.manual_seed(config.seed)
    if config.threads:
        torch.set_num_threads(config.threads)
    device = torch.device(config.device)
    config = replace(config, bf16=config.bf16 and made_for_bf16(device))
    loss = loss or partial(objective, config=config.objective)
    model, averaged = (new_model(config).to(device) for _ in range(2))
    model.train()
    for parameter in model.parameters():  # a fifth faster on a CPU
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    averaged.load_state_dict(model.state_dict())
    hold(model, config.held)
    weights = list(averaged.parameters()), list(model.parameters())
    optimiser = _optimiser(model, config)
    config.out.mkdir(parents=True, exist_ok=True)
    progress = restore(config.out, model, averaged, optimiser)
    # each process has dice of its own, and pictures as large as the others', who wait for it
    lessons = Ahead(
        recipes(config.source, config.seed + crew.rank), device, config.workers, progress.step
    )
    scenes = validation_scenes(config.validation, device)
    began, before, errors = time.perf_counter(), progress.seconds, dict[str, float]()
    first = progress.step
    loading = 0.0
    while progress.step < config.steps and as_the_first_says(
        time.perf_counter() - began < config.minutes * 60, crew
    ):
        asked = time.perf_counter()
        lesson = lessons(progress.step)
        loading += time.perf_counter() - asked
        value = train_step(model, optimiser, lesson, loss, progress.step, config, crew)
        keep = min(config.ema, (1 + progress.step) / (10 + progress.step))
        get_ema_multi_avg_fn(keep)(*weights, None)
        elapsed = time.perf_counter() - began
        progress = Progress(progress.step + 1, before + elapsed)
        if crew.leads and (
            progress.step % config.validate_every == 0 or progress.step == config.steps
        ):
            errors = validate(averaged, scenes)
            waited = loading / elapsed
            entry = Entry(progress.step, progress.seconds, value.item(), waited, errors)
            pace = elapsed / (progress.step - first)
            left = min(config.minutes * 60 - elapsed, pace * (config.steps - progress.step))
            _report(config, entry, max(0.0, left))
            validation_sheet(averaged, scenes).save(config.out / "validation.png")
            save(config.out, model, averaged, optimiser, progress)
    lessons.close()
    if crew.leads:
        save(config.out, model, averaged, optimiser, progress)
    return Trained(averaged, errors, progress)


def made_for_bf16(device: torch.device) -> bool:
    """Tell whether bfloat16 is fast there; CPUs without it emulate it."""
    return device.type != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def new_model(config: TrainConfig) -> Clone:
    """Make a model that starts from a checkpoint or from ImageNet features."""
    networks = NetworkConfig(trunk=config.trunk, context_depths=config.context_depths)
    engine = EngineConfig(networks=networks)
    if config.start:
        return load_averaged(config.start, engine, grow=any(config.context_depths))
    model = Clone(engine)
    if config.imagenet and config.trunk != "plain":
        load_imagenet(model.encoder.trunk, config.trunk)
    return model.eval()


def hold(model: Clone, parts: tuple[str, ...]) -> None:
    """Let parts of a model learn nothing.

    Raises:
        ValueError: for a name that the model does not have.
    """
    named = dict(model.named_modules())
    unknown = [part for part in parts if part not in named]
    if unknown:
        raise ValueError(f"The model has no {', '.join(unknown)}.")
    for part in parts:
        named[part].requires_grad_(False)


def train_step(
    model: Clone,
    optimiser: torch.optim.Optimizer,
    lesson: Lesson,
    loss: Loss,
    step: int,
    config: TrainConfig,
    crew: Crew,
) -> Float[Tensor, ""]:
    """Descend once, along the mean gradient of all processes; return this one's loss.

    Nothing here waits for a GPU, which then works while the next step is prepared.
    """
    warm_up = min(1.0, (step + 1) / 100)
    fall = 0.5 * (1 + math.cos(math.pi * step / config.steps)) + 0.01
    for group, rate in zip(
        optimiser.param_groups, (config.trunk_rate, config.decoder_rate), strict=True
    ):
        group["lr"] = rate * warm_up * fall
    with torch.autocast(lesson.picture.device.type, torch.bfloat16, config.bf16):
        encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    value = loss(model, _in_float(encoded), lesson, step)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    share_gradients(model, crew)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return value.detach()


def _in_float(encoded: Encoded) -> Encoded:
    maps = {name: value.float() for name, value in vars(encoded.encoding).items()}
    return Encoded(replace(encoded.encoding, **maps), encoded.features.float())


def _optimiser(model: Clone, config: TrainConfig) -> torch.optim.AdamW:
    trunk = list(model.encoder.trunk.parameters())
    known = {id(parameter) for parameter in trunk}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [
        {"params": trunk, "lr": config.trunk_rate},
        {"params": rest, "lr": config.decoder_rate},
    ]
    on_gpu = torch.device(config.device).type == "cuda"
    return torch.optim.AdamW(groups, weight_decay=1e-4, fused=on_gpu or None)


def _report(config: TrainConfig, entry: Entry, seconds_left: float) -> None:
    write_entry(config.out, entry)
    shown = ", ".join(f"{kind} {error:.1f}" for kind, error in entry.errors.items())
    log.info(
        "step %d: loss %.4f, validation %.2f° (%s), loading %.0f %% of the time, %.0f min left",
        entry.step, entry.loss, entry.mean, shown, 100 * entry.loading, seconds_left / 60,
    )  # fmt: skip


def main() -> None:
    """Run the command line."""
    config = tyro.cli(TrainConfig, prog="python -m training.train")
    together(partial(_learn, config), config.processes)


def _learn(config: TrainConfig, crew: Crew) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if crew.leads:
        log.info("%s", json.dumps(asdict(config), default=str))
    run(config, crew=crew)


if __name__ == "__main__":
    main()
