# SPDX-License-Identifier: GPL-3.0-or-later
"""What must happen when another file is loaded, and when Blender or the add-on ends."""

import atexit

import bpy
from bpy.app.handlers import persistent

from . import compare, operators, session


@persistent
def drop_running_task(*_: object) -> None:
    """Drop the running task: its image goes away with the file."""
    operators.stop_timers()
    session.current.forget()
    compare.forget()


def register() -> None:
    """Watch for file loads and for the end."""
    bpy.app.handlers.load_pre.append(drop_running_task)
    atexit.register(session.current.close)


def unregister() -> None:
    """Stop watching, and leave nothing running."""
    atexit.unregister(session.current.close)
    bpy.app.handlers.load_pre.remove(drop_running_task)
    operators.stop_timers()
    session.current.forget()
    compare.forget()
    session.current.close()
