# SPDX-License-Identifier: GPL-3.0-or-later
"""CLONE Normals: normals, light and Gaussians out of one picture."""

from . import (
    gaussian_operators,
    handlers,
    light_operators,
    operators,
    panels,
    preferences,
    properties,
    space_panels,
)

MODULES = (
    preferences,
    properties,
    operators,
    gaussian_operators,
    light_operators,
    panels,
    space_panels,
    handlers,
)


def register() -> None:
    """Add everything to Blender."""
    for module in MODULES:
        module.register()


def unregister() -> None:
    """Stop whatever runs and take everything out of Blender."""
    for module in reversed(MODULES):
        module.unregister()
