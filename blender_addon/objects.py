# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects and node trees that are refreshed by name instead of being made again.

Names are looked up as ``(name, None)`` everywhere: of two that are called the same, the one of this
file. Another file's is not ours to change, and what were written into it would not be saved.
"""

from typing import TypeVar

import bpy

Shaded = TypeVar("Shaded", bpy.types.Material, bpy.types.World)
Vector = tuple[float, float, float]


def place_object(
    name: str,
    data: bpy.types.ID,
    location: Vector = (0.0, 0.0, 0.0),
    rotation: Vector = (0.0, 0.0, 0.0),
) -> bpy.types.Object:
    """Return the object of that name showing the data; an existing one stays where it stands."""
    thing = bpy.data.objects.get((name, None))
    if thing is not None and thing.type != _type_of(data):
        thing.name = f"{name}.old"  # the artist's own, which only happens to be called that
        thing = None
    if thing is None:
        thing = bpy.data.objects.new(name, data)
        thing.location, thing.rotation_euler = location, rotation
    thing.data = data
    if bpy.context.scene not in thing.users_scene:
        bpy.context.collection.objects.link(thing)
    return thing


def with_nodes(data: Shaded) -> Shaded:
    """Give a new material or world its node tree."""
    if bpy.app.version < (5, 0):
        data.use_nodes = True  # later every material has one, and asking warns
    return data


def _type_of(data: bpy.types.ID) -> str:
    return "LIGHT" if isinstance(data, bpy.types.Light) else "MESH"
