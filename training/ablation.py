"""What each part is worth: ``python -m training.ablation --held-out validation/ --cases cases/``.

Every row is a real run of the same pictures: our own validation scenes, and the public cases, which
only report. A row holds the mean angular error over the pictures of a group, in degrees.
"""

import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import camera_from_fov
from backend.config import EngineConfig
from backend.full_resolution import at_full_resolution
from backend.image import Picture, linear_to_srgb, srgb_to_linear
from backend.loop import LoopState, optimise
from backend.model import Clone, Turn, turn
from backend.outputs import encode_normals
from backend.pipeline import initial_state
from backend.resample import resize
from backend.sheet import Panel, contact_sheet
from backend.start import Beginning, begin, fine_normals
from backend.work import Work, prepare
from shared.settings import EstimateSettings
from training.baselines import baseline_normals
from training.cases import find_cases, load_picture, load_truth
from training.checkpoint import load_averaged
from training.metrics import angular_error
from training.packs import pack_paths, read_answer, read_pack
from training.scoring import encoder_normals, model_of, settings_for, wire_normals

log = logging.getLogger(__name__)

ROWS = (
    "flat", "Sobel bump", "silhouette inflation", "encoder", "+ splatting", "+ refinement",
    "+ gate", "+ illumination loop", "+ modulation kernel", "whole loop", "encoder, with labels",
)  # fmt: skip
"""After the gate come test-time loops: geometry of the Gaussians, first with kernel and gloss held
still, then with both free (they share a rate), and the latter refined and gated."""
OURS = "+ gate"
"""The row that the product answers with."""
WORST = 3
"""Failures shown of each kind."""
THUMBNAIL = 160
VALIDATION = "validation: "


@dataclass(frozen=True)
class AblationConfig:
    """Measure what each part of CLONE is worth."""

    held_out: Path | None = None
    """Rendered validation scenes."""
    cases: Path | None = None
    """Public cases."""
    checkpoint: Path | None = None
    """A checkpoint of ``training.train`` instead of the weights that ship."""
    labelled: Path | None = None
    """A checkpoint of the same network trained with normals, for its own row."""
    sheet: Path | None = None
    """Write a picture of every row here (PNG)."""
    failures: Path | None = None
    """Write the validation scenes of each kind that went worst here (JPEG)."""
    scenes: int = 6
    """Validation scenes of each kind."""
    size: int = 128
    steps: int = 60
    jobs: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Scored:
    """A picture with its truth, read only when its turn comes."""

    group: str
    path: Path
    name: str = ""


