# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels about the picture: where it comes from, hints on it; the Shader Editor."""

import bpy

from . import hint_operators, panels, sources


class InShaderEditor:
    """What the panels of the Shader Editor share."""

    bl_space_type = "NODE_EDITOR"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Leave geometry and compositing nodes alone."""
        return sources.in_shader_editor(context)


class SourcePanel(panels.ClonePanel):
    """Where the picture comes from, and what was painted over it."""

    bl_label = "Source"
    bl_options = frozenset({"DEFAULT_CLOSED"})

    def draw(self, context: bpy.types.Context) -> None:
        """Show the source, its encoding and the hints."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        chosen = context.scene.clone_normals
        layout.prop(chosen, "source")
        layout.prop(chosen, "encoding")
        row = layout.row(align=True)
        paint = hint_operators.IMAGE_OT_clone_paint_hints.bl_idname
        row.operator(paint, text="Paint Flat", icon="BRUSH_DATA").hint = "FLAT"
        row.operator(paint, text="Paint Ignore", icon="BRUSH_DATA").hint = "IGNORE"
        row.operator("image.clone_clear_hints", text="", icon="X")


class IMAGE_PT_clone_normals_source(SourcePanel, bpy.types.Panel):
    """The source in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class VIEW3D_PT_clone_normals_source(SourcePanel, bpy.types.Panel):
    """The source in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals"


class NODE_PT_clone_normals(InShaderEditor, panels.EstimatePanel, bpy.types.Panel):
    """The panel in the Shader Editor."""


class NODE_PT_clone_normals_settings(InShaderEditor, panels.SettingsPanel, bpy.types.Panel):
    """The settings in the Shader Editor."""

    bl_parent_id = "NODE_PT_clone_normals"


class NODE_PT_clone_normals_source(InShaderEditor, SourcePanel, bpy.types.Panel):
    """The source in the Shader Editor."""

    bl_parent_id = "NODE_PT_clone_normals"


CLASSES = (
    IMAGE_PT_clone_normals_source,
    VIEW3D_PT_clone_normals_source,
    NODE_PT_clone_normals,
    NODE_PT_clone_normals_settings,
    NODE_PT_clone_normals_source,
)


def register() -> None:
    """Add the panels."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Remove the panels."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
