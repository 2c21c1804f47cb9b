# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Results of the batch command come into the scene, as if they had been estimated there."""

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from . import arrival, images, objects, result_files, session
from .pixels import Pixels
from .sliced import Sliced, on_thread
from .splats import UnusableFile
from .task import Estimate
from .translations import translated
from .waiting import Ending, redraw
from .whole import whole

UNUSABLE = (
    result_files.UnusableResults,
    images.UnusableImage,
    UnusableFile,
    objects.UnusableScene,
)


class IMPORT_SCENE_OT_clone_results(Sliced, ImportHelper, bpy.types.Operator):
    """Bring results of the batch command into the scene."""

    bl_idname = "import_scene.clone_results"
    bl_label = "Open Results"
    bl_description = "Bring in results of the batch command, by their reports, as an estimate would"
    bl_options: ClassVar = {"UNDO"}

    filename_ext = ".json"
    filter_glob: StringProperty(default=f"*{result_files.REPORT}", options={"HIDDEN"})
    filepath: StringProperty(
        name="File",
        description="The report of the results",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One thing at a time is brought in."""
        cls.poll_message_set("An estimate is running")
        return not session.current.busy

    def slices(self, context: bpy.types.Context) -> Ending:
        """Read and bring in one after the other; one that is no use does not stop the rest."""
        opened = 0
        with session.current.importing():
            for path in self.reports():
                try:
                    estimate = yield from estimate_slices(path)
                    yield from whole(partial(arrival.bring_in, context, estimate, self.report))
                except UNUSABLE as error:
                    self.report({"ERROR"}, translated(str(error)))
                    continue
                session.current.summary = estimate.task.name, estimate.report
                opened += 1
        redraw(context)
        return {"FINISHED"} if opened else {"CANCELLED"}

    def reports(self) -> list[Path]:
        """Return the files that were chosen."""
        folder = Path(bpy.path.abspath(self.directory))
        several = [folder / file.name for file in self.files if file.name]
        return several or [Path(bpy.path.abspath(self.filepath))]


def estimate_slices(path: Path) -> Generator[None, None, Estimate]:
    """Read the files of a report, one at every step.

    Raises:
        UnusableResults: when there is no such report, or no normals with it.
        UnusableImage: when Blender cannot open one of the images.
        UnusableFile: when the Gaussians cannot be read.
    """
    found = yield from on_thread(result_files.find, path)
    pixels = {}
    for array, file in found.images.items():
        pixels[array] = _stored(file)
        yield
    arrays = yield from on_thread(result_files.arrays_of, found, pixels)
    return result_files.estimate_of(found, arrays)


def _stored(file: Path) -> Pixels:
    """Return an image file's values as they are stored."""
    with images.opened_file(file) as image:
        images.set_colorspace(image, "data")
        images.size_of(image)
        return images.read(image)


def _draw_import(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(
        IMPORT_SCENE_OT_clone_results.bl_idname, text="CLONE Normals Results (_report.json)"
    )


def register() -> None:
    """Add the operator, and Blender's menu entry for it."""
    bpy.utils.register_class(IMPORT_SCENE_OT_clone_results)
    bpy.types.TOPBAR_MT_file_import.append(_draw_import)


def unregister() -> None:
    """Remove them."""
    bpy.types.TOPBAR_MT_file_import.remove(_draw_import)
    bpy.utils.unregister_class(IMPORT_SCENE_OT_clone_results)
