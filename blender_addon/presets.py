# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast, Balanced, Fine and Refine: names for values of the settings, which alone are kept.

So a preset cannot disagree with the values, and a value of one's own makes it *Custom* by itself.
A preset says how fine the grid is. Refining stands apart: the loop fits the picture better, not the
normals.
"""

import bpy

SIZES = {"FAST": 128, "BALANCED": 256, "FINE": 512}
REFINE_STEPS = 60
ITEMS = (
    ("FAST", "Fast", "A grid of 128 pixels: the large forms, for a first look"),
    ("BALANCED", "Balanced", "A grid of 256 pixels"),
    ("FINE", "Fine", "A grid of 512 pixels: smaller forms, in more time and memory"),
    ("CUSTOM", "Custom", "A working size of one's own, chosen under Advanced"),
)
_NAMES = [identifier for identifier, *_ in ITEMS]


def chosen_preset(settings: bpy.types.PropertyGroup) -> int:
    """Return the number of the preset that the values amount to."""
    named = (name for name, size in SIZES.items() if size == settings.size)
    return _NAMES.index(next(named, "CUSTOM"))


def choose_preset(settings: bpy.types.PropertyGroup, number: int) -> None:
    """Take over a preset's values; Custom leaves them as they are."""
    settings.size = SIZES.get(_NAMES[number], settings.size)


def refines(settings: bpy.types.PropertyGroup) -> bool:
    """Tell whether the loop goes on after the first answer."""
    return settings.steps > 0


def choose_refine(settings: bpy.types.PropertyGroup, refine: bool) -> None:
    """Let the loop go on, or not; steps of one's own stay."""
    settings.steps = (settings.steps or REFINE_STEPS) if refine else 0
