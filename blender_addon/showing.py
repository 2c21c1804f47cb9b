# SPDX-License-Identifier: GPL-3.0-or-later
"""How the Gaussians are shown: by our node group, or as Blender's own splats."""

import bpy

from . import compat, images, points, sources

WAYS = (
    ("NODES", "Points and Ellipsoids", "By Geometry Nodes: points, ellipsoids or normals"),
    ("SPLATS", "Blender Splats", "As the Gaussian splats that Blender draws itself"),
)


def wants_splats(chosen: bpy.types.PropertyGroup) -> bool:
    """Tell whether Gaussians become Blender's splats, where this Blender has them."""
    return compat.SPLATS and chosen.show_as == "SPLATS"


def cloud_shown(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the active cloud, else that of the picture."""
    name = images.result_name(sources.name_found(context), "_gaussians")
    candidates = (context.active_object, bpy.data.objects.get((name, None)))
    return next((thing for thing in candidates if points.holds_gaussians(thing)), None)


def follow(chosen: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Show the cloud in the way that was chosen, at once."""
    thing, native = cloud_shown(context), wants_splats(chosen)
    if thing is None or thing.library is not None or thing.mode == "EDIT":
        return
    if points.is_native(thing) != native and (native or thing.data.attributes.get("normal")):
        points.turn(thing, native)
