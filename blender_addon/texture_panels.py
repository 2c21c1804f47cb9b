# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the artist shapes, chooses, wires and bakes the maps, in both editors."""

from typing import ClassVar

import bpy

from .panels import ClonePanel


class TexturesPanel(ClonePanel):
    """The normal map's sliders, and the button that applies them."""

    bl_label = "Textures"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show how the normal map is shaped."""
        layout, chosen = _layout(self.layout), context.scene.clone_textures
        column = layout.column(align=True)
        column.prop(chosen, "strength")
        column.prop(chosen, "detail", slider=True)
        column.prop(chosen, "shape", slider=True)
        layout.prop(chosen, "level")
        layout.prop(chosen, "space")
        layout.prop(chosen, "convention")
        layout.prop(chosen, "padding")
        layout.operator("image.clone_apply", icon="FILE_REFRESH")


class MapsPanel(ClonePanel):
    """Which maps are made."""

    bl_label = "Maps"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the toggles, and what the height is measured in."""
        layout, chosen = _layout(self.layout), context.scene.clone_textures
        column = layout.column(heading="Make", align=True)
        for name in ("albedo", "height", "occlusion", "depth", "confidence"):
            column.prop(chosen, name)
        column = layout.column(align=True)
        column.active = chosen.height
        column.prop(chosen, "height_scale", text="Height Scale")
        column.prop(chosen, "height_middle")


class ObjectPanel(ClonePanel):
    """What maps do to the active object."""

    bl_label = "On the Object"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show wiring and baking."""
        layout, chosen = _layout(self.layout), context.scene.clone_textures
        layout.prop(chosen, "wire", text="Wire after Estimate")
        layout.prop(chosen, "wire_occlusion")
        layout.operator("image.clone_wire_material", icon="NODETREE")
        layout.separator()
        layout.prop(chosen, "bake_size")
        layout.operator("image.clone_bake_normals", icon="RENDER_STILL")


def _layout(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    layout.use_property_split = True
    layout.use_property_decorate = False
    return layout


class IMAGE_PT_clone_textures(TexturesPanel, bpy.types.Panel):
    """The sliders in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class VIEW3D_PT_clone_textures(TexturesPanel, bpy.types.Panel):
    """The sliders in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals"


class IMAGE_PT_clone_maps(MapsPanel, bpy.types.Panel):
    """The maps in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_textures"


class VIEW3D_PT_clone_maps(MapsPanel, bpy.types.Panel):
    """The maps in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_textures"


class IMAGE_PT_clone_object(ObjectPanel, bpy.types.Panel):
    """The object in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_textures"


class VIEW3D_PT_clone_object(ObjectPanel, bpy.types.Panel):
    """The object in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_textures"


CLASSES = (
    IMAGE_PT_clone_textures,
    VIEW3D_PT_clone_textures,
    IMAGE_PT_clone_maps,
    VIEW3D_PT_clone_maps,
    IMAGE_PT_clone_object,
    VIEW3D_PT_clone_object,
)


def register() -> None:
    """Add the panels."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Remove the panels."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
