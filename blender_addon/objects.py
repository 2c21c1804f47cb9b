# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that are refreshed by name instead of being made again."""

import bpy

from . import ours

Vector = tuple[float, float, float]
COPIED = (
    "rotation_mode", "parent", "parent_type", "parent_bone", "matrix_parent_inverse",
    "matrix_basis", "hide_viewport", "hide_render",
)  # fmt: skip
"""What an object has in common with the one that takes its place."""


class UnusableScene(Exception):
    """Nothing can be added to the scene; the text says why and what to do."""


def check_scene(scene: bpy.types.Scene) -> None:
    """Refuse a scene to which nothing can be added.

    Raises:
        UnusableScene: when it is another file's.
    """
    if scene.library is not None:
        raise UnusableScene(
            f"The scene “{scene.name}” is linked from another file, so nothing can be added to it. "
            "Switch to a scene of this file."
        )


def home() -> bpy.types.Collection:
    """Return where new objects go: the active collection, or the scene's if that is not ours."""
    active = bpy.context.collection
    if active.library is not None or active.override_library is not None:
        return bpy.context.scene.collection
    return active


def place_object(
    name: str,
    data: bpy.types.ID,
    location: Vector = (0.0, 0.0, 0.0),
    rotation: Vector = (0.0, 0.0, 0.0),
) -> bpy.types.Object:
    """Return the object of that name showing the data; an existing one stays where it stands."""
    thing = ours.find(bpy.data.objects, name)
    if thing is not None and (thing.type != _type_of(data) or thing.mode == "EDIT"):
        ours.leave(thing)
        thing = None
    if thing is None:
        thing = ours.mark(bpy.data.objects.new(name, data))
        thing.location, thing.rotation_euler = location, rotation
    thing.data = data
    if bpy.context.scene not in thing.users_scene:
        home().objects.link(thing)
    return thing


def exchange(thing: bpy.types.Object, data: bpy.types.ID) -> bpy.types.Object:
    """Put an object with data of another type in the place of one, and return it.

    It has the name, place, parent and motion of the one before, and whatever uses that uses it.
    """
    name, before, layer = thing.name, thing.data, bpy.context.view_layer.objects
    selected, active = thing.select_get(), layer.active == thing
    other = bpy.data.objects.new(name, data)
    if thing.get(ours.MARK):
        ours.mark(other)
        ours.mark(data)
    for what in COPIED:
        setattr(other, what, getattr(thing, what))
    if thing.animation_data is not None:
        other.animation_data_create().action = thing.animation_data.action
    thing.user_remap(other)
    bpy.data.objects.remove(thing)
    if before.users == 0:
        bpy.data.batch_remove([before])
    other.name = data.name = name
    if name in layer:
        other.select_set(selected)
        layer.active = other if active else layer.active
    return other


def splats_to_fill(name: str) -> bpy.types.PointCloud:
    """Return the point cloud of that name."""
    found = ours.find(bpy.data.pointclouds, name)
    return found or ours.mark(bpy.data.pointclouds.new(name))


def mesh_to_fill(name: str) -> bpy.types.Mesh:
    """Return the mesh of that name; a new one where the artist is at work on it."""
    mesh = ours.find(bpy.data.meshes, name)
    if mesh is not None and mesh.is_editmode:
        ours.leave(mesh)  # in Edit Mode nobody else may change it
        mesh = None
    return mesh or ours.mark(bpy.data.meshes.new(name))


def _type_of(data: bpy.types.ID) -> str:
    kinds = {bpy.types.Light: "LIGHT", bpy.types.PointCloud: "POINTCLOUD"}
    return next((name for kind, name in kinds.items() if isinstance(data, kind)), "MESH")
