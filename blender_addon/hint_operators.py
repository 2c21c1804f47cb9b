# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Paint on a picture what is flat and what is to be ignored."""

from typing import ClassVar

import bpy
import numpy as np
from bpy.props import EnumProperty

from . import images, lineage, sources, waiting
from .compat import unified_paint
from .hints import COLORS, guide_of
from .images import Layer
from .pixels import picture_of
from .sources import Source
from .translations import translated

HINTS = (
    ("FLAT", "Flat", "Paint in green what is flat"),
    ("IGNORE", "Ignore", "Paint in red what is to be ignored, such as a highlight or a label"),
)
PAINTED = "clone_normals_hints"
"""Custom property of an image of hints."""


class IMAGE_OT_clone_paint_hints(bpy.types.Operator):
    """Paint hints over the picture."""

    bl_idname = "image.clone_paint_hints"
    bl_label = "Paint Hints"
    bl_options: ClassVar = {"UNDO"}

    hint: EnumProperty(
        items=HINTS, name="Hint", description="What the strokes say", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Say what this stroke says."""
        return next(text for name, _, text in HINTS if name == properties.hint)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the image of hints, with the brush in this hint's color."""
        try:
            hints = hints_for(sources.find(context), context.scene)
        except images.UnusableImage as error:
            self.report({"ERROR"}, translated(str(error)))
            return {"CANCELLED"}
        set_brush(context, COLORS[self.hint])
        if getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
            context.space_data.image = hints
            context.space_data.ui_mode = "PAINT"
        else:
            self.report(
                {"INFO"}, translated(f"Open the image “{hints.name}” in an Image Editor and paint")
            )
        return {"FINISHED"}


class IMAGE_OT_clone_clear_hints(bpy.types.Operator):
    """Take all strokes away."""

    bl_idname = "image.clone_clear_hints"
    bl_label = "Clear Hints"
    bl_description = "Remove all hints that were painted over the picture, and show it again"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only a picture with hints can lose them."""
        cls.poll_message_set("Nothing was painted over this picture")
        try:
            source = sources.find(context)
        except images.UnusableImage:
            return False
        return painted(source.image) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the image of hints."""
        source = sources.find(context)
        hints = painted(source.image)
        if getattr(context.space_data, "image", None) == hints:
            context.space_data.image = source.image
            context.space_data.ui_mode = "VIEW"
        bpy.data.images.remove(hints)
        waiting.redraw(context)
        return {"FINISHED"}


def painted(picture: bpy.types.Image) -> bpy.types.Image | None:
    """Return the hints over a picture, if there are any."""
    about = (image for image in bpy.data.images if image.get(PAINTED))
    return next((image for image in about if lineage.picture_of(image) == picture), None)


def check_hints(hints: Layer, size: tuple[int, int]) -> None:
    """Refuse hints that were painted over a picture of another (height, width).

    Raises:
        UnusableImage: when the picture has another size by now.
    """
    if hints.size != size:
        raise images.UnusableImage(
            f"The hints “{hints.name}” were painted over a picture of another size. Clear them, or "
            "scale them to the picture's size."
        )


def hints_for(source: Source, scene: bpy.types.Scene) -> bpy.types.Image:
    """Return the image to paint on: the strokes so far, or a fresh guide.

    Raises:
        UnusableImage: when the picture cannot be used.
    """
    hints = painted(source.image)
    if hints is not None:
        return hints
    with sources.opened(source, scene) as picture:
        height, width = images.size_of(picture)
        guide = guide_of(picture_of(images.read(picture)))
    name = images.result_name(sources.name_of(source, scene), "_hints")
    hints = bpy.data.images.new(name, width, height, alpha=True)
    hints[PAINTED] = True
    lineage.mark(hints, source.image)
    hints.pixels.foreach_set(np.ascontiguousarray(guide[::-1]).reshape(-1))
    hints.pack()  # otherwise undoing empties it
    return hints


def set_brush(context: bpy.types.Context, color: tuple[float, float, float]) -> None:
    """Give the painting brush a color, wherever this Blender keeps it."""
    unified_paint(context.tool_settings).color = color
    paint = context.tool_settings.image_paint
    if paint.brush is not None:
        paint.brush.color = color


CLASSES = (IMAGE_OT_clone_paint_hints, IMAGE_OT_clone_clear_hints)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
