# SPDX-License-Identifier: GPL-3.0-or-later
"""Relighting in the compositor: albedo · (ambient + max(0, n·l) · sun) as a node group."""

import bpy
import numpy as np

from .compat import compositing_tree
from .environment import facing_average
from .nodes import Socket, Wiring
from .shared.messages import Light

GROUP_NAME = "CLONE Relight"
VERSION_KEY, VERSION = "clone_version", 1
SUN_AXES = ("Sun X", "Sun Y", "Sun Z")


def relight_group(light: Light) -> bpy.types.NodeTree:
    """Make or refresh the group; its inputs begin with that light."""
    tree = bpy.data.node_groups.get((GROUP_NAME, None))
    if tree is not None and tree.get(VERSION_KEY) != VERSION:
        tree.name = f"{GROUP_NAME}.old"  # the artist's own, or of another version
        tree = None
    if tree is None:
        tree = _built(bpy.data.node_groups.new(GROUP_NAME, "CompositorNodeTree"))
    for name, value in _presets(light).items():
        tree.interface.items_tree[name].default_value = value
    return tree


def add_to_scene(scene: bpy.types.Scene, group: bpy.types.NodeTree) -> bpy.types.Node | None:
    """Add the group to the scene's compositing, if it composites and has no such node."""
    tree = compositing_tree(scene)
    if tree is None:
        return None
    for node in tree.nodes:
        if node.bl_idname == "CompositorNodeGroup" and node.node_tree == group:
            return node
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = group
    return node


def _presets(light: Light) -> dict[str, object]:
    strength = max(light.sun_colour)
    sun = np.array(light.sun_colour) / strength if strength > 0 else np.ones(3)
    return {
        **dict(zip(SUN_AXES, light.sun_direction, strict=True)),
        "Sun Color": (*sun, 1.0),
        "Sun Strength": strength,
        "Ambient Color": (*facing_average(np.array(light.ambient)), 1.0),
    }


def _built(tree: bpy.types.NodeTree) -> bpy.types.NodeTree:
    tree[VERSION_KEY] = VERSION
    _add_sockets(tree)
    wiring = Wiring(tree)
    source = wiring.add("NodeGroupInput").outputs
    *albedo, alpha = _channels(wiring, source["Image"])
    cosine = _cosine(wiring, _channels(wiring, source["Normal"]), [source[a] for a in SUN_AXES])
    sun = wiring.math("MULTIPLY", cosine, source["Sun Strength"])
    lights = zip(
        albedo,
        _channels(wiring, source["Sun Color"]),
        _channels(wiring, source["Ambient Color"]),
        strict=False,
    )
    shaded = [
        wiring.math("MULTIPLY", wiring.math("MULTIPLY_ADD", sun, color, ambient), paint)
        for paint, color, ambient in lights
    ]
    joined = wiring.add("CompositorNodeCombineColor")
    wiring.link(
        joined, **dict(zip(("Red", "Green", "Blue", "Alpha"), (*shaded, alpha), strict=True))
    )
    tree.links.new(joined.outputs["Image"], wiring.add("NodeGroupOutput").inputs[0])
    return tree


def _add_sockets(tree: bpy.types.NodeTree) -> None:
    new = tree.interface.new_socket
    new("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    new("Image", in_out="INPUT", socket_type="NodeSocketColor").description = "The albedo"
    normal = new("Normal", in_out="INPUT", socket_type="NodeSocketColor")
    normal.description, normal.default_value = "The normal map", (0.5, 0.5, 1.0, 1.0)
    for axis in SUN_AXES:
        socket = new(axis, in_out="INPUT", socket_type="NodeSocketFloat")
        socket.description = "Direction toward the sun: x right, y up, z toward the viewer"
    for name in ("Sun Color", "Ambient Color"):
        new(name, in_out="INPUT", socket_type="NodeSocketColor")
    new("Sun Strength", in_out="INPUT", socket_type="NodeSocketFloat").min_value = 0.0


def _channels(wiring: Wiring, color: Socket) -> list[Socket]:
    node = wiring.link(wiring.add("CompositorNodeSeparateColor"), Image=color)
    return list(node.outputs)


def _cosine(wiring: Wiring, encoded: list[Socket], toward: list[Socket]) -> Socket:
    """Return max(0, n·l), with n = 2c − 1 out of the normal map."""
    total: Socket | float = 0.0
    for color, axis in zip(encoded, toward, strict=False):
        normal = wiring.math("MULTIPLY_ADD", color, 2.0, -1.0)
        total = wiring.math("MULTIPLY_ADD", normal, axis, total)
    return wiring.math("MAXIMUM", total, 0.0)
