# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave the backend that is in use without holding Blender up."""

import threading
from collections.abc import Callable

import bpy

from . import session


def leave(then: Callable[[], None] = lambda: None) -> None:
    """Leave the backend, and do what must wait for its end, on a thread: both can take seconds."""
    left, session.current = session.current, session.Session()
    session.current.summary = left.summary

    def run() -> None:
        left.close()
        then()

    thread = threading.Thread(target=run, name="CLONE Normals farewell", daemon=True)
    thread.start()
    if bpy.app.background:
        thread.join()
