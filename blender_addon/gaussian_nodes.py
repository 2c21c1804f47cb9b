# SPDX-License-Identifier: GPL-3.0-or-later
"""How Gaussians are shown: the Geometry Nodes group that all clouds share, and its materials."""

import bpy

from .compat import with_nodes
from .nodes import Socket, Wiring, enabled_output

SHARED_NAME = "CLONE Gaussians"
"""The node group, its modifier, and the material of the points."""
MATERIAL_NAMES = {
    ("GEOMETRY", "DITHERED"): SHARED_NAME,
    ("GEOMETRY", "BLENDED"): f"{SHARED_NAME} Blended",
    ("INSTANCER", "DITHERED"): "CLONE Gaussian Instances",
    ("INSTANCER", "BLENDED"): "CLONE Gaussian Instances Blended",
}
"""By where the shader finds the color, and how EEVEE draws what is transparent."""
VERSION_KEY, VERSION = "clone_version", 2
"""A group of another version, in an older file, is made again."""
SHOWN_SIZE = 1.5
"""Size of a shown Gaussian in standard deviations: neighbours then close the surface."""
NORMAL_LENGTH, NORMAL_WIDTH = 3.0, 0.08
"""Of the needle that shows a normal, in sizes of its Gaussian and in its own length."""
MODES = ("Points", "Ellipsoids", "Normals")


def gaussians_group() -> bpy.types.NodeTree:
    """Return the group that shows a mesh's vertices as Gaussians, shared by all clouds."""
    old = bpy.data.node_groups.get((SHARED_NAME, None))
    if old is not None and old.bl_idname == "GeometryNodeTree":
        if old.get(VERSION_KEY) == VERSION:
            return old
        old.name = f"{SHARED_NAME}.old"
    tree = _built(bpy.data.node_groups.new(SHARED_NAME, "GeometryNodeTree"))
    if old is not None and old.bl_idname == "GeometryNodeTree":
        _replace(old, tree)
    return tree


def inputs_of(modifier: bpy.types.NodesModifier) -> list[tuple[str, str]]:
    """Return name and identifier of everything that can be chosen for one cloud."""
    return [
        (item.name, item.identifier)
        for item in modifier.node_group.interface.items_tree
        if item.item_type == "SOCKET"
        and item.in_out == "INPUT"
        and item.socket_type != "NodeSocketGeometry"
    ]


def points_material() -> bpy.types.Material:
    """Return the material that shows each point in its own color, unlit."""
    return _material("GEOMETRY", "DITHERED")


def _replace(old: bpy.types.NodeTree, new: bpy.types.NodeTree) -> None:
    """Show every cloud of an older version by the new group."""
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type == "NODES" and modifier.node_group == old:
                modifier.node_group = new
    bpy.data.node_groups.remove(old)


def _built(tree: bpy.types.NodeTree) -> bpy.types.NodeTree:
    tree[VERSION_KEY] = VERSION
    tree.is_modifier = True
    _add_sockets(tree)
    wiring = Wiring(tree)
    source = wiring.add("NodeGroupInput").outputs
    size, share = source["Size"], source["Shown"]
    blended = source["Blended"]
    shown = _sorted(wiring, _picked(wiring, source["Geometry"], share, size), blended)
    switch = wiring.add("GeometryNodeMenuSwitch", data_type="GEOMETRY")
    switch.enum_items.clear()
    for mode in MODES:
        switch.enum_items.new(mode)
    shapes = (
        _painted(wiring, shown, blended, "GEOMETRY"),
        _ellipsoids(wiring, shown, size, blended),
        _needles(wiring, shown, size, blended),
    )
    for geometry, socket in zip(shapes, list(switch.inputs)[1:], strict=False):
        tree.links.new(geometry, socket)
    tree.links.new(source["Display"], switch.inputs["Menu"])
    tree.links.new(switch.outputs[0], wiring.add("NodeGroupOutput").inputs[0])
    tree.interface.items_tree["Display"].default_value = MODES[0]  # known only now that it is wired
    return tree