def run(config: AblationConfig) -> int:
    """Score every picture by every row and print the table."""
    pictures = [*validation_pictures(config), *_public(config)]
    if not pictures:
        log.error("Give a folder of validation scenes, of public cases, or both.")
        return 2
    for image in filter(None, (config.sheet, config.failures)):
        image.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    outcomes: dict[str, list[Outcome]] = {}
    with ProcessPoolExecutor(
        config.jobs, context, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        found = pool.map(partial(score_picture, config=config), pictures)
        for index, (picture, outcome) in enumerate(zip(pictures, found, strict=True)):
            outcomes.setdefault(picture.group, []).append(outcome)
            sys.stderr.write(f"\r\033[K{index + 1}/{len(pictures)} pictures")
            sys.stderr.flush()
    sys.stderr.write("\r\033[K")
    log.info("%s", table({group: [o.errors for o in some] for group, some in outcomes.items()}))
    if config.sheet:
        panels = [panel for some in outcomes.values() for o in some for panel in o.panels]
        columns = len(panels) // len(pictures)
        contact_sheet(panels, columns, THUMBNAIL).save(config.sheet, optimize=True)
    if config.failures:
        own = {g: some for g, some in outcomes.items() if g.startswith(VALIDATION)}
        contact_sheet(worst(own), 3 * WORST, THUMBNAIL).save(config.failures, quality=85)
    return 0


def table(errors: dict[str, list[dict[str, float]]]) -> str:
    """Return the rows as Markdown; a column a group, first the mean over our own kinds."""
    own = [group for group in errors if group.startswith(VALIDATION)]
    head = ["", *(["our validation"] if own else []), *(g.removeprefix(VALIDATION) for g in errors)]
    lines = [_line(head), _line(["---"] * len(head))]
    rows = [row for row in ROWS if all(row in found[0] for found in errors.values())]
    for row in rows:
        means = {g: float(np.mean([e[row] for e in found])) for g, found in errors.items()}
        mean = [f"{np.mean([means[group] for group in own]):.1f}"] if own else []
        lines.append(_line([row, *mean, *(f"{value:.1f}" for value in means.values())]))
    return "\n".join(lines)


@dataclass(frozen=True)
class Outcome:
    """A picture's mean angular error by row, and what there is to look at."""

    errors: dict[str, float]
    panels: list[Panel]


def worst(outcomes: dict[str, list[Outcome]]) -> list[Panel]:
    """Return picture, our answer and the truth of each group's worst pictures."""
    answer = 1 + ROWS.index(OURS)
    shown = []
    for group, some in outcomes.items():
        for outcome in sorted(some, key=lambda o: -o.errors[OURS])[:WORST]:
            picture, ours, truth = (outcome.panels[i] for i in (0, answer, -1))
            kind = replace(picture, caption=group.removeprefix(VALIDATION))
            shown += [kind, replace(ours, caption=f"ours {outcome.errors[OURS]:.0f}°"), truth]
    return shown


def score_picture(picture: Scored, config: AblationConfig) -> Outcome:
    """Score a picture by every row."""
    settings = EstimateSettings(size=config.size, steps=config.steps)
    if picture.group.startswith(VALIDATION):
        scene = read_validation(picture.path, settings)
        seen, request, truth, mask = scene.picture, scene.settings, scene.truth, scene.scored
    else:
        case = next(c for c in find_cases(picture.path, (picture.group,)) if c.name == picture.name)
        seen, request = load_picture(case, case.main), settings_for(case, settings)
        truth, mask = load_truth(case).normals, load_truth(case).mask
    model = model_of(config.checkpoint)
    if model is None:
        raise FileNotFoundError("There are no weights; name a checkpoint.")
    errors, panels = {}, [Panel(picture.group, _small(linear_to_srgb(seen.rgb.clamp(0, 1))))]
    rows = list(all_rows(seen, request, model))
    if config.labelled:
        labelled = load_averaged(config.labelled, EngineConfig())
        rows.append(("encoder, with labels", encoder_normals(labelled, seen, request)))
    shown = torch.from_numpy(mask[..., None])
    for name, normals in rows:
        errors[name] = float(angular_error(wire_normals(normals), truth)[mask].mean())
        encoded = torch.from_numpy(encode_normals(wire_normals(normals))) * shown
        panels.append(Panel(f"{name} {errors[name]:.0f}°", _small(encoded)))
    panels.append(Panel("truth", _small(torch.from_numpy(encode_normals(truth)) * shown)))
    return Outcome(errors, panels if config.sheet or config.failures else [])


def all_rows(
    picture: Picture, settings: EstimateSettings, model: Clone
) -> Iterator[tuple[str, Float[Tensor, "h w 3"]]]:
    """Estimate a picture's normals by every row."""
    height, width = picture.mask.shape
    camera = camera_from_fov(width, height, settings.fov_degrees, settings.principal)
    yield "flat", baseline_normals("flat", picture, camera)
    yield "Sobel bump", baseline_normals("sobel", picture, camera)
    yield "silhouette inflation", baseline_normals("inflation", picture, camera)
    config = EngineConfig()
    work = prepare(picture, settings, torch.device("cpu"))
    beginning = begin(work, settings.start, model)
    fine = fine_normals(work, settings.start, model, beginning)
    state = initial_state(beginning, work.view, settings, config)
    grown = partial(_grown, picture, work, beginning, fine)
    once = _turn(state, work, beginning, model, config)
    assert once.refined is not None
    yield "encoder", grown(replace(once, normals=beginning.normals))
    yield "+ splatting", grown(replace(once, normals=once.splatted.normals))
    yield "+ refinement", grown(replace(once, normals=once.refined))
    yield "+ gate", grown(once)
    still = replace(config, loop=replace(config.loop, kernel_rate=0.0))
    for name, variant in (("+ illumination loop", still), ("+ modulation kernel", config)):
        looped = optimise(state, work.view, variant, settings.steps, lambda _: None, lambda: False)
        ended = _turn(looped.state, work, beginning, model, variant)
        yield name, grown(replace(ended, normals=ended.splatted.normals))
    yield "whole loop", grown(ended)


@torch.no_grad()
def _turn(
    state: LoopState, work: Work, beginning: Beginning, model: Clone, config: EngineConfig
) -> Turn:
    return turn(state.encoding, work.view, state.lighting, config, model, beginning.features)


@torch.no_grad()
def _grown(
    picture: Picture, work: Work, beginning: Beginning, fine: Float[Tensor, "h w 3"], now: Turn
) -> Float[Tensor, "hh ww 3"]:
    confidence = torch.ones(work.view.mask.shape)
    maps = at_full_resolution(
        picture, work.view, beginning.normals, now, fine, confidence, work.box
    )
    return maps.normals


def validation_pictures(config: AblationConfig) -> list[Scored]:
    """List some validation scenes of each kind."""
    found: dict[str, list[Scored]] = {}
    for path in pack_paths(config.held_out) if config.held_out else []:
        kind = read_pack(path).kind
        found.setdefault(kind, []).append(Scored(VALIDATION + kind, path))
    return [scored for some in found.values() for scored in some[: config.scenes]]


def _public(config: AblationConfig) -> list[Scored]:
    if config.cases is None:
        return []
    return [Scored(case.group, config.cases, case.name) for case in find_cases(config.cases, ())]


@dataclass(frozen=True)
class ValidationScene:
    """A validation scene as the product would be given it, and its truth."""

    picture: Picture
    settings: EstimateSettings
    truth: Float[np.ndarray, "h w 3"]
    scored: Bool[np.ndarray, "h w"]


def read_validation(path: Path, settings: EstimateSettings) -> ValidationScene:
    """Read a validation scene; single things come with a mask."""
    pack = read_pack(path)
    silhouette = pack.kind == "object" and not pack.inside.all()
    mask = pack.inside if silhouette else np.ones_like(pack.inside)
    rgb = srgb_to_linear(torch.from_numpy(pack.picture) / 255)
    picture = Picture(rgb, torch.from_numpy(mask), silhouette)
    truth = read_answer(path) * np.array([1, -1, -1], np.float32)
    scored = pack.inside & (np.linalg.norm(truth, axis=-1) > 0.5)
    return ValidationScene(picture, replace(settings, fov_degrees=pack.fov_degrees), truth, scored)


def _small(display: Float[Tensor, "h w 3"]) -> np.ndarray:
    height, width = display.shape[:2]
    scale = min(1.0, THUMBNAIL / max(height, width))
    return resize(display.float(), round(height * scale), round(width * scale)).numpy()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(run(tyro.cli(AblationConfig, prog="python -m training.ablation")))
