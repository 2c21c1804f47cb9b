"""Pictures from disk: whatever OpenImageIO reads, with orientation and transfer understood."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from backend.errors import Refused
from shared.messages import Transfer

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".hdr", ".bmp", ".tga"}
)
_LINEAR_SUFFIXES = frozenset({".exr", ".hdr"})
_KEPT_TYPES = {"uint8": oiio.UINT8, "uint16": oiio.UINT16}


@dataclass(frozen=True)
class PictureFile:
    """Pixels as stored, and what they mean."""

    pixels: np.ndarray
    """(H, W, C), 1 to 4 channels."""
    transfer: Transfer


def read_picture(path: Path) -> PictureFile:
    """Read a picture, turned upright by its EXIF orientation.

    Raises:
        Refused: when the file is missing or is no picture.
    """
    if not path.is_file():
        raise Refused("bad_image", f"There is no file {path}.", "Check the name.")
    buffer = oiio.ImageBuf(str(path))
    if not buffer.read(convert=oiio.UNKNOWN) or buffer.has_error:
        raise Refused(
            "bad_image",
            f"{path.name} is not a picture that can be read ({buffer.geterror().strip()}).",
            "PNG, JPEG, WebP, TIFF, EXR and HDR are.",
        )
    upright = oiio.ImageBufAlgo.reorient(buffer)
    kind = _KEPT_TYPES.get(str(upright.spec().format), oiio.FLOAT)
    pixels = upright.get_pixels(kind)
    if pixels is None:
        raise Refused("bad_image", f"{path.name} holds no pixels ({upright.geterror().strip()}).")
    linear = path.suffix.lower() in _LINEAR_SUFFIXES
    return PictureFile(pixels[..., :4], "linear" if linear else "srgb")


def read_mask(path: Path) -> np.ndarray:
    """Read a mask as (H, W): the alpha channel where there is one, else the first channel."""
    pixels = read_picture(path).pixels
    return pixels[..., -1] if pixels.shape[-1] in (2, 4) else pixels[..., 0]
