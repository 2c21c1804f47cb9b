"""Colours of pictures that are not sRGB: ICC profiles, colour spaces and primaries of files."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from jaxtyping import Float, Shaped

from backend.errors import Refused
from backend.image import linear_to_srgb, srgb_to_linear
from shared.messages import Transfer

Decoder = Callable[[Float[np.ndarray, "n 3"]], Float[np.ndarray, "n 3"]]
"""From stored colours to linear light of the sRGB primaries."""

SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
SAME = 2e-3
"""Decoders that differ by no more than this, in linear light, are one."""
BLOCK = 1 << 20
"""Pixels converted at once."""
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def as_srgb(
    pixels: Shaped[np.ndarray, "h w c"], transfer: Transfer, attributes: Mapping[str, object]
) -> Shaped[np.ndarray, "h w c"]:
    """Bring a picture to the primaries and the transfer function that ``transfer`` stands for.

    ``attributes`` are those of the file, named as OpenImageIO names them. A picture that is right
    already is returned as it is; integers become 16 bits, where a byte would be too coarse.
    """
    decode = decoder_of(attributes)
    if pixels.shape[2] < 3 or decode is None or _is_usual(decode, transfer):
        return pixels
    kind = np.dtype(np.uint16 if pixels.dtype.kind == "u" else np.float32)
    converted = np.empty(pixels.shape, kind)
    rows = max(1, BLOCK // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        part = _unit(pixels[top : top + rows])
        colours = decode(np.ascontiguousarray(part[..., :3].reshape(-1, 3)))
        colours = _encoded(colours) if transfer == "srgb" else colours
        part[..., :3] = colours.reshape(*part.shape[:2], 3)
        converted[top : top + rows] = part * 65535 + 0.5 if kind == np.uint16 else part
    return converted


def decoder_of(attributes: Mapping[str, object]) -> Decoder | None:
    """Return how a file says its colours are stored; None when it does not say."""
    profile, primaries = attributes.get("ICCProfile"), attributes.get("chromaticities")
    space = str(attributes.get("oiio:ColorSpace") or "")
    if profile is not None and attributes.get("ICCProfile:color_space") == "RGB":
        return _of_profile(np.asarray(profile, np.uint8).tobytes())
    if primaries is not None:
        matrix = to_srgb_matrix(np.asarray(primaries, np.float64))
        return lambda colours: (colours @ matrix.T).astype(np.float32)
    known = oiio.ColorConfig().resolve(space) in oiio.ColorConfig().getColorSpaceNames()
    return _of_space(space) if space and known else None


def to_srgb_matrix(primaries: Float[np.ndarray, " 8"]) -> Float[np.ndarray, "3 3"]:
    """Return the matrix from linear light of some primaries to that of sRGB.

    ``primaries`` are x and y of red, green, blue and white; white stays white (Bradford).
    """
    ours = np.array(SRGB_PRIMARIES)
    white, target = (BRADFORD @ _xyz(xy[6], xy[7]) for xy in (primaries, ours))
    adapt = np.linalg.inv(BRADFORD) @ np.diag(target / white) @ BRADFORD
    return np.linalg.inv(_to_xyz(ours)) @ adapt @ _to_xyz(primaries)


def _to_xyz(primaries: Float[np.ndarray, " 8"]) -> Float[np.ndarray, "3 3"]:
    columns = np.stack([_xyz(x, y) for x, y in primaries[:6].reshape(3, 2)], axis=1)
    return columns * np.linalg.solve(columns, _xyz(primaries[6], primaries[7]))


def _xyz(x: float, y: float) -> Float[np.ndarray, " 3"]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _of_profile(profile: bytes) -> Decoder:
    """Decode by an ICC profile of the matrix and curves kind, as cameras and editors embed it."""
    path = _profile_file(profile)
    to_srgb = np.linalg.inv(_to_xyz(np.array(SRGB_PRIMARIES)))

    def decode(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        buffer = oiio.ImageBuf(colours[None])
        # profiles describe the way to a display; inverted, it leads to XYZ under D65
        found = oiio.ImageBufAlgo.ociofiletransform(buffer, str(path), inverse=True)
        return (_colours(None if found.has_error else found.get_pixels()) @ to_srgb.T).astype(
            np.float32
        )

    return decode


def _of_space(space: str) -> Decoder:
    def decode(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        buffer = oiio.ImageBuf(colours[None])
        found = oiio.ImageBufAlgo.colorconvert(buffer, space, "lin_rec709")
        return _colours(None if found.has_error else found.get_pixels())

    return decode


def _colours(row: np.ndarray | None) -> Float[np.ndarray, "n 3"]:
    if row is None:
        oiio.geterror()  # it names files of ours, and nothing that helps
        raise Refused(
            "bad_image",
            "The picture's colour profile is of a kind that is not understood.",
            "Convert the picture to sRGB in your picture editor.",
        )
    return row[0]


def _is_usual(decode: Decoder, transfer: Transfer) -> bool:
    """Whether a decoder does what would be done anyway."""
    steps = np.linspace(0.0, 1.0, 9, dtype=np.float32)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    usual = srgb_to_linear(torch.from_numpy(colours)).numpy() if transfer == "srgb" else colours
    return bool(np.abs(decode(colours) - usual).max() < SAME)


def _encoded(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    return linear_to_srgb(torch.from_numpy(colours.clip(0.0, 1.0))).numpy()


def _unit(values: Shaped[np.ndarray, "h w c"]) -> Float[np.ndarray, "h w c"]:
    scale = np.iinfo(values.dtype).max if values.dtype.kind == "u" else 1
    return values.astype(np.float32) / np.float32(scale)


@cache
def _profiles() -> Path:
    """Return this process's folder of profiles: they are read from files only."""
    folder = tempfile.mkdtemp(prefix="clone-normals-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _profile_file(profile: bytes) -> Path:
    path = _profiles() / f"{hashlib.sha256(profile).hexdigest()}.icc"
    if not path.is_file():
        path.write_bytes(profile)
    return path
