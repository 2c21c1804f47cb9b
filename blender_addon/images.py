# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender images out and in: the copies that only the main thread may make, and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from . import ours
from .compat import save_pictures
from .pixels import ColorSpace, Pixels
from .shared.messages import Transfer
from .shared.transfer import MAX_PIXELS, MAX_SIDE
from .trouble import too_large

SMALLEST_SIDE = 8
FILE_EXTENSIONS = frozenset(
    {"png", "jpg", "jpeg", "webp", "tif", "tiff", "exr", "hdr", "bmp", "tga"}
)
"""Endings of file names, which Blender keeps in the names of images and results do without."""
LINEAR_COLORSPACES = (
    "Linear Rec.709",
    "Linear Rec.709 (sRGB)",
    "Utility - Linear - sRGB",
    "Utility - Linear - Rec.709",
)
"""What linear light is called whose primaries are sRGB's: by Blender, by the configs of ACES."""

SRGB_COLORSPACES = (
    "sRGB",
    "sRGB - Texture",
    "sRGB Encoded Rec.709 (sRGB)",
    "Utility - sRGB - Texture",
)
"""What sRGB is called: by Blender, by the configs of ACES."""


class UnusableImage(Exception):
    """The image cannot be worked on; the text says why and what to do."""


@dataclass(frozen=True)
class Layer:
    """A copy of an image that lies over the picture."""

    name: str
    pixels: Pixels

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels.values.shape[:2]


def size_of(image: bpy.types.Image) -> tuple[int, int]:
    """Return an image's height and width, which loads its file.

    Raises:
        UnusableImage: when there is nothing in it to work on.
    """
    if image.type in {"RENDER_RESULT", "COMPOSITING"}:
        raise UnusableImage("A render result cannot be read. Save it as an image and open that.")
    width, height = image.size
    if width * height == 0 or not image.has_data:
        raise UnusableImage(
            f"The image “{image.name}” has no pixels. Check that its file exists and is a single "
            "picture, then reload it."
        )
    if image.source == "TILED" and len(image.tiles) > 1:
        raise UnusableImage(
            f"The image “{image.name}” has {len(image.tiles)} tiles; only a single picture can be "
            "worked on. Open a tile's file by itself."
        )
    if min(width, height) < SMALLEST_SIDE:
        raise UnusableImage(
            f"The image “{image.name}” has {width} × {height} pixels; at least {SMALLEST_SIDE} "
            "each way are needed. Choose a larger image."
        )
    if max(width, height) > MAX_SIDE:
        raise UnusableImage(str(too_large(width, height, MAX_PIXELS)))
    return height, width


def of_uid(uid: int) -> bpy.types.Image | None:
    """Return the image of a session uid, whatever it is called by now."""
    return next((image for image in bpy.data.images if image.session_uid == uid), None)


def layer_of(image: bpy.types.Image) -> Layer:
    """Copy an image that lies over the picture.

    Raises:
        UnusableImage: when there is nothing in it.
    """
    size_of(image)
    return Layer(image.name, read(image))


def check_mask(mask: Layer, size: tuple[int, int]) -> None:
    """Refuse a mask that does not fit a (height, width) picture.

    Raises:
        UnusableImage: when it is of another size.
    """
    height, width = mask.size
    if mask.size != size:
        raise UnusableImage(
            f"The mask “{mask.name}” has {width} × {height} pixels and the "
            f"picture {size[1]} × {size[0]}. Choose a mask of the picture's size."
        )


def transfer_of(image: bpy.types.Image) -> Transfer:
    """Return how an image's values stand for light; Blender converts float images itself."""
    return "linear" if image.is_float or not is_encoded(image) else "srgb"


def is_encoded(image: bpy.types.Image) -> bool:
    """Tell whether an image's file holds colors made for a display, not light or data."""
    space = image.colorspace_settings
    return not (space.is_data or space.name in LINEAR_COLORSPACES)


