# SPDX-License-Identifier: GPL-3.0-or-later
"""Node trees from Python, in the words that all versions of Blender share."""

from keyword import iskeyword
from typing import TypeAlias

import bpy

from .compat import math_node

Socket: TypeAlias = bpy.types.NodeSocket


def enabled_output(node: bpy.types.Node) -> Socket:
    """Return the output that a node has for the type it is set to; others may be hidden."""
    return next(socket for socket in node.outputs if socket.enabled)


class Wiring:
    """Adds nodes to a tree, each linked to what feeds it; by types and identifiers alone."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree, self._math = tree, math_node(tree)

    def add(self, kind: str, **settings: object) -> bpy.types.Node:
        """Add a node with those properties, right of the one before."""
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        place = len(self.tree.nodes)
        node.location = (190 * (place // 4), -190 * (place % 4))
        return node

    def link(self, node: bpy.types.Node, **sources: Socket) -> bpy.types.Node:
        """Link sources to a node's inputs, by identifier with its spaces left out.

        Python keeps some words for itself: ``True_`` means the input True.
        """
        for socket in node.inputs:
            name = socket.identifier.replace(" ", "")
            source = sources.pop(f"{name}_" if iskeyword(name) else name, None)
            if source is not None:
                self.tree.links.new(source, socket)
        assert not sources, sources
        return node

    def attribute(self, name: str, kind: str) -> Socket:
        """Read a point attribute."""
        node = self.add("GeometryNodeInputNamedAttribute", data_type=kind)
        node.inputs["Name"].default_value = name
        return node.outputs["Attribute"]

    def math(self, operation: str, *values: Socket | float) -> Socket:
        """Compute with numbers."""
        node = self.add(self._math, operation=operation)
        for socket, value in zip(node.inputs, values, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs["Value"]

    def scaled(self, vector: Socket, factor: Socket) -> Socket:
        """Scale a vector."""
        node = self.add("ShaderNodeVectorMath", operation="SCALE")
        return self.link(node, Vector=vector, Scale=factor).outputs["Vector"]
