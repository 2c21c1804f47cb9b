# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panel "Gaussians and Light" of both editors."""

from typing import ClassVar

import bpy

from . import compare, images, points
from .gaussian_nodes import SHARED_NAME, inputs_of
from .panels import ClonePanel


class SpacePanel(ClonePanel):
    """What goes into the scene besides the normal map, and what can be done with it."""

    bl_label = "Gaussians and Light"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show what the next estimate adds, and the controls of what the last one added."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        draw_additions(layout, context.scene.clone_normals)
        draw_gaussians(layout, context)
        draw_light(layout, context.scene.clone_normals)


class IMAGE_PT_clone_normals_space(SpacePanel, bpy.types.Panel):
    """The sub-panel in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class VIEW3D_PT_clone_normals_space(SpacePanel, bpy.types.Panel):
    """The sub-panel in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals"


def draw_additions(layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
    """Show what else the next estimate may add."""
    column = layout.column(heading="Add", align=True)
    column.prop(chosen, "add_mesh")
    column.prop(chosen, "add_world")
    column.prop(chosen, "add_compare")
    if chosen.add_mesh:
        layout.prop(chosen, "mesh_side")


def draw_gaussians(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Show how a cloud is displayed, and the ways to other programs."""
    modifier = modifier_shown(context)
    column = layout.column()
    if modifier is not None:
        column.label(text=modifier.id_data.name, icon="OUTLINER_OB_POINTCLOUD")
        for name, identifier in inputs_of(modifier):
            column.prop(modifier, f'["{identifier}"]', text=name)
    column = layout.column(align=True)
    column.operator("object.clone_convert_point_cloud")
    column.operator("import_scene.clone_3dgs_ply", icon="IMPORT")
    column.operator("object.clone_export_ply", icon="EXPORT")


def draw_light(layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
    """Show what there is to do with the last estimate's pictures and light."""
    column = layout.column(align=True)
    column.operator("image.clone_compare")
    row = column.row()
    row.enabled = compare.kept() is not None
    row.prop(chosen, "compare_split", slider=True)
    layout.operator("node.clone_relight_group")


def modifier_shown(context: bpy.types.Context) -> bpy.types.NodesModifier | None:
    """Return what shows the active cloud, else that of the panel's image."""
    shown = getattr(context.space_data, "image", None) or context.scene.clone_normals.image
    name = images.result_name(shown.name, "_gaussians") if shown is not None else ""
    for thing in (context.active_object, bpy.data.objects.get((name, None))):
        if points.holds_gaussians(thing):
            modifier = thing.modifiers.get(SHARED_NAME)
            if modifier is not None and modifier.node_group is not None:
                return modifier
    return None


CLASSES = (IMAGE_PT_clone_normals_space, VIEW3D_PT_clone_normals_space)


def register() -> None:
    """Add the panels."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Remove the panels."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
