# SPDX-License-Identifier: GPL-3.0-or-later
"""CLONE Normals: normals, light and Gaussians out of one picture."""

from . import (
    backend_operators,
    drop,
    farm_operators,
    gaussian_operators,
    handlers,
    hint_operators,
    installing,
    light_operators,
    operators,
    panels,
    preferences,
    preset_menu,
    prior_operator,
    properties,
    result_operator,
    sequence_operator,
    servers,
    texture_operators,
    texture_settings,
    timings,
    translations,
)

MODULES = (
    translations,
    timings,
    preferences,
    properties,
    texture_settings,
    operators,
    backend_operators,
    installing,
    prior_operator,
    servers,
    hint_operators,
    sequence_operator,
    farm_operators,
    texture_operators,
    gaussian_operators,
    result_operator,
    light_operators,
    drop,
    preset_menu,
    panels,
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
