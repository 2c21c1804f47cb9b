"""Shapes of a mesh library as Blender's objects, part by part painted."""

from pathlib import Path
from random import Random

import bpy
import numpy as np

from training.cycles import materials
from training.cycles.meshes import linked
from training.cycles.things import REACH, Maker, displace
from training.mesh_library import Library, Mesh

PLAIN = 0.22
"""Share of things of one plain color, as statues and casts are."""
MOST_PARTS = 24
"""A mesh of more parts is painted as one."""


def maker(
    library: Library, words: materials.Vocabulary, photos: tuple[Path, ...], plain: float = PLAIN
) -> Maker:
    """Return what makes a thing of the library, of one plain color so often."""

    def make(dice: Random) -> bpy.types.Object:
        return shaped(dice, library.draw(dice), words, photos, plain)

    return make


def shaped(
    dice: Random,
    mesh: Mesh,
    words: materials.Vocabulary,
    photos: tuple[Path, ...],
    plain: float = PLAIN,
) -> bpy.types.Object:
    """Make an object of a mesh, as large as our things, shaded smooth but across sharp edges."""
    thing = mesh_object(mesh, REACH)
    for material in _paints(dice, mesh, words, photos, plain):
        thing.data.materials.append(material)
    if dice.random() < 0.85:
        thing.data.shade_smooth()
        thing.data.set_sharp_from_angle(angle=dice.uniform(0.5, 1.1))
    if dice.random() < 0.1:
        displace(dice, thing, dice.uniform(0.05, 0.5), dice.uniform(0.01, 0.04))
    return thing


def mesh_object(mesh: Mesh, reach: float) -> bpy.types.Object:
    """Make an object of a mesh and its parts, so large that its farthest vertex is at ``reach``."""
    data = bpy.data.meshes.new("shape")
    vertices = np.ascontiguousarray(mesh.vertices * reach, np.float32)
    faces = np.ascontiguousarray(mesh.faces, np.int32)
    data.vertices.add(len(vertices))
    data.vertices.foreach_set("co", vertices.ravel())
    data.loops.add(faces.size)
    data.loops.foreach_set("vertex_index", faces.ravel())
    data.polygons.add(len(faces))
    data.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    data.update(calc_edges=True)
    if 0 < mesh.parts.max() < MOST_PARTS:
        data.polygons.foreach_set("material_index", np.ascontiguousarray(mesh.parts))
    data.validate()
    return linked("shape", data)


def _paints(
    dice: Random,
    mesh: Mesh,
    words: materials.Vocabulary,
    photos: tuple[Path, ...],
    plain: float,
) -> list[bpy.types.Material]:
    """Draw a material for each part: its own color, any other, or the same for all."""
    count = int(mesh.parts.max()) + 1
    count = count if count <= MOST_PARTS else 1
    if dice.random() < plain:
        return [materials.plain_material(dice, None)] * count
    own = len(mesh.colors) >= count > 1 and dice.random() < 0.45
    found = []
    for part in range(count):
        if photos and dice.random() < 0.3:
            found.append(materials.photo_material(dice, dice.choice(photos)))
        elif own:
            found.append(materials.plain_material(dice, tuple(mesh.colors[part] / 255)))
        else:
            found.append(materials.random_material(dice, words))
    return found
