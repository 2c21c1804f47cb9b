# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panel of image sequences."""

import bpy

from . import farm_operators, preferences, sequence_operator, sources
from .images import UnusableImage
from .subpanel import SubPanel
from .translations import translated


class SequencePanel(SubPanel):
    """Every frame of an image sequence, into files."""

    bl_label = "Sequence"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show it for image sequences and movies, and while one is on its way."""
        try:
            is_sequence = sources.has_frames(sources.find(context).image)
        except UnusableImage:
            is_sequence = False
        return is_sequence or sequence_operator.running() is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Show where the files go, and the button or how far it is."""
        layout, chosen = self.rows(), context.scene.clone_normals
        layout.prop(chosen, "sequence_folder", placeholder="Beside the frames")
        layout.prop(chosen, "steadiness")
        run = sequence_operator.running()
        if run is None:
            layout.operator("image.clone_estimate_sequence", icon="SEQUENCE")
            draw_farm(layout, context)
        else:
            layout.progress(factor=run.fraction, text=run_text(run))


def draw_farm(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Show the button for a farm where there is one, and what became of the last job."""
    if not preferences.own(context).farm:
        return
    row = layout.row(align=True)
    row.operator("image.clone_submit_to_farm", icon="NETWORK_DRIVE")
    if farm_operators.sending():
        row.operator("image.clone_cancel_submit", text="", icon="X")
    if farm_operators.told():
        layout.label(text=farm_operators.told(), icon="CHECKMARK")


def run_text(run: sequence_operator.Run) -> str:
    """Return frame and time left as one short line."""
    frame = translated(f"Frame {min(run.done + 1, run.total)} of {run.total}")
    left = run.seconds_left
    if left < 0.0:
        return frame
    time = f"{left / 60:.0f} min left" if left > 90.0 else f"{left:.0f} s left"
    return f"{frame}, {translated(time)}"
