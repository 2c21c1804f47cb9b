# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verb that everything is about: estimate."""

from functools import partial
from typing import ClassVar

import bpy
from bpy.props import StringProperty

from . import arrival, images, live_view, preferences, session, sources, timings
from .request import task_of
from .translations import translated
from .waiting import Ending, Waiting
from .whole import whole


class IMAGE_OT_clone_estimate_normals(Waiting, bpy.types.Operator):
    """Estimate the normals, the colors and the light of the image."""

    bl_idname = "image.clone_estimate_normals"
    bl_label = "Estimate Normals"
    bl_description = "Estimate normals, albedo, light and Gaussians from the image"
    bl_options: ClassVar = {"UNDO"}  # no REGISTER: the redo panel would run it again, blocking

    image_name: StringProperty(
        name="Image",
        description="Name of the image; empty for the one that is shown",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Allow one estimate at a time."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def begin(self, context: bpy.types.Context) -> None:
        """Send the image off."""
        arrival.check_scene(context.scene)
        task = task_of(source_of(context, self.image_name), context.scene)
        session.current.begin(preferences.place(context), task)

    def end(self, context: bpy.types.Context) -> Ending:
        """Bring the result into the scene."""
        estimate = session.current.take_estimate(self.task)
        if estimate is None:
            if session.current.trouble is None:
                self.report({"INFO"}, translated("Cancelled"))
            self.tell(session.current.trouble)
            return {"CANCELLED"}
        with session.current.importing():
            coming = partial(arrival.bring_in, context, estimate, self.report)
            normal = yield from whole(coming)
        live_view.current.end(normal)
        if (welcome := session.current.welcome) is not None:
            timings.remember(context, estimate, welcome.device)
        return {"FINISHED"}


def source_of(context: bpy.types.Context, image_name: str) -> sources.Source:
    """Return the image of that name as source; without a name, what the artist chose.

    Raises:
        UnusableImage: when there is no such image.
    """
    if not image_name:
        return sources.find(context)
    image = bpy.data.images.get(image_name)
    if image is None:
        raise images.UnusableImage("There is no image to work on. Open or choose one first.")
    return sources.Source(image)


def register() -> None:
    """Add the operator."""
    bpy.utils.register_class(IMAGE_OT_clone_estimate_normals)


def unregister() -> None:
    """Remove the operator."""
    bpy.utils.unregister_class(IMAGE_OT_clone_estimate_normals)
