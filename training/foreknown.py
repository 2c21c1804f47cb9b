"""What knowing the normals beforehand would be worth: ``python -m training.foreknown CASES``.

True normals, blurred as a model blurs them, are given to an estimate as its prior. What the answer
is then off by comes from us: from the grid that tells shape from detail, and from our detail.
"""

import logging
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import tyro

from backend.conventions import flip_axes
from backend.geometry import normalize
from backend.guidance import Prior
from backend.image import Picture
from backend.multiscale import cut_grid
from backend.pipeline import estimate
from backend.resample import filled, resize
from shared.settings import EstimateSettings
from training.cases import Truth, find_cases, load_picture, load_truth
from training.metrics import angular_error
from training.scoring import model_of, settings_for, wire_normals

log = logging.getLogger(__name__)

RESOLUTIONS = (64, 128, 256, 4096)
"""Longest side of the grids on which the truth is known."""


@dataclass(frozen=True)
class ForeknownConfig:
    """Measure an estimate that is told the true normals, at several resolutions."""

    cases: tyro.conf.Positional[Path]
    """Folder with ``<group>/<case>/`` folders."""
    set: tuple[str, ...] = ()
    """Groups to score; all when none is named."""
    cuts: tuple[int, ...] = (64, 128, 256, 512)
    """Grids that tell shape from detail, to compare; the product's is 256."""
    size: int = EstimateSettings.size
    """Longest side of the grid of Gaussians."""


def run(config: ForeknownConfig) -> int:
    """Print the mean angular error for each resolution of what is known; return the exit code."""
    rows: dict[int, list[list[float]]] = defaultdict(list)
    cases = find_cases(config.cases, config.set)
    for case in cases:
        settings = settings_for(case, EstimateSettings(size=config.size))
        picture, truth = load_picture(case, case.main), load_truth(case)
        for resolution in RESOLUTIONS:
            prior = known_at(truth, resolution)
            own = _error(prior.normals, truth)
            found = [_estimated(picture, settings, prior, truth, cut) for cut in config.cuts]
            rows[resolution].append([own, *found])
    if not cases:
        log.error("There are no cases in %s.", config.cases)
        return 2
    log.info("%10s%10s%s", "known at", "prior", "".join(f"   cut {c:4}" for c in config.cuts))
    for resolution, errors in rows.items():
        means = np.mean(errors, axis=0)
        log.info("%10d%s", resolution, "".join(f"{mean:10.2f}" for mean in means))
    return 0


def known_at(truth: Truth, resolution: int) -> Prior:
    """Return the true normals as a prior of a resolution knows them."""
    known = torch.from_numpy(truth.mask)
    normals = filled(flip_axes(torch.from_numpy(truth.normals)), known)
    height, width = truth.mask.shape
    seen = resize(normals, *cut_grid(height, width, resolution))
    return Prior("truth", normalize(resize(seen, height, width)), known)


def _estimated(
    picture: Picture, settings: EstimateSettings, prior: Prior, truth: Truth, cut: int
) -> float:
    told = replace(prior, cells=cut)
    cpu, model = torch.device("cpu"), model_of(None)
    found = estimate(picture, settings, cpu, lambda *_: None, lambda: False, model, prior=told)
    return _error(found.maps.normals, truth)


def _error(normals: torch.Tensor, truth: Truth) -> float:
    return float(angular_error(wire_normals(normals), truth.normals)[truth.mask].mean())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(run(tyro.cli(ForeknownConfig, prog="python -m training.foreknown")))