def _add_sockets(tree: bpy.types.NodeTree) -> None:
    """Size is the third, as in the first version: clouds of older files keep theirs."""
    new = tree.interface.new_socket
    for direction in ("INPUT", "OUTPUT"):
        new("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    size = new("Size", in_out="INPUT", socket_type="NodeSocketFloat")
    size.description = "Size of what is shown, in standard deviations"
    size.default_value, size.min_value, size.max_value = SHOWN_SIZE, 0.0, 10.0
    display = new("Display", in_out="INPUT", socket_type="NodeSocketMenu")
    display.description = "How each Gaussian is shown"
    share = new("Shown", in_out="INPUT", socket_type="NodeSocketFloat")
    share.description = "Share of the Gaussians that is shown, evenly spread"
    share.subtype = "PERCENTAGE"
    share.default_value, share.min_value, share.max_value = 100.0, 0.0, 100.0
    blended = new("Blended", in_out="INPUT", socket_type="NodeSocketBool")
    blended.description = "Blend from far to near instead of dithering; slower with each movement"


def _picked(wiring: Wiring, mesh: Socket, share: Socket, size: Socket) -> Socket:
    """Make points of the share that is wanted: always the same ones, chosen by their number."""
    chance = wiring.add("FunctionNodeRandomValue", data_type="FLOAT")
    index = wiring.add("GeometryNodeInputIndex").outputs["Index"]
    drawn = enabled_output(wiring.link(chance, ID=index))
    wanted = wiring.math("LESS_THAN", drawn, wiring.math("MULTIPLY", share, 0.01))
    radius = wiring.math("MULTIPLY", wiring.attribute("radius", "FLOAT"), size)
    points = wiring.add("GeometryNodeMeshToPoints")
    return wiring.link(points, Mesh=mesh, Selection=wanted, Radius=radius).outputs["Points"]


def _sorted(wiring: Wiring, points: Socket, wanted: Socket) -> Socket:
    """Order points from far to near, so that blended ones cover each other as they should.

    That takes 0.2 s for 200,000 points whenever the camera moves, so it has to be wanted.
    """
    camera = wiring.add("GeometryNodeInputActiveCamera").outputs[0]
    where = wiring.add("GeometryNodeObjectInfo", transform_space="RELATIVE")
    eye = wiring.link(where, Object=camera).outputs["Location"]
    distance = wiring.add("ShaderNodeVectorMath", operation="DISTANCE")
    position = wiring.add("GeometryNodeInputPosition").outputs["Position"]
    away = wiring.link(distance, Vector=position, Vector_001=eye).outputs["Value"]
    order = wiring.add("GeometryNodeSortElements", domain="POINT")
    nearness = wiring.math("MULTIPLY", away, -1.0)
    ordered = wiring.link(order, Geometry=points, SortWeight=nearness).outputs["Geometry"]
    either = wiring.add("GeometryNodeSwitch", input_type="GEOMETRY")
    return wiring.link(either, Switch=wanted, False_=points, True_=ordered).outputs["Output"]


def _ellipsoids(wiring: Wiring, points: Socket, size: Socket, blended: Socket) -> Socket:
    ball = wiring.add("GeometryNodeMeshIcoSphere")
    ball.inputs["Subdivisions"].default_value = 2
    rotation = wiring.attribute("rotation", "QUATERNION")
    scale = wiring.scaled(wiring.attribute("scale", "FLOAT_VECTOR"), size)
    shape = _painted(wiring, ball.outputs["Mesh"], blended, "INSTANCER")
    return _instances(wiring, points, shape, rotation, scale)


def _needles(wiring: Wiring, points: Socket, size: Socket, blended: Socket) -> Socket:
    needle = wiring.add("GeometryNodeMeshCone")  # an edge alone would not be rendered
    needle.inputs["Vertices"].default_value = 3
    needle.inputs["Radius Bottom"].default_value = NORMAL_WIDTH
    needle.inputs["Depth"].default_value = 1.0
    aim = wiring.add("FunctionNodeAlignRotationToVector", axis="Z")
    normal = wiring.attribute("normal", "FLOAT_VECTOR")
    rotation = wiring.link(aim, Vector=normal).outputs["Rotation"]
    length = wiring.math("MULTIPLY", wiring.attribute("radius", "FLOAT"), size)
    scale = wiring.math("MULTIPLY", length, NORMAL_LENGTH)
    shape = _painted(wiring, needle.outputs["Mesh"], blended, "INSTANCER")
    return _instances(wiring, points, shape, rotation, scale)


def _instances(
    wiring: Wiring, points: Socket, shape: Socket, rotation: Socket, scale: Socket
) -> Socket:
    node = wiring.add("GeometryNodeInstanceOnPoints")
    wiring.link(node, Points=points, Instance=shape, Rotation=rotation, Scale=scale)
    return node.outputs["Instances"]


def _painted(wiring: Wiring, geometry: Socket, blended: Socket, source: str) -> Socket:
    either = wiring.add("GeometryNodeSwitch", input_type="MATERIAL")
    either.inputs["False"].default_value = _material(source, "DITHERED")
    either.inputs["True"].default_value = _material(source, "BLENDED")
    material = wiring.link(either, Switch=blended).outputs["Output"]
    node = wiring.link(wiring.add("GeometryNodeSetMaterial"), Geometry=geometry, Material=material)
    return node.outputs["Geometry"]


def _material(source: str, method: str) -> bpy.types.Material:
    """Return a material with the color and opacity of points or of instances, unlit.

    The far side of an ellipsoid is left out, or each would cover twice what its opacity says.
    """
    name = MATERIAL_NAMES[source, method]
    material = bpy.data.materials.get((name, None))
    if material is not None and material.get(VERSION_KEY) == VERSION:
        return material
    material = with_nodes(material or bpy.data.materials.new(name))
    material[VERSION_KEY] = VERSION
    material.surface_render_method = method
    wiring = Wiring(material.node_tree)
    material.node_tree.nodes.clear()
    color = wiring.add("ShaderNodeAttribute", attribute_type=source, attribute_name="Col")
    back = wiring.add("ShaderNodeNewGeometry").outputs["Backfacing"]
    opacity = wiring.math("MULTIPLY", color.outputs["Alpha"], wiring.math("LESS_THAN", back, 0.5))
    light = wiring.link(wiring.add("ShaderNodeEmission"), Color=color.outputs["Color"])
    clear = wiring.add("ShaderNodeBsdfTransparent")
    mix = wiring.link(
        wiring.add("ShaderNodeMixShader"),
        Fac=opacity,
        Shader=clear.outputs[0],
        Shader_001=light.outputs[0],
    )
    wiring.link(wiring.add("ShaderNodeOutputMaterial"), Surface=mix.outputs[0])
    return material
