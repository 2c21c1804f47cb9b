# SPDX-License-Identifier: GPL-3.0-or-later
"""Every difference between the versions of Blender that the add-on supports: 4.5 to 5.3.

Each one names the version from which on it is needed no more: once Blender 4.5 and all before that
version are supported no longer, only the newer way is left.
"""

from typing import TypeVar

import bpy

Shaded = TypeVar("Shaded", bpy.types.Material, bpy.types.World)

NODES_ALWAYS = bpy.app.version >= (5, 0, 0)
"""Materials and worlds have nodes from the start; asking for them warns. Ends with 5.0."""
SHARED_COMPOSITING = bpy.app.version >= (5, 0, 0)
"""Compositing nodes are a group like any other, with the math of shaders. Ends with 5.0."""
OUTPUT_KIND: tuple[str, ...] = ("media_type",) if bpy.app.version >= (5, 0, 0) else ()
"""The setting that limits the formats of output. Ends with 5.0."""
SPLATS = bpy.app.version >= (5, 3, 0)
"""Point clouds can be Gaussians that Blender draws itself. Ends with 5.3."""


def with_nodes(data: Shaded) -> Shaded:
    """Give a new material or world its node tree. Ends with 5.0."""
    if not NODES_ALWAYS:
        data.use_nodes = True
    return data


def compositing_tree(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    """Return the nodes that composite the scene's renders, if there are any. Ends with 5.3."""
    if hasattr(scene, "compositor_effects"):
        effect = scene.compositor_effects.active
        return effect.node_group if effect else None
    if SHARED_COMPOSITING:
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def math_node(tree: bpy.types.NodeTree) -> str:
    """Return which node computes with numbers in a tree. Ends with 5.0."""
    own = tree.bl_idname == "CompositorNodeTree" and not SHARED_COMPOSITING
    return "CompositorNodeMath" if own else "ShaderNodeMath"


def save_pictures(settings: bpy.types.ImageFormatSettings) -> None:
    """Choose pictures among the kinds of output: others lack their formats. Ends with 5.0."""
    for name in OUTPUT_KIND:
        setattr(settings, name, "IMAGE")


def unified_paint(tools: bpy.types.ToolSettings) -> bpy.types.UnifiedPaintSettings:
    """Return what all brushes of an image share. Ends with 5.0."""
    paint = tools.image_paint
    holder = paint if hasattr(paint, "unified_paint_settings") else tools
    return holder.unified_paint_settings


def modifier_input(
    modifier: bpy.types.NodesModifier, identifier: str
) -> tuple[bpy.types.bpy_struct, str]:
    """Return where a modifier keeps an input of its group: a struct and a property. Ends with 5.2.

    Together they can be drawn, and read and written by ``path_resolve`` and ``setattr``.
    """
    if hasattr(modifier, "properties"):
        return getattr(modifier.properties.inputs, identifier), "value"
    return modifier, f'["{identifier}"]'
