# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running estimate shows: the normal map so far in the Image Editor, a line at the bottom.

The normal map so far has an image of its own, which goes away at the end: the artist's images, and
what undo knows of them, change once, when the result is there. Nothing here keeps a reference into
Blender's data, which would not outlive an undo.
"""

import time

import bpy
import numpy as np

from . import images, lineage, normal_nodes, sources
from .session import Session
from .translations import translated

PREVIEW = "clone_normals_preview"
"""Custom property of an image that lives no longer than the run that shows it."""
SECONDS_BETWEEN = 1.0
"""Between two updates of the preview."""


class LiveView:
    """The part of the interface that one waiting operator changes, and gives back."""

    def __init__(self) -> None:
        self._running = False
        self._picture, self._preview = "", ""
        """Names that results of the picture get, and of the preview."""
        self._before = 0
        """Session uid of what the editor showed before the preview."""
        self._area = 0
        """The Image Editor that shows it, as a number that only compares."""
        self._due = 0.0
        self._workspaces: set[str] = set()

    def begin(self, context: bpy.types.Context, picture: str = "") -> None:
        """Take the Image Editor of the click, else one of this window that shows the picture."""
        self.end()  # what was cancelled a moment ago may still be shown
        self._running, self._picture, self._due = True, picture, 0.0
        self._before, self._preview = 0, ""
        areas = [context.area, *context.window.screen.areas]
        showing = (area for area in areas if _shows(area, picture))
        self._area = getattr(next(showing, None), "as_pointer", int)()

    def refresh(self, context: bpy.types.Context, session: Session) -> None:
        """Show how far the work is."""
        if not (self._running and session.busy):
            return
        self._say(context.workspace, progress_text(session))
        now = time.monotonic()
        if now >= self._due and (preview := session.take_preview()) is not None:
            self._due = now + SECONDS_BETWEEN
            self._show(preview.values)

    def end(self, result: bpy.types.Image | None = None) -> None:
        """Take everything away; the Image Editor shows the result, or again what it showed."""
        if not self._running:
            return
        self._running = False
        for name in self._workspaces:
            if (workspace := bpy.data.workspaces.get(name)) is not None:
                workspace.status_text_set(None)
        self._workspaces.clear()
        shown = self._space()
        if shown is not None and result is not None and _is_ours(shown.image, self._picture):
            _swap(shown, result)
        elif shown is not None and self._preview and shown.image == self.image():
            _swap(shown, images.of_uid(self._before))
        self._preview = ""
        self.sweep()

    def sweep(self) -> None:
        """Remove previews that undo or a file brought back, and fill the editor they left empty."""
        for image in list(bpy.data.images):
            if image.get(PREVIEW) and image.name != self._preview:
                bpy.data.images.remove(image)
        shown = self._space()
        if shown is not None and shown.image is None:
            shown.image = sources.picture_named(self._picture)

    def image(self) -> bpy.types.Image | None:
        """Return the normal map so far, if there is one."""
        found = bpy.data.images.get((self._preview, None)) if self._preview else None
        return found if found is not None and found.get(PREVIEW) else None

    def _say(self, workspace: bpy.types.WorkSpace, text: str) -> None:
        workspace.status_text_set(f"CLONE Normals: {text}   |   {translated('Esc: Cancel')}")
        self._workspaces.add(workspace.name)

    def _show(self, values: np.ndarray) -> None:
        height, width = values.shape[:2]
        image = self.image()
        fresh = image is None
        image = image or self._new_image(width, height)
        image.pixels.foreach_set(values.reshape(-1))
        image.update()
        if image.preview is not None:
            image.preview.reload()
        shown = self._space()
        if fresh and shown is not None and _is_ours(shown.image, self._picture):
            self._before = shown.image.session_uid
            _swap(shown, image)

    def _new_image(self, width: int, height: int) -> bpy.types.Image:
        name = images.result_name(self._picture, "_preview")
        image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
        image[PREVIEW] = True
        lineage.mark(image, sources.picture_named(self._picture))
        self._preview = image.name
        return image

    def _space(self) -> bpy.types.SpaceImageEditor | None:
        for manager in bpy.data.window_managers:
            for window in manager.windows:
                for area in window.screen.areas:
                    if area.as_pointer() == self._area and area.type == "IMAGE_EDITOR":
                        return area.spaces.active
        return None


def progress_text(session: Session) -> str:
    """Return stage and time left as one short line."""
    if session.silent:
        return translated("The Backend Is Not Answering")
    stage = translated(session.stage[:1].upper() + session.stage[1:])
    if session.seconds_left < 0.5:
        return stage
    return f"{stage}, {translated(f'{session.seconds_left:.0f} s left')}"


def _shows(area: bpy.types.Area | None, picture: str) -> bool:
    """Tell whether an area is an Image Editor with the picture or with what was made from it."""
    if area is None or area.type != "IMAGE_EDITOR" or not picture:
        return False
    return _is_ours(area.spaces.active.image, picture)


def _is_ours(image: bpy.types.Image | None, picture: str) -> bool:
    found = lineage.picture_of(image)
    if found is None:
        return False
    if found == sources.picture_named(picture):
        return True  # even if it is called otherwise by now
    return sources.name_of(sources.Source(found), bpy.context.scene) == picture


def _swap(shown: bpy.types.SpaceImageEditor, image: bpy.types.Image | None) -> None:
    """Show another image as large as the one before it; a change of image may reset the zoom."""
    before, after, zoom = _width(shown.image), _width(image), shown.zoom_percentage
    shown.image = image
    if before and after:
        shown.zoom_percentage = zoom * before / after


def _width(image: bpy.types.Image | None) -> int:
    """Return an image's width; a normal map has its picture's: asking it would decode it here."""
    result = image is not None and normal_nodes.KEY in image
    asked = lineage.picture_of(image) if result else image
    return asked.size[0] if asked is not None else 0


current = LiveView()
"""The view that the operators drive and the panels read."""
