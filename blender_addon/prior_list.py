# SPDX-License-Identifier: GPL-3.0-or-later
"""The priors that are installed on this machine, and how the preferences show them."""

import time
from functools import lru_cache

import bpy

from .shared import installed_priors
from .shared.installed_priors import OWN_FILE, Installed
from .translations import translated

WHERE = "To use one, choose it in the panel under Advanced → Prior"
"""Said below the list, and to whom has just fetched one."""


def installed() -> tuple[Installed, ...]:
    """Return what is installed, by name; panels may ask at every redraw."""
    return _looked_up(int(time.monotonic()))


def named(name: str) -> Installed | None:
    """Return the installed prior of a name, or None; panels may ask at every redraw."""
    return next((prior for prior in installed() if prior.name == name), None)


@lru_cache(maxsize=1)
def _looked_up(_second: int) -> tuple[Installed, ...]:
    """Read the disk, at most once in a second: the command line may have changed it."""
    return tuple(installed_priors.everything())


forget = _looked_up.cache_clear
"""Look again at once: something was fetched or removed."""


def described(prior: Installed) -> str:
    """Say how large a prior is and where it came from."""
    megabytes = max(1, round(prior.bytes / 1e6))
    return translated(f"{megabytes} MB, {source_of(prior)}")


def source_of(prior: Installed) -> str:
    """Say where a prior came from; the revision is too long for a panel."""
    if prior.source.startswith(OWN_FILE):
        return translated(f"own file {prior.source.removeprefix(OWN_FILE)}")
    return prior.source.partition(" @ ")[0]


def draw(layout: bpy.types.UILayout, fetching: bool) -> None:
    """List what is installed, each with the button that removes it; ``fetching`` offers more."""
    if not (fetching or installed()):
        return
    box = layout.box()
    row = box.row()
    row.label(text="Priors", icon="NORMALS_FACE")
    if fetching:
        row.operator("clone.fetch_prior", text="Fetch a Prior…")
    for prior in installed():
        row = box.row()
        facts = row.split(factor=0.25)
        facts.label(text=prior.name, translate=False)
        facts.label(text=described(prior), translate=False)
        row.operator("clone.remove_prior", icon="TRASH").name = prior.name
    if installed():
        box.label(text=WHERE, icon="INFO")
