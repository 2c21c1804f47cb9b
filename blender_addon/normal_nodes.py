# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes that read a normal map: green is turned over on the way where the map is DirectX's."""

import bpy

from .shaping import Convention

NORMAL, GREEN, NORMAL_MAP = "CLONE Normal", "CLONE Green", "CLONE Normal Map"
KEY = "clone_convention"
"""Property of a normal map's image; one without it is OpenGL's."""


def mark(image: bpy.types.Image, convention: Convention) -> None:
    """Remember an image's convention, and see to it that every material reads it that way."""
    image[KEY] = convention
    for material in bpy.data.materials:
        tree = material.node_tree
        node = tree.nodes.get(NORMAL) if tree is not None else None
        if node is not None and node.type == "TEX_IMAGE" and node.image == image:
            orient(tree)


def convention_of(image: bpy.types.Image) -> Convention:
    """Return which way an image's green points."""
    return "DIRECTX" if image.get(KEY) == "DIRECTX" else "OPENGL"


def orient(tree: bpy.types.NodeTree) -> None:
    """Put the node that turns green over between map and Normal Map, or take it out."""
    texture, turned = tree.nodes[NORMAL], tree.nodes.get(GREEN)
    wanted = texture.image is not None and convention_of(texture.image) == "DIRECTX"
    if wanted and turned is None:
        turned = _new_green(tree)
        turned.location = (texture.location.x + 150, texture.location.y - 300)
        _move(tree, texture.outputs["Color"], turned.outputs["Vector"])
        tree.links.new(texture.outputs["Color"], turned.inputs[0])
    elif not wanted and turned is not None:
        _move(tree, turned.outputs["Vector"], texture.outputs["Color"])
        tree.nodes.remove(turned)


def _new_green(tree: bpy.types.NodeTree) -> bpy.types.Node:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.name = node.label = GREEN
    node.operation = "MULTIPLY_ADD"
    node.inputs[1].default_value, node.inputs[2].default_value = (1, -1, 1), (0, 1, 0)
    return node


def _move(tree: bpy.types.NodeTree, old: bpy.types.NodeSocket, new: bpy.types.NodeSocket) -> None:
    """Take the links to Normal Map nodes from one output to another."""
    for link in list(old.links):
        if link.to_node.type == "NORMAL_MAP":
            tree.links.new(new, link.to_socket)
