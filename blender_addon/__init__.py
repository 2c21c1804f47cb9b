# SPDX-License-Identifier: GPL-3.0-or-later
"""CLONE Normals: normals, light and Gaussians out of one picture."""

from . import (
    handlers,
    operators,
    panels,
    preferences,
    properties,
    texture_operators,
    texture_panels,
    texture_settings,
)

MODULES = (
    preferences,
    properties,
    texture_settings,
    operators,
    texture_operators,
    panels,
    texture_panels,
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
