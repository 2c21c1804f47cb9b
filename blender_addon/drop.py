# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""A picture dropped on an editor is opened and estimated."""

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import StringProperty

from . import images, session
from .translations import translated

EXTENSIONS = ".png;.jpg;.jpeg;.webp;.tif;.tiff;.exr;.hdr"


class IMAGE_OT_clone_drop_image(bpy.types.Operator):
    """Open a picture and estimate its normals."""

    bl_idname = "image.clone_drop_image"
    bl_label = "Estimate Normals"
    bl_description = "Open the picture and estimate its normals"
    bl_options: ClassVar = {"INTERNAL"}  # the estimate that follows is the undo step

    filepath: StringProperty(
        name="File",
        description="The picture",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Allow one estimate at a time."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open it and let Blender go on while the backend works."""
        return self._estimate(context, "INVOKE_DEFAULT")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open it and wait for the end: for scripts and background mode."""
        return self._estimate(context, "EXEC_DEFAULT")

    def _estimate(self, context: bpy.types.Context, way: str) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        before = set(bpy.data.images)
        try:
            image = _opened(path)
        except (OSError, RuntimeError):
            self.report(
                {"ERROR"}, translated(f"{path.name} cannot be opened. Check that it is a picture.")
            )
            return {"CANCELLED"}
        try:
            images.size_of(image)
        except images.UnusableImage as error:
            self.report({"ERROR"}, translated(str(error)))
            if image not in before:
                bpy.data.images.remove(image)
            return {"CANCELLED"}
        if getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
            context.space_data.image = image
        context.scene.clone_normals.image = image
        bpy.ops.image.clone_estimate_normals(way, True, image_name=image.name)
        return {"FINISHED"}


def _opened(path: Path) -> bpy.types.Image:
    if not path.is_file():  # Blender takes a folder for a picture without pixels
        raise FileNotFoundError(path)
    return bpy.data.images.load(str(path), check_existing=True)


class IMAGE_FH_clone_normals(bpy.types.FileHandler):
    """Offer the estimate for pictures dropped on the Image Editor and the 3D View."""

    bl_idname = "IMAGE_FH_clone_normals"
    bl_label = "Estimate Normals"
    bl_import_operator = "image.clone_drop_image"
    bl_file_extensions = EXTENSIONS

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Tell whether a picture may be dropped here."""
        return context.area is not None and context.area.type in {"IMAGE_EDITOR", "VIEW_3D"}


CLASSES = (IMAGE_OT_clone_drop_image, IMAGE_FH_clone_normals)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
