# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Gaussians out of and into Blender: files for other programs, and a native point cloud."""

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from . import objects, points, showing, splat_files, view
from .gaussian_nodes import SHARED_NAME, points_material
from .shared import spz
from .sliced import Sliced, on_thread, stop_timers
from .splats import Splats, UnusableFile
from .translations import translated
from .waiting import Ending
from .whole import whole


class Exporting(Sliced, ExportHelper):
    """What writing Gaussians has in common; the ending of the file says its kind."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only an object with the attributes of Gaussians can be written."""
        return _gaussians_active(cls, context)

    def slices(self, context: bpy.types.Context) -> Ending:
        """Read the attributes, then encode and write on a thread."""
        splats = points.splats_of(context.active_object.data)
        yield
        try:
            yield from on_thread(splat_files.write, Path(self.filepath), splats)
        except spz.Unwritable as error:
            self.report({"ERROR"}, translated(f"{error} Write a PLY instead."))
            return {"CANCELLED"}
        except UnusableFile as error:
            self.report({"ERROR"}, translated(str(error)))
            return {"CANCELLED"}
        except OSError as error:
            reason = error.strerror or str(error)
            self.report(
                {"ERROR"}, translated(f"The file {self.filepath} cannot be written: {reason}.")
            )
            return {"CANCELLED"}
        self.report(
            {"INFO"}, translated(f"Wrote {len(splats.means):,} Gaussians to {self.filepath}")
        )
        return {"FINISHED"}


class OBJECT_OT_clone_export_ply(Exporting, bpy.types.Operator):
    """Write the active object's Gaussians to a 3DGS PLY file."""

    bl_idname = "object.clone_export_ply"
    bl_label = "Export 3D Gaussians"
    bl_description = "Write the active object's Gaussians as a 3DGS PLY for other programs"

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply", options={"HIDDEN"})


class OBJECT_OT_clone_export_spz(Exporting, bpy.types.Operator):
    """Write the active object's Gaussians to an SPZ file."""

    bl_idname = "object.clone_export_spz"
    bl_label = "Export Compressed Gaussians"
    bl_description = "Write the active object's Gaussians as an SPZ, a sixth of the PLY, rounded"

    filename_ext = ".spz"
    filter_glob: StringProperty(default="*.spz", options={"HIDDEN"})


class OBJECT_OT_clone_export_glb(Exporting, bpy.types.Operator):
    """Write the active object's Gaussians to a glTF file."""

    bl_idname = "object.clone_export_glb"
    bl_label = "Export Gaussians as GLB"
    bl_description = "Write the active object's Gaussians as a glTF with KHR_gaussian_splatting"

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})


