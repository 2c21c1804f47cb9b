# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Image Texture node of a material is meant."""

import bpy

from .images import UnusableImage


def tree_of(item: bpy.types.Object) -> bpy.types.NodeTree:
    """Return the nodes of an object's active material.

    Raises:
        UnusableImage: when it has none.
    """
    material = item.active_material
    if material is None or material.node_tree is None:
        raise UnusableImage(
            f"The object “{item.name}” has no material with nodes. Add a material with an Image "
            "Texture, or choose another source."
        )
    return material.node_tree


def selected(tree: bpy.types.NodeTree) -> bpy.types.ShaderNodeTexImage:
    """Return the active Image Texture node, else one that is selected.

    Raises:
        UnusableImage: when none is, or it has no image.
    """
    nodes = [tree.nodes.active, *(node for node in tree.nodes if node.select)]
    for node in nodes:
        if node is not None and node.type == "TEX_IMAGE":
            if node.image is None:
                raise UnusableImage(
                    f"The Image Texture node “{node.label or node.name}” has no image. Open one in "
                    "it, or select another."
                )
            return node
    raise UnusableImage("Select an Image Texture node in the Shader Editor.")


def of_object(item: bpy.types.Object) -> bpy.types.ShaderNodeTexImage:
    """Return the texture of an object's base color, else its active or only texture.

    Raises:
        UnusableImage: when there is none, or more than one and none of them is active.
    """
    tree = tree_of(item)
    for node in tree.nodes:
        if node.type == "BSDF_PRINCIPLED":
            texture = _feeding(node.inputs["Base Color"], set())
            if texture is not None:
                return texture
    found = [node for node in tree.nodes if _has_image(node)]
    if tree.nodes.active in found:
        return tree.nodes.active
    if len(found) == 1:
        return found[0]
    if found:
        raise UnusableImage(
            f"The material of “{item.name}” has {len(found)} textures and none feeds its base "
            "color. Select the Image Texture node that is meant in the Shader Editor."
        )
    raise UnusableImage(
        f"The material of “{item.name}” has no Image Texture node with an image. Add one, or "
        "choose another source."
    )


def _feeding(socket: bpy.types.NodeSocket, passed: set[str]) -> bpy.types.ShaderNodeTexImage | None:
    """Return the first texture upstream of a socket; ``passed`` are names of nodes behind us."""
    for link in socket.links:
        node = link.from_node
        if _has_image(node):
            return node
        if node.name not in passed:
            passed.add(node.name)
            for before in node.inputs:
                texture = _feeding(before, passed)
                if texture is not None:
                    return texture
    return None


def _has_image(node: bpy.types.Node) -> bool:
    return node.type == "TEX_IMAGE" and node.image is not None
