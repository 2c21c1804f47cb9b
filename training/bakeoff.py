"""What works: many short trainings that differ in one thing, as one table.

    python -m training.bakeoff --out DIR --packs scenes/ --held-out validation/ --cases cases/

Every arm runs twice, with the same budget and the same two seeds. An arm that has run is not run
again, so the command can be stopped and repeated.
"""

import json
import logging
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import tyro

from shared.settings import EstimateSettings
from training.arms import Arm, arms
from training.cases import find_cases, load_picture, load_truth
from training.metrics import angular_error
from training.objective import ObjectiveConfig
from training.scoring import encoder_normals, settings_for, wire_normals
from training.sources import SourceConfig
from training.train import TrainConfig, Trained, run
from training.upper_bound import labelled
from training.validation import ValidationConfig

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BakeoffConfig:
    """Compare encoders, scenes, objectives, resolutions and amounts of scenes."""

    out: Path
    packs: Path
    """Rendered training scenes."""
    held_out: Path
    """Rendered validation scenes."""
    cases: Path | None = None
    """Public cases to report on."""
    steps: int = 250
    size: int = 64
    batch: int = 8
    amount: int = 800
    """Packs the arms learn from, unless the arm says otherwise."""
    scored: int = 16
    """Validation scenes of each kind."""
    seeds: tuple[int, ...] = (0, 1)
    """Seeds of the arms to run; several commands may share the work between them."""
    only: tuple[str, ...] = ()
    """Names of arms to run; all when none is given."""
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """What one run of an arm came to."""

    arm: str
    seed: int
    validation: dict[str, float]
    public: dict[str, float]
    seconds: float


def bake(config: BakeoffConfig) -> int:
    """Run what has not run yet and print the table."""
    torch.set_num_threads(config.threads)
    base = _base(config)
    chosen = [
        arm for arm in arms(base, config.amount) if not config.only or arm.name in config.only
    ]
    config.out.mkdir(parents=True, exist_ok=True)
    total = len(chosen) * len(config.seeds)
    for index, (arm, seed) in enumerate((arm, seed) for seed in config.seeds for arm in chosen):
        path = _result(config, arm, seed)
        if not path.exists():
            log.info("%d of %d: %s, seed %d", index + 1, total, arm.name, seed)
            path.write_text(json.dumps(asdict(_run(config, arm, seed))))
    log.info("%s", table(config, chosen))
    return 0


def table(config: BakeoffConfig, chosen: list[Arm]) -> str:
    """Return the arms' results as Markdown, both seeds' mean and half of their distance."""
    rows = []
    for arm in chosen:
        paths = sorted(config.out.glob(f"{arm.file_name}.*.json"))
        found = [Outcome(**json.loads(path.read_text())) for path in paths]
        if found:
            rows.append((arm, found))
    groups = sorted({group for _, found in rows for group in found[0].public})
    kinds = list(rows[0][1][0].validation) if rows else []
    head = ["arm", "validation", *kinds, *groups, "s"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm, found in rows:
        means = [sum(o.validation.values()) / len(o.validation) for o in found]
        spread = f" ± {abs(means[0] - means[-1]) / 2:.1f}" if len(means) > 1 else ""
        cells = [arm.name, f"{sum(means) / len(means):.1f}{spread}"]
        cells += [f"{_mean([o.validation[kind] for o in found]):.1f}" for kind in kinds]
        cells += [f"{_mean([o.public[group] for o in found]):.1f}" for group in groups]
        lines.append(_row([*cells, f"{_mean([o.seconds for o in found]):.0f}"]))
    return "\n".join(lines)


def _base(config: BakeoffConfig) -> TrainConfig:
    return TrainConfig(
        out=config.out,
        minutes=600.0,
        steps=config.steps,
        source=SourceConfig(
            packs=(config.packs,), procedural_share=0.0, scenes=config.amount,
            batch=config.batch, sizes=(config.size,),
        ),
        objective=ObjectiveConfig(),
        validation=ValidationConfig(packs=config.held_out, size=128, scenes=config.scored),
        validate_every=config.steps,
        threads=config.threads,
        device="cpu",
    )  # fmt: skip


def _run(config: BakeoffConfig, arm: Arm, seed: int) -> Outcome:
    folder = config.out / f"running-{arm.file_name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    training = replace(arm.config, out=folder, seed=seed)
    trained = run(training, labelled(training) if arm.labels else None)
    public = _public_errors(config, trained)
    shutil.rmtree(folder)
    return Outcome(arm.name, seed, trained.errors, public, trained.progress.seconds)


def _public_errors(config: BakeoffConfig, trained: Trained) -> dict[str, float]:
    """Score the encoder alone on the public cases; they only report."""
    errors: dict[str, list[float]] = {}
    settings = EstimateSettings(size=128)
    for case in find_cases(config.cases, ()) if config.cases else []:
        picture, truth = load_picture(case, case.main), load_truth(case)
        found = encoder_normals(trained.model, picture, settings_for(case, settings))
        error = angular_error(wire_normals(found), truth.normals)[truth.mask]
        errors.setdefault(case.group, []).append(float(error.mean()))
    return {group: _mean(values) for group, values in errors.items()}


def _result(config: BakeoffConfig, arm: Arm, seed: int) -> Path:
    return config.out / f"{arm.file_name}.{seed}.json"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(bake(tyro.cli(BakeoffConfig, prog="python -m training.bakeoff")))
