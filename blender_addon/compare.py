# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of the last estimate as an image that follows a slider."""

import bpy

from . import exr, images, lineage, sources
from .comparison import Halves, joined

_kept: list[Halves] = []
"""Of the last estimate, or empty."""


def keep(both: Halves | None) -> None:
    """Compare these from now on, or nothing."""
    _kept[:] = [] if both is None else [both]


def forget() -> None:
    """Compare nothing: the pictures belong to a file that is left."""
    _kept.clear()


def kept() -> Halves | None:
    """Return what can be compared."""
    return _kept[0] if _kept else None


def show(split: float) -> bpy.types.Image | None:
    """Make or refresh the image of the comparison, if there is anything to compare."""
    both = kept()
    if both is None:
        return None
    image = images.show(_image_name(both), exr.encode(joined(both, split)), "linear")
    lineage.mark(image, sources.picture_named(both.name))
    return image


def follow_slider(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Show the comparison at the new place, where it is shown at all."""
    both = kept()
    if both is not None and _image_name(both) in bpy.data.images:
        show(settings.compare_split)


def _image_name(both: Halves) -> str:
    return images.result_name(both.name, "_compare")
