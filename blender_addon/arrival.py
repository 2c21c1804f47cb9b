# SPDX-License-Identifier: GPL-3.0-or-later
"""An estimate arrives in the scene, from a backend or from files."""

from collections.abc import Callable, Generator, Iterable

import bpy

from . import (
    following,
    further_results,
    images,
    lineage,
    maps,
    objects,
    results,
    session,
    showing,
    sources,
    wiring,
)
from .maps import Kind
from .task import Estimate
from .texture_settings import choice
from .translations import translated

Tell = Callable[[set[str], str], object]
"""What an operator reports with."""

ADDED = ("add_card", "add_gaussians", "add_sun", "add_mesh", "add_world")
"""Settings of results that become part of the scene."""


def check_scene(scene: bpy.types.Scene) -> None:
    """Refuse a scene that cannot take in what its settings want.

    Raises:
        UnusableScene: when something is to be added to it, and it is another file's.
    """
    chosen = scene.clone_normals
    if any(getattr(chosen, result) for result in ADDED):
        objects.check_scene(scene)


def bring_in(
    context: bpy.types.Context, estimate: Estimate, tell: Tell
) -> Generator[None, None, bpy.types.Image]:
    """Bring in what the scene's settings want, a slice at every step; return the normal map.

    Raises:
        UnusableScene: when the scene cannot take that in; then nothing is brought in.
    """
    check_scene(context.scene)
    settings, textures = context.scene.clone_normals, context.scene.clone_textures
    wanted = results.Wanted(
        settings.add_card,
        settings.add_gaussians,
        settings.add_sun,
        choice(textures),
        further_results.wanted_of(settings),
        showing.wants_splats(settings),
    )
    session.current.kept = maps.kept(estimate)
    normal = yield from results.import_slices(estimate, wanted)
    following.current.note(wanted.maps)
    mark_maps(estimate.task.name, (*wanted.maps.kinds, "albedo"))  # the card needs that one
    if textures.wire:
        level, said = wiring.wire_active(context, estimate.task.name)
        tell(level, translated(said))
    tell({"INFO"}, translated(f"The normal map is the image “{normal.name}”"))
    return normal


def mark_maps(name: str, kinds: Iterable[Kind]) -> None:
    """Remember which picture the maps of these kinds were made from."""
    picture = sources.picture_named(name)
    for kind in kinds:
        image = bpy.data.images.get((images.result_name(name, f"_{kind}"), None))
        if image is not None:
            lineage.mark(image, picture, name)
