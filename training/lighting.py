"""One scene under many lights: does the answer stay, and does it relight?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import camera_from_fov
from backend.config import LightConfig
from backend.geometry import normalize
from backend.illumination import irradiance
from backend.image import Picture, linear_to_srgb
from backend.light_solve import Observations, solve_light
from shared.settings import EstimateSettings
from training.baselines import baseline_normals
from training.cases import Case, load_picture, load_truth
from training.metrics import angular_error, psnr
from training.scoring import model_of, run_engine, settings_for, wire_normals


@dataclass(frozen=True)
class LightingScores:
    """How one object fares under its single lights."""

    group: str
    case: str
    consistency: float
    """Mean angular deviation of the answers from their mean normal, degrees."""
    mean_error: float
    """Mean angular error over the lights, degrees: a constant answer would be consistent too."""
    relighting: dict[str, float]
    """PSNR in dB under the other lights, by whose normals were used."""


def score_lighting(
    case: Case, settings: EstimateSettings, checkpoint: Path | None
) -> LightingScores:
    """Estimate from each single-light picture; relight the first answer under the others."""
    pictures = [load_picture(case, name) for name in case.lights]
    request = settings_for(case, settings)
    model = model_of(checkpoint)
    results = [run_engine(picture, request, model) for picture in pictures]
    truth = load_truth(case)
    answers = torch.stack([result.maps.normals for result in results])
    mean = wire_normals(normalize(answers.mean(0)))
    apart = [angular_error(wire_normals(a), mean)[truth.mask].mean() for a in answers]
    errors = [angular_error(wire_normals(a), truth.normals)[truth.mask].mean() for a in answers]
    height, width = pictures[0].mask.shape
    camera = camera_from_fov(width, height, request.fov_degrees, request.principal)
    flat = baseline_normals("flat", pictures[0], camera)
    inflated = baseline_normals("inflation", pictures[0], camera)
    relighting = {
        "flat": _relit(pictures, flat, _albedo_for(pictures[0], flat), truth.mask),
        "inflation": _relit(pictures, inflated, _albedo_for(pictures[0], inflated), truth.mask),
        "ours": _relit(pictures, answers[0], results[0].maps.albedo, truth.mask),
    }
    return LightingScores(
        case.group, case.name, float(np.mean(apart)), float(np.mean(errors)), relighting
    )


def _albedo_for(picture: Picture, normals: Float[Tensor, "h w 3"]) -> Float[Tensor, "h w 3"]:
    """Give a baseline the albedo that explains its picture under the light solved for gray."""
    gray = torch.full_like(picture.rgb, 0.5)
    return (picture.rgb / _shading(picture, normals, gray).clamp_min(0.05)).clamp(0.0, 1.0)


def _shading(
    picture: Picture, normals: Float[Tensor, "h w 3"], albedo: Float[Tensor, "h w 3"]
) -> Float[Tensor, "h w 3"]:
    """Return the shading of the light that best explains a picture."""
    inside, ones = picture.mask, torch.ones_like(picture.rgb[..., :2])
    seen = Observations(normals[inside], albedo[inside], picture.rgb[inside], ones[inside])
    return irradiance(normals, solve_light(seen, LightConfig()).light, ones)


def _relit(
    pictures: list[Picture],
    normals: Float[Tensor, "h w 3"],
    albedo: Float[Tensor, "h w 3"],
    mask: np.ndarray,
) -> float:
    """Return the mean PSNR of albedo × shading under every light but the first."""
    values = []
    for picture in pictures[1:]:
        relit = albedo * _shading(picture, normals, albedo)
        shown, truth = (linear_to_srgb(p.clamp(0, 1)).numpy() for p in (relit, picture.rgb))
        values.append(psnr(shown, truth, mask))
    return float(np.mean(values))
