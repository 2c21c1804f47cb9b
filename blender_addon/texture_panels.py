# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panels about maps: how they are shaped, and what they do to the active object."""

from typing import ClassVar

import bpy

from .subpanel import SubPanel


class TexturesPanel(SubPanel):
    """The sliders of the maps, and the button that applies them."""

    bl_label = "Textures"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show how the normal map is shaped, then the height map, then all of them."""
        layout, chosen = self.rows(), context.scene.clone_textures
        column = layout.column(align=True)
        column.prop(chosen, "strength")
        column.prop(chosen, "detail", slider=True)
        column.prop(chosen, "shape", slider=True)
        layout.prop(chosen, "level")
        layout.prop(chosen, "space")
        layout.prop(chosen, "convention")
        column = layout.column(align=True)
        column.active = chosen.height
        column.prop(chosen, "height_scale")
        column.prop(chosen, "height_middle")
        row = layout.row()
        row.active = chosen.curvature
        row.prop(chosen, "curvature_scale")
        layout.prop(chosen, "padding")
        layout.operator("image.clone_apply", icon="FILE_REFRESH")


class ObjectPanel(SubPanel):
    """What maps do to the active object."""

    bl_label = "On the Object"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show wiring and baking."""
        layout, chosen = self.rows(), context.scene.clone_textures
        layout.prop(chosen, "wire")
        layout.prop(chosen, "wire_occlusion")
        layout.operator("image.clone_wire_material", icon="NODETREE")
        layout.separator()
        layout.prop(chosen, "bake_size")
        layout.operator("image.clone_bake_normals", icon="RENDER_STILL")
