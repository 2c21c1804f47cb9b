"""One case scored by every method."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import camera_from_fov
from backend.config import EngineConfig
from backend.conventions import flip_axes
from backend.full_resolution import grown, pasted
from backend.geometry import normalize
from backend.image import Picture
from backend.model import Clone, shipped_model
from backend.pipeline import Estimate, estimate
from backend.start import look
from backend.work import prepare
from shared.settings import EstimateSettings
from training.baselines import baseline_normals
from training.cases import Case, load_picture, load_truth
from training.checkpoint import load_averaged
from training.metrics import Scores, angular_error, score, sparsification

METHODS = ("flat", "sobel", "inflation", "encoder", "ours")
"""The baselines, the encoder alone, and an estimate as the product makes it."""


@dataclass(frozen=True)
class CaseScores:
    """Errors of every method on one case."""

    group: str
    case: str
    methods: dict[str, Scores]
    ause: float
    """Of our confidence, degrees."""
    seconds: float
    """Of an estimate, one thread."""


@lru_cache(maxsize=2)
def model_of(checkpoint: Path | None) -> Clone | None:
    """Return a checkpoint's model, or the one that ships."""
    if checkpoint is not None:
        return load_averaged(checkpoint, EngineConfig())
    return shipped_model(torch.device("cpu"))


def settings_for(case: Case, settings: EstimateSettings) -> EstimateSettings:
    """Give a case's optics to a request, and what is told of its light."""
    return replace(
        settings,
        fov_degrees=case.fov_degrees, principal=case.principal, light_from=case.light_from,
    )  # fmt: skip


def run_engine(picture: Picture, settings: EstimateSettings, model: Clone | None) -> Estimate:
    """Run the engine on the CPU, silently."""
    cpu = torch.device("cpu")
    return estimate(picture, settings, cpu, lambda *_: None, lambda: False, model)


@torch.no_grad()
def encoder_normals(
    model: Clone, picture: Picture, settings: EstimateSettings
) -> Float[Tensor, "h w 3"]:
    """Return what the encoder sees, feed-forward, without splats, light or refinement."""
    work = prepare(picture, settings, torch.device("cpu"))
    view, size = work.view, (work.box.height, work.box.width)
    found = normalize(look(model, view, work.light_from).encoding.normals)
    facing = torch.tensor([0.0, 0.0, -1.0]).expand(*picture.mask.shape, 3)
    return pasted(normalize(grown(found, view, size)), work.part.mask, work.box, facing)


def all_normals(
    case: Case, picture: Picture, settings: EstimateSettings, model: Clone | None
) -> tuple[dict[str, Float[np.ndarray, "h w 3"]], Estimate]:
    """Return every method's normals (wire axes), and our whole result."""
    request = settings_for(case, settings)
    height, width = picture.mask.shape
    camera = camera_from_fov(width, height, request.fov_degrees, request.principal)
    ours = run_engine(picture, request, model)
    found = {
        "flat": baseline_normals("flat", picture, camera),
        "sobel": baseline_normals("sobel", picture, camera),
        "inflation": baseline_normals("inflation", picture, camera),
        "ours": ours.maps.normals,
    }
    if model is not None:
        found["encoder"] = encoder_normals(model, picture, request)
    return {name: wire_normals(found[name]) for name in METHODS if name in found}, ours


def wire_normals(normals: Float[Tensor, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Return normals as the cases store them."""
    return flip_axes(normals).numpy()


def score_case(case: Case, settings: EstimateSettings, checkpoint: Path | None) -> CaseScores:
    """Score every method on the case's main picture."""
    truth = load_truth(case)
    picture = load_picture(case, case.main)
    normals, ours = all_normals(case, picture, settings, model_of(checkpoint))
    errors = {name: angular_error(found, truth.normals) for name, found in normals.items()}
    confidence = ours.maps.confidence.numpy()
    return CaseScores(
        group=case.group,
        case=case.name,
        methods={name: score(error, truth.mask) for name, error in errors.items()},
        ause=sparsification(errors["ours"][truth.mask], confidence[truth.mask]),
        seconds=sum(stage.seconds for stage in ours.stages),
    )