def set_colorspace(image: bpy.types.Image, space: ColorSpace) -> None:
    """Say what an image's values are, in whatever names the color management has."""
    if space == "data":
        image.colorspace_settings.is_data = True
    else:
        image.colorspace_settings.name = _linear_name()


def scene_linear() -> str:
    """Return the name of scene-linear light: ask a float image, which begins with it."""
    image = bpy.data.images.new("CLONE linear", 1, 1, float_buffer=True)
    name = image.colorspace_settings.name
    bpy.data.images.remove(image)
    return name


def read(image: bpy.types.Image) -> Pixels:
    """Copy a usable image's values out of Blender."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    return Pixels(
        values.reshape(height, width, image.channels)[::-1],
        eight_bit=not image.is_float,
        premultiplied=image.is_float and image.alpha_mode in {"STRAIGHT", "PREMUL"},
    )


@contextmanager
def opened_file(path: Path, like: bpy.types.Image | None = None) -> Iterator[bpy.types.Image]:
    """Open a file as an image of its own, read as ``like`` is, for as long as it is needed.

    Raises:
        UnusableImage: when the file is not there or cannot be opened.
    """
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise UnusableImage(
            f"The file {path} cannot be opened. Check that it exists and is a picture."
        ) from error
    try:
        if like is not None:
            if name := like.colorspace_settings.name:  # a movie's may be missing in the config
                image.colorspace_settings.name = name
            image.alpha_mode = like.alpha_mode
        yield image
    finally:
        bpy.data.images.remove(image)


def set_output(
    settings: bpy.types.ImageFormatSettings, file_format: str, mode: str, depth: str
) -> None:
    """Choose the format in which Blender saves a single picture."""
    save_pictures(settings)
    settings.file_format, settings.color_mode, settings.color_depth = file_format, mode, depth
    settings.color_management = "FOLLOW_SCENE"


def show(name: str, file: bytes, colorspace: ColorSpace) -> bpy.types.Image:
    """Show an EXR file's bytes in the image of that name, made or refreshed.

    They are packed into it, so undo, redo and saving keep them; Blender decodes them when they are
    first looked at. The path is never read: it says what Blender calls the file when it saves one.
    """
    image = ours.find(bpy.data.images, name)
    if image is None:
        image = ours.mark(bpy.data.images.new(name, 1, 1, float_buffer=True))
        image.use_fake_user = True  # an image that nothing shows is not saved
    if image.source != "FILE":
        image.source = "FILE"
    image.filepath_raw = f"//{bpy.path.clean_name(name)}.exr"  # ``filepath`` would look for it
    _pack(image, file)
    image.buffers_free()  # what was shown so far
    set_colorspace(image, colorspace)
    image.alpha_mode = "CHANNEL_PACKED"  # otherwise the colors are multiplied by alpha
    image.update_tag()
    if _is_open(image):
        image.update()  # its Image Editor would go on drawing what was; this decodes the file
    if image.preview is not None:
        image.preview.reload()
    return image


def _is_open(image: bpy.types.Image) -> bool:
    """Tell whether an Image Editor shows an image."""
    return any(
        area.type == "IMAGE_EDITOR" and area.spaces.active.image == image
        for manager in bpy.data.window_managers
        for window in manager.windows
        for area in window.screen.areas
    )


def result_name(name: str, suffix: str) -> str:
    """Return what a result of an image is called, within Blender's limit on names."""
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension.lower() in FILE_EXTENSIONS:
        name = stem
    room = ours.LONGEST_NAME - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def same_results(one: str, other: str) -> bool:
    """Tell whether the results of two images are called the same: with and without an ending."""
    return result_name(one, "") == result_name(other, "")


def _linear_name() -> str:
    """Return the name of sRGB's linear light, or of scene-linear light where there is none."""
    spaces = bpy.types.ColorManagedInputColorspaceSettings.bl_rna.properties["name"].enum_items
    return next((name for name in LINEAR_COLORSPACES if name in spaces), None) or scene_linear()


def _pack(image: bpy.types.Image, file: bytes) -> None:
    image.pack(data=file, data_len=len(file))  # Blender's one copy; alone, so that it can be timed
