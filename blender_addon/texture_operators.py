# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The verbs of textures: apply the sliders again, wire into a material, bake to a mesh."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import bpy
from bpy.props import StringProperty

from . import arrival, bake, following, images, results, session, sources, wiring
from .texture_settings import choice
from .translations import translated
from .trouble import Trouble
from .waiting import Ending, Waiting, redraw
from .whole import whole


class TextureOperator:
    """What the verbs share: the image that they are about."""

    image_name: StringProperty(
        name="Image",
        description="Name of the image that was estimated; empty for the one that is shown",
        options={"SKIP_SAVE"},
    )

    poll_message_set: Callable[[str], None]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Leave the images alone while results come in."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def chosen(self, context: bpy.types.Context) -> str:
        """Return the name of the image.

        Raises:
            UnusableImage: when there is none.
        """
        name = self.image_name or sources.name_found(context)
        if not name:
            raise images.UnusableImage("There is no image to work on. Open or choose one first.")
        return name


class IMAGE_OT_clone_apply(TextureOperator, Waiting, bpy.types.Operator):
    """Make the maps of the last estimate again."""

    bl_idname = "image.clone_apply"
    bl_label = "Apply"
    bl_description = (
        "Make the maps of the last estimate again with these settings, without estimating again"
    )
    bl_options: ClassVar = {"UNDO"}

    def begin(self, context: bpy.types.Context) -> None:
        """Check that the estimate is still there."""
        session.current.trouble = None
        name, kept = self.chosen(context), session.current.kept
        if kept is None or not images.same_results(kept.task.name, name):
            raise images.UnusableImage(
                f"The estimate of “{name}” is no longer in memory: only the last one is kept, "
                "until the file is closed. Estimate again."
            )
        self.choice = choice(context.scene.clone_textures)
        self.kept = kept

    def end(self, context: bpy.types.Context) -> Ending:
        """Make the maps."""
        with session.current.importing():
            shown = yield from whole(partial(results.map_slices, self.kept, self.choice))
        arrival.mark_maps(self.kept.task.name, shown)
        following.current.note(self.choice)
        missing = [kind for kind in self.choice.kinds if kind not in shown]
        if missing:
            toggles = context.scene.clone_textures.bl_rna.properties
            words = ", ".join(translated(toggles[kind].name) for kind in missing)
            self.report(
                {"WARNING"}, translated(f"The estimate was made without {words}. Estimate again")
            )
        else:
            self.report({"INFO"}, translated(f"{len(shown)} maps made again"))
        return {"FINISHED"}


class IMAGE_OT_clone_bake_normals(TextureOperator, Waiting, bpy.types.Operator):
    """Bake the picture's normals to the active mesh."""

    bl_idname = "image.clone_bake_normals"
    bl_label = "Bake to Object"
    bl_description = (
        "Project the normal map from the active camera onto the active mesh and bake it into the "
        "tangent space of its UV map. Takes about 2 seconds a megapixel, while Blender stays free"
    )
    bl_options: ClassVar = {"UNDO"}

    def begin(self, context: bpy.types.Context) -> None:
        """Read the mesh, the camera and the map."""
        session.current.trouble = None
        try:
            self.wanted = bake.read(context, self.chosen(context))
        except bake.Unbakeable as error:
            session.current.trouble = Trouble(str(error))

    def end(self, context: bpy.types.Context) -> Ending:
        """Bake."""
        try:
            with session.current.importing():
                image = yield from bake.bake_slices(self.wanted)
        except bake.Unbakeable as error:
            session.current.trouble = Trouble(str(error))
            self.tell(session.current.trouble)
            return {"CANCELLED"}
        self.report({"INFO"}, translated(f"The baked normal map is the image “{image.name}”"))
        return {"FINISHED"}


class IMAGE_OT_clone_wire_material(TextureOperator, bpy.types.Operator):
    """Wire the maps into the active object's material."""

    bl_idname = "image.clone_wire_material"
    bl_label = "Wire into Material"
    bl_description = (
        "Put the maps into the Principled BSDF of the active object's active material, with the "
        "coordinates of its base color texture. Again refreshes"
    )
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Wire them, and say what was unplugged."""
        try:
            thing = context.view_layer.objects.active
            level, said = wiring.wire(thing, self.chosen(context), context.scene)
            self.report(level, translated(said))
        except (wiring.Unwirable, images.UnusableImage) as error:
            self.report({"ERROR"}, translated(str(error)))
            return {"CANCELLED"}
        redraw(context)
        return {"FINISHED"}


CLASSES = (IMAGE_OT_clone_apply, IMAGE_OT_clone_bake_normals, IMAGE_OT_clone_wire_material)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
