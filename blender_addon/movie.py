# SPDX-License-Identifier: GPL-3.0-or-later
"""Single frames of a movie, which Blender gives out only by rendering them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from . import images
from .frames import Movie

UNCHANGED = "Raw"
"""What the view is called that shows values as they are, by Blender and by the configs of ACES."""


def movie_of(image: bpy.types.Image) -> Movie:
    """Return the file of a movie and how many frames it has.

    Raises:
        UnusableImage: when there is no movie in it.
    """
    file = Path(bpy.path.abspath(image.filepath, library=image.library))
    if not file.is_file() or not all(image.size):  # asking for the size opens it
        raise images.UnusableImage(
            f"The movie “{image.name}” cannot be opened. Check that its file exists and that "
            "Blender plays it."
        )
    return Movie(file, image.frame_duration)


@contextmanager
def opened(image: bpy.types.Image, frame: int) -> Iterator[bpy.types.Image]:
    """Have one frame of a movie, counted from 1, as an image for as long as it is needed.

    A scene that exists for the moment renders it in its Video Sequencer, with the very values of
    the movie; renders of other scenes stay.

    Raises:
        UnusableImage: when there is no such movie, or none whose frames can be read here.
    """
    file = str(movie_of(image).file)
    with tempfile.TemporaryDirectory(prefix="clone-normals-") as folder:
        path = Path(folder) / "frame.png"
        scene = bpy.data.scenes.new("CLONE Normals movie")
        try:
            scene.frame_set(bpy.context.scene.frame_current)  # which of the two counts, varies
            _stage(scene, file, frame, image.size)
            scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=scene.name)
        finally:
            bpy.data.scenes.remove(scene)
        with images.opened_file(path, like=image) as picture:
            yield picture


def _stage(scene: bpy.types.Scene, file: str, frame: int, size: tuple[int, int]) -> None:
    """Put the movie on the timeline so that the frame is the scene's current one."""
    editor = scene.sequence_editor_create()
    strip = editor.strips.new_movie("movie", file, 1, scene.frame_current + 1 - frame)
    # as if it were scene-linear light, all the way: no value is changed by color management
    scene.sequencer_colorspace_settings.name = images.scene_linear()
    strip.colorspace_settings.name = scene.sequencer_colorspace_settings.name
    strip.use_float = True  # 5.0 takes bytes for a display's colors, whatever they are said to be
    scene.render.dither_intensity = 0.0
    _show_unchanged(scene.view_settings)
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    images.set_output(scene.render.image_settings, "PNG", "RGB", "8")


def _show_unchanged(view: bpy.types.ColorManagedViewSettings) -> None:
    """Choose the view that changes no value.

    Raises:
        UnusableImage: when the color management has none.
    """
    try:
        view.view_transform, view.look = UNCHANGED, "None"
    except TypeError as error:
        raise images.UnusableImage(
            "The frames of a movie cannot be read here: the OpenColorIO config has no view "
            f"“{UNCHANGED}”. Save them as pictures and open those as an image sequence."
        ) from error