class IMPORT_SCENE_OT_clone_3dgs_ply(Sliced, ImportHelper, bpy.types.Operator):
    """Add the Gaussians of a 3DGS PLY or an SPZ file."""

    bl_idname = "import_scene.clone_3dgs_ply"
    bl_label = "Import 3D Gaussians"
    bl_description = "Add the Gaussians of a 3DGS PLY or an SPZ file as a cloud"
    bl_options: ClassVar = {"UNDO"}

    filename_ext = ".ply"
    filter_glob: StringProperty(default="*.ply;*.spz", options={"HIDDEN"})
    filepath: StringProperty(
        name="File",
        description="The 3DGS PLY or SPZ file",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    display_colors: BoolProperty(
        name="Display Colors",
        description="Off where a PLY holds linear colors, as this add-on wrote them in 2026",
        default=True,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask which file, unless one was dropped."""
        return self.execute(context) if self.filepath else super().invoke(context, event)

    def slices(self, context: bpy.types.Context) -> Ending:
        """Read on a thread, then make the object."""
        path = Path(self.filepath)
        try:
            objects.check_scene(context.scene)
            splats = yield from on_thread(splat_files.read, path, self.display_colors)
        except (objects.UnusableScene, UnusableFile) as error:
            self.report({"ERROR"}, translated(str(error)))
            return {"CANCELLED"}
        native = showing.wants_splats(context.scene.clone_normals)
        thing = yield from whole(partial(_cloud_slices, path.stem, splats, native))
        self.report(
            {"INFO"}, translated(f"Added {len(splats.means):,} Gaussians as “{thing.name}”")
        )
        return {"FINISHED"}


class OBJECT_OT_clone_convert_point_cloud(bpy.types.Operator):
    """Turn the cloud into Blender's own kind of point cloud."""

    bl_idname = "object.clone_convert_point_cloud"
    bl_label = "Convert to Point Cloud"
    bl_description = "Turn the active object's Gaussians into a native point cloud"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only a cloud that is still a mesh can be turned."""
        if not _gaussians_active(cls, context):
            return False
        cls.poll_message_set("The Gaussians are a point cloud already")
        return context.active_object.type == "MESH"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Convert the bare mesh: what the modifier makes of it has no points of its own."""
        thing = context.active_object
        modifier = thing.modifiers.get(SHARED_NAME)
        if modifier is not None:
            thing.modifiers.remove(modifier)
        selected = context.selected_objects
        for other in selected:
            other.select_set(other == thing)
        thing.select_set(True)
        bpy.ops.object.convert(target="POINTCLOUD")
        for other in selected:
            other.select_set(True)
        if points_material().name not in thing.data.materials:
            thing.data.materials.append(points_material())
        return {"FINISHED"}


class IO_FH_clone_3dgs_ply(bpy.types.FileHandler):
    """PLY and SPZ files dropped into a 3D View."""

    bl_idname = "IO_FH_clone_3dgs_ply"
    bl_label = "3D Gaussians"
    bl_import_operator = "import_scene.clone_3dgs_ply"
    bl_export_operator = "object.clone_export_ply"
    bl_file_extensions = ".ply;.spz"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Gaussians are things in space."""
        return context.area is not None and context.area.type == "VIEW_3D"


def _gaussians_active(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    cls.poll_message_set("Make an object with Gaussians the active one, in Object Mode")
    return context.mode == "OBJECT" and points.holds_gaussians(context.active_object)


def _cloud_slices(
    name: str, splats: Splats, native: bool
) -> Generator[None, None, bpy.types.Object]:
    data = points.new_data(name, native)
    yield from points.fill_slices(data, points.splat_attributes(splats))
    thing = bpy.data.objects.new(name, data)
    thing.rotation_euler = view.STANDING
    objects.home().objects.link(thing)
    points.show_as_gaussians(thing)
    return thing


def _draw_import(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(IMPORT_SCENE_OT_clone_3dgs_ply.bl_idname, text="3D Gaussians (.ply, .spz)")


def _draw_export(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(OBJECT_OT_clone_export_ply.bl_idname, text="3D Gaussians (.ply)")
    menu.layout.operator(OBJECT_OT_clone_export_spz.bl_idname, text="3D Gaussians (.spz)")
    menu.layout.operator(OBJECT_OT_clone_export_glb.bl_idname, text="3D Gaussians (.glb)")


CLASSES = (
    OBJECT_OT_clone_export_ply,
    OBJECT_OT_clone_export_spz,
    OBJECT_OT_clone_export_glb,
    IMPORT_SCENE_OT_clone_3dgs_ply,
    OBJECT_OT_clone_convert_point_cloud,
    IO_FH_clone_3dgs_ply,
)

_add_classes, _remove_classes = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    """Add the operators, and Blender's menu entries for them."""
    _add_classes()
    bpy.types.TOPBAR_MT_file_import.append(_draw_import)
    bpy.types.TOPBAR_MT_file_export.append(_draw_export)


def unregister() -> None:
    """Remove them."""
    stop_timers()
    bpy.types.TOPBAR_MT_file_export.remove(_draw_export)
    bpy.types.TOPBAR_MT_file_import.remove(_draw_import)
    _remove_classes()
