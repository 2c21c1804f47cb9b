"""Pictures from disk: whatever OpenImageIO reads, with orientation, colours and lens understood."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from backend.errors import Refused
from backend.lens import field_of_view
from backend.profiles import as_srgb
from shared.messages import Transfer
from shared.transfer import MAX_SIDE

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".hdr", ".bmp", ".tga"}
)
_LINEAR_SUFFIXES = frozenset({".exr", ".hdr"})
_KEPT_TYPES = {"uint8": oiio.UINT8, "uint16": oiio.UINT16}
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],
    7: lambda stored: stored.swapaxes(0, 1)[::-1, ::-1],
    8: lambda stored: stored.swapaxes(0, 1)[::-1],
}
"""What turns a picture upright, by the values of EXIF's orientation; views, for large ones."""


@dataclass(frozen=True)
class PictureFile:
    """Pixels as stored but for their primaries, and what they mean."""

    pixels: np.ndarray
    """(H, W, C), 1 to 4 channels."""
    transfer: Transfer
    fov_degrees: float | None = None
    """Horizontal field of view, where the file knows the lens."""


@dataclass(frozen=True)
class Stored:
    """What a file holds, upright."""

    values: np.ndarray
    """(H, W, C), 1 to 4 channels."""
    attributes: Mapping[str, object]
    """As OpenImageIO names them."""


def read_picture(path: Path) -> PictureFile:
    """Read a picture, upright by its EXIF orientation, with the primaries of sRGB.

    Raises:
        Refused: when the file is missing, is no picture, or is larger than any that we take.
    """
    stored = _read(path)
    values, attributes = stored.values, stored.attributes
    linear = path.suffix.lower() in _LINEAR_SUFFIXES or values.dtype.kind == "f"
    transfer: Transfer = "linear" if linear else "srgb"
    fov = field_of_view(attributes, values.shape[1], values.shape[0])
    return PictureFile(as_srgb(values, transfer, attributes), transfer, fov)


def read_data(path: Path) -> np.ndarray:
    """Read values that are no colours as they are stored, (H, W, C), upright.

    Raises:
        Refused: as for ``read_picture``.
    """
    return _read(path).values


def read_mask(path: Path) -> np.ndarray:
    """Read a mask as (H, W): the alpha channel where there is one, else the first channel."""
    values = read_data(path)
    return values[..., -1] if values.shape[-1] in (2, 4) else values[..., 0]


def _read(path: Path) -> Stored:
    if not path.is_file():
        raise Refused("bad_image", f"There is no file {path}.", "Check the name.")
    wishes = oiio.ImageSpec()
    wishes.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), wishes)
    if source is None:
        raise _unreadable(path, oiio.geterror())
    spec = source.spec()
    _check_sides(path, spec.width, spec.height)
    kept = _KEPT_TYPES.get(str(spec.format), oiio.FLOAT)
    values = source.read_image(0, 0, 0, min(4, spec.nchannels), kept)
    if values is None:
        raise _unreadable(path, source.geterror())
    turn = _UPRIGHT.get(spec.get_int_attribute("Orientation", 1))
    upright = values if turn is None else turn(values)
    return Stored(upright, {entry.name: entry.value for entry in spec.extra_attribs})


def _check_sides(path: Path, width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise Refused(
            "too_large",
            f"{path.name} is {width}×{height} pixels; up to {MAX_SIDE} pixels a side are possible.",
            "Scale the picture down, or cut it into parts.",
        )


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "bad_image",
        f"{path.name} is not a picture that can be read ({why.strip()}).",
        "PNG, JPEG, WebP, TIFF, EXR and HDR are.",
    )
