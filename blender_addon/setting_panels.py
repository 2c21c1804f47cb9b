# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panels about an estimate: where the picture comes from, how, and what is made."""

from typing import ClassVar

import bpy

from . import preset_menu, prior_field
from .hint_operators import IMAGE_OT_clone_paint_hints
from .subpanel import SubPanel


class SourcePanel(SubPanel):
    """Where the picture comes from, and what was painted over it."""

    bl_label = "Source"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the source, its encoding and the hints."""
        layout, chosen = self.rows(), context.scene.clone_normals
        layout.prop(chosen, "source")
        layout.prop(chosen, "encoding")
        row, paint = layout.row(align=True), IMAGE_OT_clone_paint_hints.bl_idname
        row.operator(paint, text="Paint Flat", icon="BRUSH_DATA").hint = "FLAT"
        row.operator(paint, text="Paint Ignore", icon="BRUSH_DATA").hint = "IGNORE"
        row.operator("image.clone_clear_hints", text="", icon="X")


class SettingsPanel(SubPanel):
    """What can be chosen, with defaults that need no choice."""

    bl_label = "Settings"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Show Blender's menu of presets."""
        preset_menu.draw_menu(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Show the scene's settings."""
        layout, chosen = self.rows(), context.scene.clone_normals
        layout.prop(chosen, "projection")
        if chosen.projection == "FOV":
            layout.prop(chosen, "fov")
        elif chosen.projection == "FLAT":
            layout.prop(chosen, "seamless")
        layout.prop(chosen, "light_from")
        layout.prop(chosen, "mask")
        layout.prop(chosen, "refine")


class ResultsPanel(SubPanel):
    """Everything that the next estimate makes besides the normal map."""

    bl_label = "Results"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the images, then what goes into the scene."""
        layout, scene = self.rows(), context.scene
        column = layout.column(heading="Maps", align=True)
        for name in ("albedo", "height", "occlusion", "curvature", "depth", "confidence"):
            column.prop(scene.clone_textures, name)
        column = layout.column(heading="Scene", align=True)
        for name in ("card", "mesh", "gaussians", "sun", "world", "compare"):
            column.prop(scene.clone_normals, f"add_{name}")
        if scene.clone_normals.add_mesh:
            layout.prop(scene.clone_normals, "mesh_side")


class AdvancedPanel(SubPanel):
    """What hardly anybody has to choose."""

    bl_label = "Advanced"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the scene's settings behind the presets."""
        layout, chosen = self.rows(), context.scene.clone_normals
        layout.prop(chosen, "start")
        layout.prop(chosen, "prior")
        prior_field.draw_named(layout, context, chosen.prior.strip())
        layout.prop(chosen, "size")
        layout.prop(chosen, "steps")
