# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from: an editor, a texture node, an object's material, the render."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from . import images, lineage, movie, render_result, textures
from .frames import Frames, Movie, frames_of, nearest, shown_frame

SOURCES = (
    (
        "SHOWN",
        "Shown Image",
        "The image of the Image Editor, the selected texture node of the Shader Editor, in the "
        "3D View the image that is chosen in the panel",
    ),
    ("NODE", "Selected Texture Node", "The image of the selected Image Texture node"),
    ("OBJECT", "Selected Object", "The image on the active object: its material's base color"),
    ("RENDER", "Render Result", "What was rendered last, in linear light"),
)


_estimated: dict[str, int] = {}
"""Session uids of pictures by the names that their results got."""


@dataclass(frozen=True)
class Source:
    """An image, and which frame of it."""

    image: bpy.types.Image
    frame: int | None = None
    """Number of the frame of a sequence or movie; None for the scene's current one."""


def find(context: bpy.types.Context) -> Source:
    """Return what the artist chose to work on.

    Raises:
        UnusableImage: when there is no such image.
    """
    kind = context.scene.clone_normals.source
    if kind == "RENDER":
        return Source(_render())
    if kind == "OBJECT":
        return _of_node(textures.of_object(_object(context)), context.scene)
    if kind == "NODE" or in_shader_editor(context):
        return _of_node(textures.selected(_tree(context)), context.scene)
    return _shown(context)


def in_shader_editor(context: bpy.types.Context) -> bool:
    """Tell whether this is a node editor that shows a shader."""
    space = context.space_data
    return getattr(space, "type", "") == "NODE_EDITOR" and space.tree_type == "ShaderNodeTree"


def name_of(source: Source, scene: bpy.types.Scene) -> str:
    """Return what results are named after."""
    if source.image.type == "RENDER_RESULT":
        return _render_name(scene)
    return lineage.called(source.image) or source.image.name


def name_found(context: bpy.types.Context) -> str:
    """Return what results of the artist's choice are named after, or nothing."""
    try:
        return name_of(find(context), context.scene)
    except images.UnusableImage:
        return ""


def remember(name: str, image: bpy.types.Image) -> None:
    """Remember which picture it is whose results get this name: it may be renamed meanwhile."""
    _estimated[name] = image.session_uid


def picture_named(name: str) -> bpy.types.Image | None:
    """Return the picture that results of this name are made from, if it is still there."""
    image = images.of_uid(_estimated.get(name, -1)) or bpy.data.images.get(name)
    if image is None and name in map(_render_name, bpy.data.scenes):
        return _render_result()
    return image or _file_named(name)


@contextmanager
def opened(source: Source, scene: bpy.types.Scene) -> Iterator[bpy.types.Image]:
    """Have the picture as an image whose pixels can be read, for as long as it is needed.

    Raises:
        UnusableImage: when there is no such frame, or none that Blender gives out.
    """
    image = source.image
    if image.type == "RENDER_RESULT":
        with render_result.saved(image, scene) as render:
            yield render
    elif has_frames(image):
        frames = frames_in(image)
        wanted = scene.frame_current if source.frame is None else source.frame
        number = nearest(frames.numbers(), wanted)
        one = movie.opened(image, number) if isinstance(frames, Movie) else None
        with one or images.opened_file(frames.path(number), like=image) as frame:
            yield frame
    else:
        yield image


def has_frames(image: bpy.types.Image) -> bool:
    """Tell whether an image is an image sequence or a movie."""
    return image.source in {"SEQUENCE", "MOVIE"}


def frames_in(image: bpy.types.Image) -> Frames | Movie:
    """Return the frames of an image sequence or a movie, of which there is at least one.

    Raises:
        UnusableImage: when the image is neither, or its files are gone.
    """
    return movie.movie_of(image) if image.source == "MOVIE" else sequence_of(image)


def sequence_of(image: bpy.types.Image) -> Frames:
    """Return the files of an image sequence, of which there is at least one.

    Raises:
        UnusableImage: when the image is no sequence, or its files are gone.
    """
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    frames = frames_of(path) if image.source == "SEQUENCE" else None
    if frames is None:
        raise images.UnusableImage(
            f"“{image.name}” is no image sequence. Choose Image Sequence as its source, in the "
            "Image tab of the Image Editor; its files must be numbered."
        )
    if not frames.numbers():
        raise images.UnusableImage(
            f"The sequence “{image.name}” has no files in {frames.folder}. Check where they are."
        )
    return frames


def _shown(context: bpy.types.Context) -> Source:
    space = context.space_data
    image = getattr(space, "image", None)
    if image is not None:
        picture = lineage.picture_of(image)
        return Source(picture, _frame(picture, space.image_user, context.scene))
    if context.scene.clone_normals.image is None:
        raise images.UnusableImage("There is no image to work on. Open or choose one first.")
    return Source(context.scene.clone_normals.image)


def _of_node(node: bpy.types.ShaderNodeTexImage, scene: bpy.types.Scene) -> Source:
    return Source(node.image, _frame(node.image, node.image_user, scene))


def _frame(image: bpy.types.Image, user: bpy.types.ImageUser, scene: bpy.types.Scene) -> int | None:
    if not has_frames(image):
        return None
    return shown_frame(
        scene.frame_current,
        user.frame_start,
        user.frame_duration,
        user.frame_offset,
        user.use_cyclic,
    )


def _object(context: bpy.types.Context) -> bpy.types.Object:
    active = context.view_layer.objects.active
    if active is None:
        raise images.UnusableImage("No object is active. Select the object with the picture on it.")
    return active


def _tree(context: bpy.types.Context) -> bpy.types.NodeTree:
    if in_shader_editor(context):
        if context.space_data.edit_tree is None:
            raise images.UnusableImage("This editor shows no material. Select an object with one.")
        return context.space_data.edit_tree
    return textures.tree_of(_object(context))


def _render() -> bpy.types.Image:
    image = _render_result()
    if image is None:
        raise images.UnusableImage("Nothing was rendered yet. Render an image (F12) and try again.")
    return image


def _render_result() -> bpy.types.Image | None:
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)


def _file_named(name: str) -> bpy.types.Image | None:
    """Return the image of a file whose name has an ending besides; of two such nobody knows."""
    found = [image for image in bpy.data.images if images.result_name(image.name, "") == name]
    return found[0] if len(found) == 1 else None


def _render_name(scene: bpy.types.Scene) -> str:
    return f"{scene.name} render"
