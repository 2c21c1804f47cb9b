# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees: the tab "CLONE Normals" in the Image Editor and the 3D View."""

import textwrap
from typing import ClassVar

import bpy

from . import (
    images,
    install,
    lineage,
    live_view,
    preset_menu,
    presets,
    session,
    sources,
    timings,
)
from .live_view import progress_text
from .shared.messages import Report
from .translations import translated
from .trouble import Trouble

PREVIEW_SCALE = 6.0
CHARACTER_PIXELS = 6.6
"""Rough width of a letter at a resolution scale of 1; panels cannot wrap text by themselves."""


class ClonePanel:
    """Where both panels are found."""

    layout: bpy.types.UILayout
    bl_region_type = "UI"
    bl_category = "CLONE Normals"


class EstimatePanel(ClonePanel):
    """The button, and what came of it."""

    bl_label = "CLONE Normals"

    def draw(self, context: bpy.types.Context) -> None:
        """Show source, button or progress, trouble, result and backend."""
        layout = self.layout
        source = draw_source(layout, context)
        if install.current.state is not None:
            draw_installation(layout)
        if session.current.busy:
            draw_progress(layout)
        else:
            draw_presets(layout, context, source.image if source else None)
            row = layout.row()
            row.scale_y = 1.8
            row.operator("image.clone_estimate_normals", icon="NORMALS_FACE")
        draw_trouble(layout, context)
        if source is not None and not session.current.busy:
            draw_result(layout, sources.name_of(source, context.scene))
        draw_backend(layout)


