# SPDX-License-Identifier: GPL-3.0-or-later
"""What must happen when another file is loaded, and when Blender or the add-on ends."""

import atexit
from collections.abc import Callable

import bpy
from bpy.app.handlers import persistent

from . import compare, following, live_view, session, texture_settings, waiting, whole


@persistent
def drop_running_task(*_: object) -> None:
    """Drop the running task: its image goes away with the file."""
    waiting.leave_interface()
    following.stop()
    session.current.forget()
    compare.forget()


@persistent
def sweep(*_: object) -> None:
    """Remove previews that undo or a file brought back, and have maps follow their sliders."""
    whole.note_undo()
    live_view.current.sweep()
    texture_settings.follow()


def leave_backend() -> None:
    """Leave the backend of the session that is the current one then."""
    session.current.close()


def register() -> None:
    """Watch for file loads, undo and the end."""
    for event, handler in watched():
        event.append(handler)
    atexit.register(leave_backend)


def unregister() -> None:
    """Stop watching, and leave nothing running."""
    atexit.unregister(leave_backend)
    for event, handler in watched():
        event.remove(handler)
    waiting.leave_interface()
    following.stop()
    session.current.forget()
    compare.forget()
    session.current.close()


def watched() -> list[tuple[list, Callable[..., None]]]:
    """Return Blender's lists of handlers, each with ours."""
    lists = bpy.app.handlers
    returns = (lists.load_post, lists.undo_post, lists.redo_post)
    return [(lists.load_pre, drop_running_task), *((event, sweep) for event in returns)]
