"""Pictures from disk: whatever OpenImageIO reads, with orientation, colours and lens understood."""

import os
import re
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
UNASSOCIATED = "oiio:UnassociatedAlpha"
"""What OpenImageIO calls colours that alpha has not darkened."""
_ASSOCIATED = frozenset({"openexr", "tiff"})
"""Formats whose colours alpha may have darkened already, whatever was wished for."""
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
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
"""What begins a segment of a JPEG, and what ends it; compressed pixels never look like it."""
_END = b"\xff\xd9"


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
    """Read a mask as (H, W): the alpha channel where it says something, else the first channel."""
    values = read_data(path)
    alpha = values[..., -1]
    says = values.shape[-1] in (2, 4) and bool((alpha < _full(values)).any())
    return alpha if says else values[..., 0]


def _read(path: Path) -> Stored:
    if not path.is_file():
        raise Refused("bad_image", f"There is no file {path}.", "Check the name.")
    if path != Path(os.fsencode(path).decode(errors="replace")):
        name = os.fsencode(path.name).decode(errors="replace")
        raise Refused("bad_image", f"The name {name} is not in UTF-8.", "Rename the file.")
    wishes = oiio.ImageSpec()
    wishes.attribute(UNASSOCIATED, 1)
    source = oiio.ImageInput.open(str(path), wishes)
    if source is None:
        raise _unreadable(path, oiio.geterror())
    spec = source.spec()
    _check_sides(path, spec.width, spec.height)
    kept = _KEPT_TYPES.get(str(spec.format), oiio.FLOAT)
    channels = _channels(source.format_name(), spec.nchannels, spec.alpha_channel)
    values = source.read_image(0, 0, 0, channels, kept)
    if values is None:
        raise _unreadable(path, source.geterror())
    if source.format_name() == "jpeg" and not _has_end(path.read_bytes()):
        raise _unreadable(path, "it ends too early")
    if source.format_name() == "openexr":
        _check_sides(path, spec.full_width, spec.full_height)
        corner = spec.x - spec.full_x, spec.y - spec.full_y
        values = _in_frame(values, corner, (spec.full_height, spec.full_width))
    associated = source.format_name() in _ASSOCIATED and spec.alpha_channel >= 0
    if associated and spec.get_int_attribute(UNASSOCIATED) != 1:
        values = _unassociated(values)
    turn = _UPRIGHT.get(spec.get_int_attribute("Orientation", 1))
    upright = values if turn is None else turn(values)
    return Stored(upright, {entry.name: entry.value for entry in spec.extra_attribs})


def _has_end(jpeg: bytes) -> bool:
    """Say whether a JPEG goes on to its end; libjpeg makes up what is missing, and only warns.

    What lies in a segment, such as a thumbnail, and what follows the end belong to other pictures.
    """
    place = 2
    while (marker := _MARKER.search(jpeg, place)) is not None:
        if marker[0] == _END:
            return True
        length = jpeg[marker.end() : marker.end() + 2]
        place = marker.end() + int.from_bytes(length, "big")
    return False


def _channels(kind: str, count: int, alpha: int) -> int:
    """Return how many channels are colour and alpha; a depth or a normal in an EXR is neither."""
    if kind != "openexr":
        return min(4, count)
    if alpha in (1, 3):
        return alpha + 1
    return 3 if count >= 3 else 1


def _in_frame(values: np.ndarray, corner: tuple[int, int], frame: tuple[int, int]) -> np.ndarray:
    """Put what was trimmed, or drawn beyond the frame (h, w), into it by its corner (x, y)."""
    if corner == (0, 0) and frame == values.shape[:2]:
        return values
    (left, top), (height, width) = corner, frame
    whole = np.zeros((height, width, values.shape[2]), values.dtype)
    above, before = max(0, -top), max(0, -left)
    seen = values[above : max(0, height - top), before : max(0, width - left)]
    rows, columns = seen.shape[:2]
    whole[top + above :, left + before :][:rows, :columns] = seen
    return whole


def _unassociated(values: np.ndarray) -> np.ndarray:
    """Divide colours by their alpha, where there is some."""
    if values.shape[2] not in (2, 4):
        return values
    full, alpha = _full(values), values[..., -1:]
    partly = (alpha > 0) & (alpha < full)
    if not partly.any():
        return values
    colour = values[..., :-1] / np.where(partly, alpha / full, 1.0)
    colour = colour if values.dtype.kind == "f" else colour.round().clip(0, full)
    return np.concatenate([colour.astype(values.dtype), alpha], axis=-1)


def _full(values: np.ndarray) -> float:
    """Return what stands for 1."""
    return float(np.iinfo(values.dtype).max) if values.dtype.kind == "u" else 1.0


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
        "PNG, JPEG, WebP, TIFF, EXR, HDR, BMP and TGA are.",
    )
