# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the batch command: which of them belong to a report, and what they say.

A report's own name says where its files lie and how they begin; from inside come only the names of
those that were written, which are compared and never opened.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import splat_files
from .comparison import linear
from .pixels import Pixels
from .sequence import unit_normals
from .shared.messages import Report
from .shared.settings import EstimateSettings
from .shared.wire import WireError, build
from .task import Estimate, Task

REPORT = "_report.json"
IMAGES: Mapping[str, tuple[str, ...]] = {
    "normals": ("_normal.exr", "_normal.png"),
    "albedo": ("_albedo.png",),
    "depth": ("_depth.exr",),
    "confidence": ("_confidence.png",),
    "height": ("_height.exr",),
    "occlusion": ("_occlusion.png",),
}
"""How the files of each array end, the more exact first."""
GAUSSIANS = "_gaussians.ply"


class UnusableResults(Exception):
    """There are no results that can be opened; the text says why and what to do."""


@dataclass(frozen=True)
class Found:
    """A report, and which of its files are there."""

    name: str
    """What the results are called."""
    report: Report
    settings: EstimateSettings
    reduced: int
    """Width of the copy that a large picture's Gaussians come from; 0 for other pictures."""
    images: Mapping[str, Path]
    """By array."""
    gaussians: Path | None


def find(path: Path) -> Found:
    """Read a report and look for its files.

    Raises:
        UnusableResults: when it is none, or there are no normals with it.
    """
    if not path.name.endswith(REPORT):
        raise UnusableResults(
            f"{path.name} is no report of results. Choose a file whose name ends in {REPORT}."
        )
    fields, name = _read(path), path.name.removesuffix(REPORT)
    report, settings, reduced = _checked(path, fields)
    images = {array: _there(path, fields, name, suffixes) for array, suffixes in IMAGES.items()}
    if images["normals"] is None:
        raise UnusableResults(
            f"There are no normals with {path.name}. Write them with --outputs normal_exr, and "
            "keep the files in one folder."
        )
    known = {array: file for array, file in images.items() if file is not None}
    gaussians = _there(path, fields, name, (GAUSSIANS,))
    return Found(name, report, settings, reduced, known, gaussians)


def arrays_of(found: Found, pixels: Mapping[str, Pixels]) -> dict[str, np.ndarray]:
    """Return the arrays of ``shared.messages.Result`` that the files hold.

    ``pixels`` are those of ``found.images``, as they are stored. A PLY file knows no confidence.

    Raises:
        UnusableFile: when the Gaussians cannot be read.
    """
    arrays = {
        array: _values(array, found.images[array].suffix, read.values)
        for array, read in pixels.items()
    }
    if found.gaussians is not None:
        arrays |= _gaussians(found, arrays["normals"].shape[1])
    return arrays


def estimate_of(found: Found, arrays: Mapping[str, np.ndarray]) -> Estimate:
    """Return the estimate that the files were written from, as far as they tell of it.

    The picture is not among them; its object is where there is any confidence.
    """
    sent: Future[dict[str, np.ndarray]] = Future()
    inside = arrays["confidence"] > 0.0 if "confidence" in arrays else np.ones(1, bool)
    sent.set_result({} if inside.all() else {"mask": inside.astype(np.uint8) * 255})
    height, width = arrays["normals"].shape[:2]
    return Estimate(
        Task(found.name, found.settings, "linear", (height, width), sent), found.report, arrays
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnusableResults(f"The file {path} cannot be read: {reason}.") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(fields, dict):
        raise _damaged(path)
    return fields


def _there(
    path: Path, fields: Mapping[str, Any], name: str, suffixes: tuple[str, ...]
) -> Path | None:
    """Return the first of the files that was written and is still beside the report."""
    files = [path.with_name(f"{name}{suffix}") for suffix in suffixes]
    return next((one for one in files if one.name in fields["outputs"] and one.is_file()), None)


def _checked(path: Path, fields: dict[str, Any]) -> tuple[Report, EstimateSettings, int]:
    try:
        report = build(Report, fields, "report")
        settings = build(EstimateSettings, fields["settings"], "settings")
        reduced = int(fields["reduced"]["size"][1]) if "reduced" in fields else 0
    except (WireError, AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    if settings.problem() or reduced < 0 or not isinstance(fields.get("outputs"), list):
        raise _damaged(path)
    return report, settings, reduced


def _damaged(path: Path) -> UnusableResults:
    return UnusableResults(
        f"{path.name} is damaged, or of another version. Run the batch command once more."
    )


def _values(array: str, suffix: str, values: np.ndarray) -> np.ndarray:
    if array == "normals":
        # a copy: Blender's has an alpha that nobody needs
        return unit_normals(values) if suffix == ".png" else values[..., :3].copy()
    return linear(values[..., :3]) if array == "albedo" else values[..., 0].copy()


def _gaussians(found: Found, width: int) -> dict[str, np.ndarray]:
    assert found.gaussians is not None
    splats = splat_files.read(found.gaussians, display=True)
    flat = found.settings.fov_degrees == 0.0  # the unit is a pixel, of the copy if there is one
    unit = np.float32(width / found.reduced if flat and found.reduced else 1.0)
    return {
        "means": splats.means * unit,
        "quats": splats.quats,
        "scales": splats.scales * unit,
        "opacities": splats.opacities,
        "colours": splats.colours,
        "gaussian_normals": splats.normals,
    }
