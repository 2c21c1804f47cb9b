# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels about the picture: where it comes from, hints on it, sequences; the Shader Editor."""

import bpy

from . import hint_operators, panels, sequence_operator, sources
from .images import UnusableImage


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


class SequencePanel(panels.ClonePanel):
    """Every frame of an image sequence, into files."""

    bl_label = "Sequence"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show it for image sequences, and while one is on its way."""
        try:
            is_sequence = sources.find(context).image.source == "SEQUENCE"
        except UnusableImage:
            is_sequence = False
        return is_sequence or sequence_operator.running() is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Show where the files go, and the button or how far it is."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        chosen = context.scene.clone_normals
        layout.prop(chosen, "sequence_folder", placeholder="Beside the frames")
        layout.prop(chosen, "steadiness")
        run = sequence_operator.running()
        if run is None:
            layout.operator("image.clone_estimate_sequence", icon="SEQUENCE")
        else:
            layout.progress(factor=run.fraction, text=run_text(run))


def run_text(run: sequence_operator.Run) -> str:
    """Return frame and time left as one short line."""
    frame = f"Frame {min(run.done + 1, run.total)} of {run.total}"
    left = run.seconds_left
    if left < 0.0:
        return frame
    return f"{frame}, {left / 60:.0f} min left" if left > 90.0 else f"{frame}, {left:.0f} s left"


class IMAGE_PT_clone_normals_source(SourcePanel, bpy.types.Panel):
    """The source in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class IMAGE_PT_clone_normals_sequence(SequencePanel, bpy.types.Panel):
    """Sequences in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class VIEW3D_PT_clone_normals_source(SourcePanel, bpy.types.Panel):
    """The source in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals"


class VIEW3D_PT_clone_normals_sequence(SequencePanel, bpy.types.Panel):
    """Sequences in the 3D View."""

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
    IMAGE_PT_clone_normals_sequence,
    VIEW3D_PT_clone_normals_source,
    VIEW3D_PT_clone_normals_sequence,
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
