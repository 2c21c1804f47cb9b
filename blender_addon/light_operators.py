# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with the last estimate's pictures and light."""

from typing import ClassVar

import bpy

from . import compare, compositor, session
from .translations import translated


class IMAGE_OT_clone_compare(bpy.types.Operator):
    """Show the input beside the re-rendered picture."""

    bl_idname = "image.clone_compare"
    bl_label = "Compare"
    bl_description = "Show the last estimate's input on the left, re-rendered on the right"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while the pictures of an estimate are there."""
        cls.poll_message_set("Estimate normals first: the pictures are kept until the file closes")
        return compare.kept() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the image, and show it where the button is."""
        image = compare.show(context.scene.clone_normals.compare_split)
        if context.area is not None and context.area.type == "IMAGE_EDITOR":
            context.space_data.image = image
        return {"FINISHED"}


class NODE_OT_clone_relight_group(bpy.types.Operator):
    """Relight in the compositor as the picture was lit."""

    bl_idname = "node.clone_relight_group"
    bl_label = "Copy as Compositor Group"
    bl_description = "Make a compositor node group that relights albedo and normals"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The group begins with the last estimate's light."""
        cls.poll_message_set("Estimate normals first: the group begins with the recovered light")
        return session.current.summary is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the group, and add it to the scene's compositing."""
        assert session.current.summary is not None
        group = compositor.relight_group(session.current.summary[1].light)
        if compositor.add_to_scene(context.scene, group) is None:
            self.report({"INFO"}, translated(f"Add the group “{group.name}” in a compositor"))
        return {"FINISHED"}


CLASSES = (IMAGE_OT_clone_compare, NODE_OT_clone_relight_group)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
