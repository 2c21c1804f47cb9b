# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel with the button: the picture, how long it takes, what came of it."""

import bpy

from . import images, install, lineage, live_view, presets, session, sources, timings
from .shared.messages import Report
from .status_view import draw_backend, draw_installation, draw_progress
from .translations import translated
from .trouble_view import draw_text, draw_trouble

PREVIEW_SCALE = 6.0


class EstimatePanel:
    """The button, and what came of it."""

    layout: bpy.types.UILayout
    bl_label = "CLONE Normals"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Leave the editors of other nodes than shaders alone, with all that is in this panel."""
        return context.space_data.type != "NODE_EDITOR" or sources.in_shader_editor(context)

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
            draw_result(layout, context, sources.name_of(source, context.scene))
        draw_backend(layout)


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


def draw_result(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """Show the normal map, and what the last run found, if it was of this picture."""
    normal = bpy.data.images.get((images.result_name(name, "_normal"), None))
    if normal is None:
        return
    box = layout.box()
    box.label(text=normal.name, icon="CHECKMARK")
    draw_preview(box, normal)
    if session.current.summary and images.same_results(session.current.summary[0], name):
        draw_text(box, context, "\n".join(report_lines(session.current.summary[1])))


def report_lines(report: Report) -> tuple[str, ...]:
    """Return what was found, in a few short lines."""
    seconds = timings.seconds_of(report)
    found = translated(f"{report.gaussians:,} Gaussians in {seconds:.0f} s")
    light = translated("Light found" if report.light.determined else "The light cannot be told")
    error = f"Error {report.residual_before:.3f} to {report.residual_after:.3f}"
    refined = (translated(error),) if report.steps else ()
    return found, *refined, light, *map(translated, report.notes)
