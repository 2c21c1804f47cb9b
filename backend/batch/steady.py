"""Frames of a sequence that go on from the files of the frame before.

From the files, so that a run that was interrupted goes on as if it had not been.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.batch.plan import Item
from backend.batch.results import display
from backend.files import PictureFile, read_data, read_picture
from backend.steadiness import STILL, DepthGauge, depth_gauge, flicker, steadied_light
from shared.messages import Light, Report
from shared.steadiness import changes, steadied


@dataclass(frozen=True)
class Before:
    """The frame before: where its files are, and what they were made of."""

    item: Item
    target: Path
    identity: str


@dataclass(frozen=True)
class Held:
    """A frame that holds still where it can."""

    arrays: Mapping[str, np.ndarray]
    report: Report
    still: float
    """Share of the object that did not change."""
    flicker_degrees: float | None
    """Against the frame before, where it did not; None where everything changed."""


def go_on(
    file: PictureFile,
    arrays: Mapping[str, np.ndarray],
    report: Report,
    orthographic: bool,
    before: Before,
    steadiness: float,
) -> Held:
    """Hold normals, depth and light of a frame to those of the frame before."""
    files = before.target / before.item.name
    picture, last = display(file), display(read_picture(before.item.path))
    if picture.shape != last.shape:
        return Held(arrays, report, 0.0, None)
    change = changes(picture, last)
    inside = arrays["confidence"] > 0
    still = inside & (change < STILL)
    if not still.any():
        return Held(arrays, report, 0.0, None)
    last_normals = read_data(Path(f"{files}_normal.exr"))
    last_depth = read_data(Path(f"{files}_depth.exr"))[..., 0]
    normals = steadied(arrays["normals"], last_normals, change, steadiness)
    gauge = depth_gauge(arrays["depth"], last_depth, still, orthographic)
    light = steadied_light(report.light, _light_of(before), steadiness)
    return Held(
        {**_gauged(arrays, gauge), "normals": normals},
        replace(report, light=light),
        float(still.sum() / inside.sum()),
        flicker(normals, last_normals, still),
    )


def _gauged(arrays: Mapping[str, np.ndarray], gauge: DepthGauge) -> dict[str, np.ndarray]:
    """Bring depth and Gaussians to a gauge; their z points toward the viewer."""
    scale, toward = np.float32(gauge.scale), np.array([0.0, 0.0, -gauge.shift], np.float32)
    return {
        **arrays,
        "depth": arrays["depth"] * scale + np.float32(gauge.shift),
        "means": arrays["means"] * scale + toward,
        "scales": arrays["scales"] * scale,
    }


def _light_of(before: Before) -> Light:
    return Light(**json.loads(before.item.report(before.target).read_text())["light"])
