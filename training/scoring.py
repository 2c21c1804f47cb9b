"""One case scored by every method."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import camera_from_fov
from backend.conventions import flip_axes
from backend.image import Picture
from backend.pipeline import Estimate, estimate
from shared.settings import EstimateSettings
from training.baselines import baseline_normals
from training.cases import Case, load_picture, load_truth
from training.metrics import Scores, angular_error, score, sparsification

METHODS = ("flat", "sobel", "inflation", "start", "closed loop")
"""The baselines, then our result without and with the closed loop."""


@dataclass(frozen=True)
class CaseScores:
    """Errors of every method on one case."""

    group: str
    case: str
    methods: dict[str, Scores]
    ause: float
    """Of the closed loop's confidence, degrees."""
    seconds: float
    """Of the closed loop, one thread."""


def settings_for(case: Case, settings: EstimateSettings) -> EstimateSettings:
    """Give a case's optics to a request."""
    return replace(settings, fov_degrees=case.fov_degrees, principal=case.principal)


def run_engine(picture: Picture, settings: EstimateSettings) -> Estimate:
    """Run the engine on the CPU, silently."""
    return estimate(picture, settings, torch.device("cpu"), lambda *_: None, lambda: False)


def all_normals(
    case: Case, picture: Picture, settings: EstimateSettings
) -> tuple[dict[str, Float[np.ndarray, "h w 3"]], Estimate]:
    """Return every method's normals (wire axes), and the closed loop's whole result."""
    request = settings_for(case, settings)
    height, width = picture.mask.shape
    camera = camera_from_fov(width, height, request.fov_degrees, request.principal)
    looped = run_engine(picture, request)
    found = {
        "flat": baseline_normals("flat", picture, camera),
        "sobel": baseline_normals("sobel", picture, camera),
        "inflation": baseline_normals("inflation", picture, camera),
        "start": run_engine(picture, replace(request, steps=0)).maps.normals,
        "closed loop": looped.maps.normals,
    }
    return {name: wire_normals(normals) for name, normals in found.items()}, looped


def wire_normals(normals: Float[Tensor, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Return normals as the cases store them."""
    return flip_axes(normals).numpy()


def score_case(case: Case, settings: EstimateSettings) -> CaseScores:
    """Score every method on the case's main picture."""
    truth = load_truth(case)
    normals, looped = all_normals(case, load_picture(case, case.main), settings)
    errors = {name: angular_error(found, truth.normals) for name, found in normals.items()}
    confidence = looped.maps.confidence.numpy()
    return CaseScores(
        group=case.group,
        case=case.name,
        methods={name: score(error, truth.mask) for name, error in errors.items()},
        ause=sparsification(errors["closed loop"][truth.mask], confidence[truth.mask]),
        seconds=sum(stage.seconds for stage in looped.stages),
    )
