# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gaussians as a point cloud: a mesh with point attributes, shown by Geometry Nodes."""

from collections.abc import Mapping

import bpy
import numpy as np

from . import view
from .objects import place_object, with_nodes

SHARED_NAME = "CLONE Gaussians"
"""The node group and the material that all clouds use."""
SHOWN_SIZE = 1.5
"""Size of a shown point in standard deviations: neighbours then close the surface."""
KEYS = {"FLOAT": "value", "QUATERNION": "value", "FLOAT_VECTOR": "vector", "FLOAT_COLOR": "color"}


def attributes_of(
    arrays: Mapping[str, np.ndarray], metres: float, centre: tuple[float, float]
) -> dict[str, tuple[str, np.ndarray]]:
    """Return every point attribute with its type, positions centred on the picture in metres."""
    means, scales = arrays["means"], arrays["scales"] * metres
    middle = np.array([*centre, np.median(means[:, 2]) if len(means) else 0.0])
    colours = np.column_stack([arrays["colours"], arrays["opacities"]])
    return {
        "position": ("FLOAT_VECTOR", (means - middle) * metres),
        "radius": ("FLOAT", scales.max(axis=1, initial=0.0)),
        "Col": ("FLOAT_COLOR", colours),
        "normal": ("FLOAT_VECTOR", arrays["gaussian_normals"]),
        "opacity": ("FLOAT", arrays["opacities"]),
        "scale": ("FLOAT_VECTOR", scales),
        "rotation": ("QUATERNION", arrays["quats"]),
        "confidence": ("FLOAT", arrays["gaussian_confidence"]),
    }


def cloud(
    name: str, attributes: Mapping[str, tuple[str, np.ndarray]], beside: float
) -> bpy.types.Object:
    """Show the points, standing as the card does and that far to its right."""
    mesh = bpy.data.meshes.get((name, None)) or bpy.data.meshes.new(name)
    mesh.clear_geometry()
    mesh.vertices.add(len(attributes["position"][1]))
    for attribute, (kind, values) in attributes.items():
        _write_attribute(mesh, attribute, kind, values)
    mesh.update()
    thing = place_object(name, mesh, location=(beside, 0.0, 0.0), rotation=view.STANDING)
    modifier = thing.modifiers.get(SHARED_NAME) or thing.modifiers.new(SHARED_NAME, "NODES")
    modifier.node_group = points_group()
    return thing


def points_group() -> bpy.types.NodeTree:
    """Return the node group that turns vertices into points, shared by all clouds."""
    tree = bpy.data.node_groups.get((SHARED_NAME, None))
    if tree is not None and tree.bl_idname == "GeometryNodeTree":
        return tree
    tree = bpy.data.node_groups.new(SHARED_NAME, "GeometryNodeTree")
    tree.is_modifier = True
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    size = tree.interface.new_socket("Size", in_out="INPUT", socket_type="NodeSocketFloat")
    size.default_value, size.min_value = SHOWN_SIZE, 0.0
    new, link = tree.nodes.new, tree.links.new
    source, target = new("NodeGroupInput"), new("NodeGroupOutput")
    radius = new("GeometryNodeInputNamedAttribute")
    radius.data_type = "FLOAT"
    radius.inputs["Name"].default_value = "radius"
    scaled = new("ShaderNodeMath")
    scaled.operation = "MULTIPLY"
    points, paint = new("GeometryNodeMeshToPoints"), new("GeometryNodeSetMaterial")
    paint.inputs["Material"].default_value = points_material()
    link(source.outputs[0], points.inputs["Mesh"])
    link(radius.outputs["Attribute"], scaled.inputs[0])
    link(source.outputs["Size"], scaled.inputs[1])
    link(scaled.outputs["Value"], points.inputs["Radius"])
    link(points.outputs["Points"], paint.inputs["Geometry"])
    link(paint.outputs["Geometry"], target.inputs[0])
    for column, node in enumerate((source, radius, scaled, points, paint, target)):
        node.location = (200 * column - 400, -120 if node in (radius, scaled) else 0)
    return tree


def points_material() -> bpy.types.Material:
    """Return the material that shows each point in its own color, unlit."""
    material = bpy.data.materials.get((SHARED_NAME, None))
    if material is not None:
        return material
    material = with_nodes(bpy.data.materials.new(SHARED_NAME))
    tree = material.node_tree
    tree.nodes.clear()
    color = tree.nodes.new("ShaderNodeAttribute")
    color.attribute_name = "Col"
    emission = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(color.outputs["Color"], emission.inputs["Color"])
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    color.location, output.location = (-200, 0), (200, 0)
    return material


def _write_attribute(mesh: bpy.types.Mesh, name: str, kind: str, values: np.ndarray) -> None:
    attribute = mesh.attributes.get(name)
    if attribute is not None and (attribute.data_type, attribute.domain) != (kind, "POINT"):
        mesh.attributes.remove(attribute)
        attribute = None
    attribute = attribute or mesh.attributes.new(name, kind, "POINT")
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    attribute.data.foreach_set(KEYS[kind], flat)
