"""Score the engine and the baselines: ``python -m training.evaluate --cases DIR``.

Or on a public data set in its own layout: ``--dataset diode --root DIR``.

Prints a table of angular errors per group (mean over cases), beside them the confidence's AUSE and,
for cases photographed under many lights, lighting consistency and relighting. The cases only
report: nothing is chosen by them.
"""

import json
import logging
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
import tyro

from shared.settings import EstimateSettings
from training.cases import Case, find_cases, told
from training.datasets import DATASETS, DatasetName
from training.flatness import mean_tilts
from training.lighting import LightingScores, score_lighting
from training.scoring import CaseScores, model_of, score_case
from training.table import case_panels, evaluation_sheet, lighting_table, normals_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EvaluationConfig:
    """Score the engine and the baselines on evaluation cases."""

    cases: Path | None = None
    """Folder with ``<group>/<case>/`` folders."""
    dataset: DatasetName | None = None
    """A public data set to score instead, in its own layout (``training.datasets``) …"""
    root: Path | None = None
    """… and the folder it lies in."""
    limit: int = 0
    """Score only so many of the cases; 0 is all."""
    set: tuple[str, ...] = ()
    """Groups to score; all when none is named."""
    json: Path | None = None
    """Write every figure here."""
    sheet: Path | None = None
    """Write pictures of every case here (PNG)."""
    size: int = 128
    """Longest side of the grid of Gaussians."""
    steps: int = EstimateSettings.steps
    """Of the closed loop."""
    prior: str = EstimateSettings.prior
    """Name of an installed prior (``backend.priors``) that gives the shape."""
    told_light: bool = False
    """Tell the estimate from which side the light comes, where a case knows."""
    checkpoint: Path | None = None
    """A checkpoint of ``training.train``, or exported weights, instead of those that ship."""
    lighting: bool = False
    """Also score consistency and relighting over all single-light pictures (ten runs a case)."""
    flatness: bool = False
    """Also report the mean tilt of flat printed pictures."""
    jobs: int = os.cpu_count() or 1
    """Cases scored at once, one thread each."""


def run(config: EvaluationConfig) -> int:
    """Score every case and print the tables; return the exit code."""
    cases = _cases(config)
    if not cases:
        return 2
    settings = EstimateSettings(size=config.size, steps=config.steps, prior=config.prior)
    with _pool(config.jobs) as pool:
        score = partial(score_case, checkpoint=config.checkpoint)
        scores = _each(pool, score, cases, settings, "cases")
        log.info("%s", normals_table(scores))
        lit = [case for case in cases if len(case.lights) > 1] if config.lighting else []
        light = partial(score_lighting, checkpoint=config.checkpoint)
        lighting = _each(pool, light, lit, settings, "lights")
        shown = cases if config.sheet else []
        draw = partial(case_panels, checkpoint=config.checkpoint)
        rows = _each(pool, draw, shown, settings, "pictures")
    if lighting:
        log.info("\n%s", lighting_table(lighting))
    tilts = mean_tilts(settings, model_of(config.checkpoint)) if config.flatness else {}
    for name, tilt in tilts.items():
        log.info("flatness, %s: mean tilt %.1f°", name, tilt)
    if config.json:
        config.json.write_text(json.dumps(_record(config, scores, lighting, tilts), indent=1))
    if config.sheet:
        config.sheet.parent.mkdir(parents=True, exist_ok=True)
        evaluation_sheet(rows).save(config.sheet)
    return 0


def _cases(config: EvaluationConfig) -> list[Case]:
    """List the cases asked for; say what is missing where there are none."""
    if config.dataset is None and config.cases is not None:
        found, place = find_cases(config.cases, config.set), config.cases
    elif config.dataset is not None and config.root is not None:
        try:
            found, place = DATASETS[config.dataset](config.root), config.root
        except (ValueError, FileNotFoundError) as problem:
            log.error("%s", problem)
            return []
    else:
        log.error("Say where to score: --cases DIR, or --dataset NAME --root DIR.")
        return []
    if not found:
        log.error("There are no cases in %s.", place)
    limited = found[: config.limit or None]
    return [told(case) for case in limited] if config.told_light else limited


def _record(
    config: EvaluationConfig,
    scores: list[CaseScores],
    lighting: list[LightingScores],
    tilts: dict[str, float],
) -> dict:
    return {
        "size": config.size,
        "steps": config.steps,
        "prior": config.prior,
        "told_light": config.told_light,
        "cases": [asdict(score) for score in scores],
        "lighting": [asdict(score) for score in lighting],
        "flatness": tilts,
    }


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, initializer=torch.set_num_threads, initargs=(1,))


def _each(pool, function, cases: list[Case], settings: EstimateSettings, what: str) -> list:
    """Score cases in parallel, in their order, with progress."""
    began = time.perf_counter()
    waiting = {pool.submit(function, case, settings): index for index, case in enumerate(cases)}
    results: dict[int, object] = {}
    for future in as_completed(waiting):
        results[waiting[future]] = future.result()
        elapsed = time.perf_counter() - began
        left = elapsed / len(results) * (len(cases) - len(results))
        sys.stderr.write(f"\r\033[K{len(results)}/{len(cases)} {what}, {left:.0f} s left")
        sys.stderr.flush()
    sys.stderr.write("\r\033[K")
    return [results[index] for index in range(len(cases))]


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(run(tyro.cli(EvaluationConfig, prog="python -m training.evaluate")))


if __name__ == "__main__":
    main()
