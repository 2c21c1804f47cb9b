# SPDX-License-Identifier: GPL-3.0-or-later
"""How things stand: the work, the installation, the backend, each with the button that ends it."""

import bpy

from . import install, session
from .live_view import progress_text
from .translations import translated


def draw_progress(layout: bpy.types.UILayout) -> None:
    """Show how far the running work is, and the button that ends it."""
    now = session.current
    column = layout.column(align=True)
    column.progress(factor=now.fraction, text=progress_text(now))
    column.operator("clone.cancel", icon="X")


def draw_installation(layout: bpy.types.UILayout) -> None:
    """Show how far the installation is, what it says, and the button that ends it."""
    now = install.current.state
    if now is None:
        return
    column = layout.column(align=True)
    column.progress(factor=now.fraction, text=now.stage)
    column.operator("clone.cancel_install", icon="X")
    column.label(text=now.line, translate=False)


def draw_backend(layout: bpy.types.UILayout) -> None:
    """Show how the backend is, with the button that changes it."""
    now = session.current
    row = layout.split(factor=0.75)
    if now.connected and now.welcome is not None:
        device = now.welcome.device.partition(",")[0]  # all of it does not fit
        known = translated(f"Backend: {device}") if device else translated("Backend: Starting")
        row.label(text=known, icon="LINKED")
        visiting = now.place is not None and now.place.key is not None
        row.operator("clone.stop_backend", text="Disconnect" if visiting else "Stop")
    elif now.phase in {"starting", "connecting"}:
        row.label(text="Backend: Starting", icon="SORTTIME")
    elif now.trouble is None or now.trouble.repair != "start":  # then the box has the button
        row.label(text="Backend: Off", icon="UNLINKED")
        row.operator("clone.start_backend", text="Start")
