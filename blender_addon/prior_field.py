# SPDX-License-Identifier: GPL-3.0-or-later
"""The field that names a prior: what it offers, and what is said of the name below it."""

import bpy

from . import preferences, prior_list
from .shared.prior_catalogue import CATALOGUE


def suggested(_settings: object, context: bpy.types.Context, _typed: str) -> list[str]:
    """Offer what is installed here; Blender picks what fits, and other names may be typed."""
    if preferences.own(context).key:  # what a server has, only the server knows
        return []
    return [prior.name for prior in prior_list.installed()]


def draw_named(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """Say which model a name stands for, or that it is not here, with the button that helps."""
    if not name:
        return
    if preferences.own(context).key:
        layout.label(text="The server looks it up", icon="NETWORK_DRIVE")
        return
    prior = prior_list.named(name)
    if prior is not None:
        layout.label(text=prior_list.described(prior), icon="CHECKMARK", translate=False)
        return
    layout.label(text="Not installed on this machine", icon="ERROR")
    button = layout.operator("clone.fetch_prior", text="Fetch a Prior…")
    if name in CATALOGUE:
        button.name = name
