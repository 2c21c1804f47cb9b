# SPDX-License-Identifier: GPL-3.0-or-later
"""The relightable card: a picture-sized plane with the recovered albedo and normals."""

import bpy
import numpy as np

from . import normal_nodes, ours, view
from .compat import with_nodes
from .normal_nodes import NORMAL, NORMAL_MAP
from .objects import mesh_to_fill, place_object

ALBEDO = "CLONE Albedo"


def relightable_material(
    name: str, albedo: bpy.types.Image, normal: bpy.types.Image, space: str = "TANGENT"
) -> bpy.types.Material:
    """Make the material, or give an existing one the new images.

    ``space`` is that of the normals: a card's tangents are the camera's, and can be bent with it;
    where the mesh has its own relief, the camera's space is the space of the object.
    """
    material = ours.find(bpy.data.materials, name)
    if material is None:
        material = with_nodes(ours.mark(bpy.data.materials.new(name)))
    tree = material.node_tree
    if tree.nodes.get(ALBEDO) is None or tree.nodes.get(NORMAL) is None:
        _build(tree, space)
    tree.nodes[ALBEDO].image = albedo
    tree.nodes[NORMAL].image = normal
    normal_nodes.orient(tree)
    return material


def card(name: str, size: tuple[float, float], material: bpy.types.Material) -> bpy.types.Object:
    """Stand a plane of that size at the origin, facing −y; an existing one stays where it is."""
    width, height = size
    mesh = mesh_to_fill(name)
    corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) / 2
    mesh.clear_geometry()
    mesh.from_pydata((corners * (width, height, 0)).tolist(), [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", (corners[:, :2] + 0.5).astype(np.float32).reshape(-1))
    if material.name not in mesh.materials:
        mesh.materials.append(material)
    mesh.update()
    return place_object(name, mesh, rotation=view.STANDING)


def _build(tree: bpy.types.NodeTree, space: str) -> None:
    tree.nodes.clear()
    new, link = tree.nodes.new, tree.links.new
    output = new("ShaderNodeOutputMaterial")
    surface = new("ShaderNodeBsdfPrincipled")
    normal_map = new("ShaderNodeNormalMap")
    normal_map.space = space
    albedo, normal = new("ShaderNodeTexImage"), new("ShaderNodeTexImage")
    albedo.name = albedo.label = ALBEDO
    normal.name = normal.label = NORMAL
    normal_map.name = normal_map.label = NORMAL_MAP
    surface.inputs["Roughness"].default_value = 1.0  # the light model is diffuse
    surface.inputs["Specular IOR Level"].default_value = 0.0
    link(albedo.outputs["Color"], surface.inputs["Base Color"])
    link(albedo.outputs["Alpha"], surface.inputs["Alpha"])
    link(normal.outputs["Color"], normal_map.inputs["Color"])
    link(normal_map.outputs["Normal"], surface.inputs["Normal"])
    link(surface.outputs["BSDF"], output.inputs["Surface"])
    for node, place in (
        (output, (300, 0)),
        (surface, (0, 0)),
        (normal_map, (-250, -250)),
        (albedo, (-600, 100)),
        (normal, (-600, -250)),
    ):
        node.location = place
