# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""How long finished estimates took, kept in the preferences: what another will take."""

import math

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

from .shared.messages import Report
from .task import Estimate

MOST_KEPT = 60
NEAR = 1.5
"""Pictures whose numbers of pixels differ by no more than this factor take about as long."""


class CLONE_PG_timing(bpy.types.PropertyGroup):
    """How long the last estimate of its kind took."""

    size: IntProperty(name="Working Size", description="Longest side of the grid, in pixels")
    steps: IntProperty(name="Refine Steps", description="Turns of the loop")
    megapixels: FloatProperty(name="Megapixels", description="Size of the picture")
    device: StringProperty(name="Device", description="What the backend computed on")
    seconds: FloatProperty(name="Seconds", description="Time that the backend took")


def remember(context: bpy.types.Context, estimate: Estimate, device: str) -> None:
    """Note how long a finished estimate took, in place of an earlier one of its kind."""
    kept = _kept(context)
    settings, megapixels = estimate.task.settings, _megapixels(estimate.arrays["normals"].shape)
    same = _alike(context, settings.size, settings.steps, megapixels, device)
    timing = same or kept.add()
    timing.size, timing.steps, timing.megapixels = settings.size, settings.steps, megapixels
    timing.device, timing.seconds = device, seconds_of(estimate.report)
    if len(kept) > MOST_KEPT:
        kept.remove(0)
    context.preferences.is_dirty = True  # Blender saves them when it ends


def expected_seconds(
    context: bpy.types.Context, image: bpy.types.Image, device: str
) -> float | None:
    """Return how long an image took that was alike, or None while none has been estimated."""
    chosen, megapixels = context.scene.clone_normals, _megapixels(image.size)
    found = _alike(context, chosen.size, chosen.steps, megapixels, device)
    return found.seconds if found is not None else None


def seconds_of(report: Report) -> float:
    """Return how long the backend computed."""
    return sum(stage.seconds for stage in report.stages)


def _alike(
    context: bpy.types.Context, size: int, steps: int, megapixels: float, device: str
) -> CLONE_PG_timing | None:
    """Return the nearest in size of what ran with these settings; on any device if it is empty."""
    near = [
        timing
        for timing in _kept(context)
        if (timing.size, timing.steps) == (size, steps)
        and timing.device == (device or timing.device)
        and _distance(timing.megapixels, megapixels) <= math.log(NEAR)
    ]
    return min(near, key=lambda timing: _distance(timing.megapixels, megapixels), default=None)


def _distance(one: float, other: float) -> float:
    return abs(math.log(max(one, 1e-9) / max(other, 1e-9)))


def _megapixels(sides: tuple[int, ...]) -> float:
    return sides[0] * sides[1] / 1e6


def _kept(context: bpy.types.Context) -> bpy.types.bpy_prop_collection:
    return context.preferences.addons[__package__].preferences.timings


def register() -> None:
    """Make the type known, before the preferences that hold it."""
    bpy.utils.register_class(CLONE_PG_timing)


def unregister() -> None:
    """Forget the type."""
    bpy.utils.unregister_class(CLONE_PG_timing)
