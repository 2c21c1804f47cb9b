# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panel "Gaussians and Light"."""

from typing import ClassVar

import bpy

from . import compare, compat, showing
from .gaussian_nodes import SHARED_NAME, inputs_of
from .subpanel import SubPanel


class SpacePanel(SubPanel):
    """What can be done with what the last estimate found."""

    bl_label = "Gaussians and Light"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the controls of a cloud, and of the last estimate's pictures and light."""
        layout = self.rows()
        draw_gaussians(layout, context)
        draw_light(layout, context.scene.clone_normals)


def draw_gaussians(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Show how a cloud is displayed, and the ways to other programs."""
    thing = showing.cloud_shown(context)
    column = layout.column()
    if compat.SPLATS:
        column.prop(context.scene.clone_normals, "show_as")
    if thing is not None:
        column.label(text=thing.name, icon="OUTLINER_OB_POINTCLOUD", translate=False)
    modifier = thing and thing.modifiers.get(SHARED_NAME)
    if modifier and modifier.node_group is not None:
        for name, identifier in inputs_of(modifier):
            column.prop(*compat.modifier_input(modifier, identifier), text=name)
    column = layout.column(align=True)
    column.operator("object.clone_convert_point_cloud")
    column.operator("import_scene.clone_3dgs_ply", icon="IMPORT")
    for operator in ("ply", "spz", "glb"):
        column.operator(f"object.clone_export_{operator}", icon="EXPORT")


def draw_light(layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
    """Show what there is to do with the last estimate's pictures and light."""
    column = layout.column(align=True)
    column.operator("image.clone_compare")
    row = column.row()
    row.enabled = compare.kept() is not None
    row.prop(chosen, "compare_split", slider=True)
    layout.operator("node.clone_relight_group")