class SettingsPanel(ClonePanel):
    """What can be chosen, with defaults that need no choice."""

    bl_label = "Settings"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Show Blender's menu of presets."""
        preset_menu.draw_menu(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Show the scene's settings."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        chosen = context.scene.clone_normals
        layout.prop(chosen, "projection")
        if chosen.projection == "FOV":
            layout.prop(chosen, "fov")
        layout.prop(chosen, "mask")
        layout.prop(chosen, "refine")
        column = layout.column(heading="Add", align=True)
        column.prop(chosen, "add_card")
        column.prop(chosen, "add_gaussians")
        column.prop(chosen, "add_sun")


class AdvancedPanel(ClonePanel):
    """What hardly anybody has to choose."""

    bl_label = "Advanced"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the scene's settings behind the presets."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        chosen = context.scene.clone_normals
        layout.prop(chosen, "start")
        layout.prop(chosen, "size")
        layout.prop(chosen, "steps")


class IMAGE_PT_clone_normals(EstimatePanel, bpy.types.Panel):
    """The panel in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"


class VIEW3D_PT_clone_normals(EstimatePanel, bpy.types.Panel):
    """The panel in the 3D View."""

    bl_space_type = "VIEW_3D"


class IMAGE_PT_clone_normals_settings(SettingsPanel, bpy.types.Panel):
    """The settings in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals"


class VIEW3D_PT_clone_normals_settings(SettingsPanel, bpy.types.Panel):
    """The settings in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals"


class IMAGE_PT_clone_normals_advanced(AdvancedPanel, bpy.types.Panel):
    """The rarely needed settings in the Image Editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "IMAGE_PT_clone_normals_settings"


class VIEW3D_PT_clone_normals_advanced(AdvancedPanel, bpy.types.Panel):
    """The rarely needed settings in the 3D View."""

    bl_space_type = "VIEW_3D"
    bl_parent_id = "VIEW3D_PT_clone_normals_settings"


def draw_source(layout: bpy.types.UILayout, context: bpy.types.Context) -> sources.Source | None:
    """Show which picture is taken, with its preview, or why there is none."""
    chosen = context.scene.clone_normals
    if chosen.source == "SHOWN" and context.space_data.type == "VIEW_3D":
        layout.template_ID(chosen, "image", open="image.open")
    try:
        source = sources.find(context)
    except images.UnusableImage as error:
        draw_text(layout, context, translated(str(error)))
        return None
    if context.space_data.type != "VIEW_3D" or chosen.source != "SHOWN":
        layout.label(text=source.image.name, icon="IMAGE_DATA", translate=False)
    so_far = live_view.current.image()
    if lineage.picture_of(so_far) == source.image:
        draw_preview(layout, so_far)
    elif source.image.type not in {"RENDER_RESULT", "COMPOSITING"}:
        draw_preview(layout, source.image)
    return source


def draw_presets(
    layout: bpy.types.UILayout, context: bpy.types.Context, image: bpy.types.Image | None
) -> None:
    """Show the presets, and how long an estimate took here that was alike."""
    column = layout.column(align=True)
    row = column.row(align=True)
    for identifier in presets.SIZES:
        row.prop_enum(context.scene.clone_normals, "preset", identifier)
    welcome = session.current.welcome
    seconds = image and timings.expected_seconds(context, image, welcome.device if welcome else "")
    if seconds:
        column.label(text=translated(f"About {max(seconds, 1.0):.0f} s on this machine"))


def draw_preview(layout: bpy.types.UILayout, image: bpy.types.Image) -> None:
    """Show a small picture of an image."""
    layout.template_icon(image.preview_ensure().icon_id, scale=PREVIEW_SCALE)


def draw_progress(layout: bpy.types.UILayout) -> None:
    """Show how far the running work is, and the button that ends it."""
    now = session.current
    column = layout.column(align=True)
    column.progress(factor=now.fraction, text=progress_text(now))
    column.operator("clone.cancel", icon="X")


def draw_trouble(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Show what went wrong, with the button that repairs it."""
    trouble = session.current.trouble
    if trouble is None:
        return
    box = layout.box()
    heading = box.row()
    heading.alert = True
    heading.label(text="Not Estimated" if trouble.repair == "" else "Backend", icon="ERROR")
    heading.operator("clone.dismiss", text="", icon="X", emboss=False)
    draw_text(box, context, trouble_text(trouble))
    draw_repair(box, trouble)


def draw_repair(box: bpy.types.UILayout, trouble: Trouble) -> None:
    """Show the buttons that repair what went wrong."""
    if trouble.repair == "start":
        box.operator("clone.start_backend", icon="PLAY")
    elif trouble.repair == "online":
        draw_online(box)
    elif trouble.repair == "install":
        again = "Try Again" if trouble.log else "Install Backend"
        box.operator("clone.install_backend", text=again, icon="IMPORT")
    elif trouble.repair == "python":
        box.operator("clone.use_python", text="Use Existing Python…", icon="FILE_SCRIPT")
        box.operator("clone.install_backend", icon="IMPORT")
    if trouble.repair in {"preferences", "online", "install"}:
        button = box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES")
        button.module = __package__
    if trouble.log is not None and trouble.log.is_file():
        box.operator("wm.path_open", text="Show Log", icon="TEXT").filepath = str(trouble.log)


def draw_online(layout: bpy.types.UILayout) -> None:
    """Show the button that opens the preference which lets Blender go online."""
    button = layout.operator("screen.userpref_show", text="Allow Online Access…", icon="INTERNET")
    button.section = "SYSTEM"


def draw_installation(layout: bpy.types.UILayout) -> None:
    """Show how far the installation is, what it says, and the button that ends it."""
    now = install.current.state
    if now is None:
        return
    column = layout.column(align=True)
    column.progress(factor=now.fraction, text=now.stage)
    column.operator("clone.cancel_install", icon="X")
    column.label(text=now.line)


def trouble_text(trouble: Trouble) -> str:
    """Return what went wrong and what to do next, in the artist's language."""
    return f"{translated(trouble.message)} {translated(trouble.advice)}".strip()


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str) -> None:
    """Show text of any length, wrapped to the region."""
    pixels = CHARACTER_PIXELS * context.preferences.system.ui_scale
    width = max(20, int(context.region.width / pixels) - 6)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for paragraph in text.splitlines():
        for line in textwrap.wrap(paragraph, width):
            column.label(text=line)


def draw_result(layout: bpy.types.UILayout, name: str) -> None:
    """Show the normal map, and what the last run found, if it was of this picture."""
    normal = bpy.data.images.get((images.result_name(name, "_normal"), None))
    if normal is None:
        return
    box = layout.box()
    box.label(text=normal.name, icon="CHECKMARK")
    draw_preview(box, normal)
    if session.current.summary and session.current.summary[0] == name:
        column = box.column(align=True)
        column.scale_y = 0.8
        for line in report_lines(session.current.summary[1]):
            column.label(text=line)


def report_lines(report: Report) -> tuple[str, ...]:
    """Return what was found, in a few short lines."""
    seconds = timings.seconds_of(report)
    found = translated(f"{report.gaussians:,} Gaussians in {seconds:.0f} s")
    light = translated("Light found" if report.light.determined else "The light cannot be told")
    error = f"Error {report.residual_before:.3f} to {report.residual_after:.3f}"
    refined = (translated(error),) if report.steps else ()
    return found, *refined, light, *report.notes


def draw_backend(layout: bpy.types.UILayout) -> None:
    """Show how the backend is, with the button that changes it."""
    now = session.current
    row = layout.split(factor=0.65)
    if now.connected and now.welcome is not None:
        row.label(text=translated(f"Backend: {now.welcome.device}"), icon="LINKED")
        row.operator("clone.stop_backend", text="Stop")
    elif now.phase in {"starting", "connecting"}:
        row.label(text="Backend: Starting", icon="SORTTIME")
    elif now.trouble is None or now.trouble.repair != "start":  # then the box has the button
        row.label(text="Backend: Off", icon="UNLINKED")
        row.operator("clone.start_backend", text="Start")


CLASSES = (
    IMAGE_PT_clone_normals,
    VIEW3D_PT_clone_normals,
    IMAGE_PT_clone_normals_settings,
    VIEW3D_PT_clone_normals_settings,
    IMAGE_PT_clone_normals_advanced,
    VIEW3D_PT_clone_normals_advanced,
)


def register() -> None:
    """Add the panels."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Remove the panels."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
