# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender images to arrays and back; arrays run top to bottom, Blender's rows bottom to top."""

from dataclasses import dataclass

import bpy
import numpy as np

from .shared.messages import Transfer
from .shared.transfer import MAX_SIDE

SMALLEST_SIDE = 8
FILE_EXTENSIONS = frozenset(
    {"png", "jpg", "jpeg", "webp", "tif", "tiff", "exr", "hdr", "bmp", "tga"}
)
"""Endings of file names, which Blender keeps in the names of images and results do without."""
MAX_NAME_BYTES = 63
RAW_COLORSPACES = {"Non-Color", "Linear Rec.709"}


class UnusableImage(Exception):
    """The image cannot be worked on; the text says why and what to do."""


@dataclass(frozen=True)
class Picture:
    """An image's values as they go to the backend, alpha straight."""

    values: np.ndarray
    """(H, W, 3) or (H, W, 4), uint8 as in the file or float32."""
    transfer: Transfer


def read_picture(image: bpy.types.Image) -> Picture:
    """Read an image: 8-bit values as they are in the file, others as linear floats.

    Raises:
        UnusableImage: when there is nothing in it to work on.
    """
    pixels = _read_pixels(image)  # an alpha that is 1 all over goes along: dropping it is a copy
    if image.is_float:
        premultiplied = image.alpha_mode in {"STRAIGHT", "PREMUL"}
        if premultiplied and pixels.shape[2] == 4 and bool((pixels[..., 3] != 1.0).any()):
            pixels = _straight(pixels)  # Blender keeps float images premultiplied
        return Picture(pixels, "linear")
    encoded = np.rint(pixels * 255.0).astype(np.uint8)
    transfer: Transfer = "linear" if image.colorspace_settings.name in RAW_COLORSPACES else "srgb"
    return Picture(encoded, transfer)


def read_mask(image: bpy.types.Image, size: tuple[int, int]) -> np.ndarray:
    """Read an image as a mask of a (height, width) picture: (H, W) uint8, white is the object.

    Raises:
        UnusableImage: when it is empty or of another size.
    """
    pixels = _read_pixels(image)
    if pixels.shape[:2] != size:
        raise UnusableImage(
            f"The mask “{image.name}” has {pixels.shape[1]} × {pixels.shape[0]} pixels and the "
            f"picture {size[1]} × {size[0]}. Choose a mask of the picture's size."
        )
    white = pixels[..., :3].max(-1)
    if pixels.shape[2] == 4:
        white = white * pixels[..., 3]
    return (np.nan_to_num(white).clip(0.0, 1.0) * 255.0).astype(np.uint8)


def show(name: str, file: bytes, colorspace: str) -> bpy.types.Image:
    """Show an EXR file's bytes in the image of that name, made or refreshed.

    They are packed into it, so undo, redo and saving keep them; Blender decodes them when they are
    first looked at. The path is never read: it says what Blender calls the file when it saves one.
    """
    image = bpy.data.images.get(name)
    if image is None:
        image = bpy.data.images.new(name, 1, 1, float_buffer=True)
        image.use_fake_user = True  # an image that nothing shows is not saved
    if image.source != "FILE":
        image.source = "FILE"
    image.filepath_raw = f"//{bpy.path.clean_name(name)}.exr"  # ``filepath`` would look for it
    _pack(image, file)
    image.buffers_free()  # what was shown so far
    image.colorspace_settings.name = colorspace
    image.alpha_mode = "CHANNEL_PACKED"  # otherwise the colors are multiplied by alpha
    image.update_tag()
    if image.preview is not None:
        image.preview.reload()
    return image


def result_name(name: str, suffix: str) -> str:
    """Return what a result of an image is called, within Blender's limit on names."""
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension.lower() in FILE_EXTENSIONS:
        name = stem
    room = MAX_NAME_BYTES - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def _read_pixels(image: bpy.types.Image) -> np.ndarray:
    if image.type in {"RENDER_RESULT", "COMPOSITING"}:
        raise UnusableImage("A render result cannot be read. Save it as an image and open that.")
    width, height = image.size  # asking for the size loads the file
    if width * height == 0 or not image.has_data:
        raise UnusableImage(
            f"The image “{image.name}” has no pixels. Check that its file exists and is a single "
            "picture, then reload it."
        )
    if min(width, height) < SMALLEST_SIDE:
        raise UnusableImage(
            f"The image “{image.name}” has {width} × {height} pixels; at least {SMALLEST_SIDE} "
            "each way are needed. Choose a larger image."
        )
    if max(width, height) > MAX_SIDE:
        raise UnusableImage(
            f"The image “{image.name}” has {width} × {height} pixels; at most {MAX_SIDE} each way "
            "are possible. Scale it down and try again."
        )
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    rows = pixels.reshape(height, width, image.channels)[::-1]
    return rows if image.channels >= 3 else np.repeat(rows[..., :1], 3, axis=-1)


def _straight(premultiplied: np.ndarray) -> np.ndarray:
    straight = premultiplied.copy()
    alpha = straight[..., 3:]
    np.divide(straight[..., :3], alpha, out=straight[..., :3], where=alpha > 0.0)
    return straight


def _pack(image: bpy.types.Image, file: bytes) -> None:
    image.pack(data=file, data_len=len(file))  # Blender's one copy; alone, so that it can be timed
