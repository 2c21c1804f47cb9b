"""SPZ files, the compressed form of 3D Gaussians: Niantic's format, written as version 3.

A gzip stream of a header and blocks: positions in 24-bit fixed point, opacities, colours and
logarithms of the scales in a byte each, rotations in 32 bits (24 in version 2), and harmonics above
the constant, which are neither written nor read. The axes are x right, y up, z toward the viewer,
as on our wire; the colours are for display. Source: github.com/nianticlabs/spz.
"""

import gzip
import io
import math
import struct
import zlib
from itertools import pairwise

import numpy as np

MAGIC = 0x5053474E
VERSION = 3
ZSTANDARD = b"NGSP"
"""A file of version 4 and later begins with this instead of a gzip stream."""
HEADER = struct.Struct("<IIIBBBB")
MOST = 10_000_000
"""Gaussians in one file, as in Niantic's own library."""
SH_BAND0 = 0.28209479177387814
"""Value of the constant spherical harmonic; files of splats store colours divided by it."""
COLOUR_RANGE = 0.15
"""Of a byte, what a unit of that harmonic takes."""
POSITION_BITS = 23
"""Of a coordinate, beside its sign."""
FINEST = 16
"""Most of them that may stand behind the point; more is no use to 32-bit floats."""
COMPONENT = (1 << 9) - 1
"""Largest magnitude of a stored component of a rotation, which stands for √½."""


class Unwritable(Exception):
    """The Gaussians do not fit into an SPZ file; the text says why."""


class Unreadable(Exception):
    """The file is no SPZ that can be read; the text says why and what to do."""


def encode(
    means: np.ndarray,
    quats: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    colours: np.ndarray,
) -> bytes:
    """Return Gaussians as a file.

    Args:
        means: (N, 3), in the axes of the wire.
        quats: (N, 4), wxyz.
        scales: (N, 3), standard deviations.
        opacities: (N,), 0..1.
        colours: (N, 3), for display.

    Raises:
        Unwritable: when a value is not finite, or a mean lies farther out than 8 million units.
    """
    with np.errstate(divide="ignore"):
        sizes = np.log(scales.astype(np.float64))
    if not all(np.isfinite(each).all() for each in (means, quats, sizes, opacities, colours)):
        raise Unwritable("There are Gaussians without a place or a size.")
    fraction = _fraction_bits(float(np.abs(means).max(initial=0.0)))
    fixed = np.round(means.astype(np.float64) * 2.0**fraction)
    fixed = fixed.clip(1 - 2**POSITION_BITS, 2**POSITION_BITS - 1).astype("<i4")
    harmonics = (colours - 0.5) / SH_BAND0
    header = HEADER.pack(MAGIC, VERSION, len(means), 0, fraction, 0, 0)
    blocks = (
        np.ascontiguousarray(fixed).view(np.uint8).reshape(-1, 4)[:, :3],
        _bytes(opacities * 255.0),
        _bytes(harmonics * (COLOUR_RANGE * 255.0) + 127.5),
        _bytes((sizes + 10.0) * 16.0),
        _rotations(quats.astype(np.float64)).astype("<u4").view(np.uint8),
    )
    return gzip.compress(header + b"".join(block.tobytes() for block in blocks), mtime=0)


def decode(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read a file of version 2 or 3; return what ``encode`` takes, as float32.

    Raises:
        Unreadable: when it is of another version, damaged, or no SPZ at all.
    """
    if data.startswith(ZSTANDARD):
        raise Unreadable(
            "This SPZ file is of version 4 or later. Blender 5.3 reads it by its own import, "
            "or convert it to version 3 or to a PLY."
        )
    version, count, fraction, body = _unpacked(data)
    ends = np.cumsum([0, *_sizes(version)]) * count
    raw = np.frombuffer(body, np.uint8)
    blocks = [raw[begin:end] for begin, end in pairwise(ends)]
    places, alphas, paints, logarithms, rotations = blocks
    parts = (
        _fixed(places) / 2.0**fraction,
        _turned(rotations) if version == VERSION else _turned_in_bytes(rotations),
        np.exp(logarithms.reshape(-1, 3) / 16.0 - 10.0),
        alphas / 255.0,
        (paints.reshape(-1, 3) / 255.0 - 0.5) / COLOUR_RANGE * SH_BAND0 + 0.5,
    )
    means, quats, scales, opacities, colours = (part.astype(np.float32) for part in parts)
    return means, quats, scales, opacities, colours


def _sizes(version: int) -> tuple[int, ...]:
    """Return how many bytes a Gaussian takes in each block."""
    return (9, 1, 3, 3, 4 if version == VERSION else 3)


def _unpacked(data: bytes) -> tuple[int, int, int, bytes]:
    """Return the version, the number of Gaussians, the bits behind the point, and the blocks."""
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            magic, version, count, _, fraction, _, _ = HEADER.unpack(stream.read(HEADER.size))
            if magic != MAGIC or version not in (2, VERSION):
                raise Unreadable("This is no SPZ file of version 2 or 3. Convert it to a PLY.")
            if count > MOST:
                raise Unreadable(f"The SPZ file announces {count:,} Gaussians; {MOST:,} are read.")
            wanted = count * sum(_sizes(version))
            body = stream.read(wanted)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise Unreadable("This is no SPZ file, or a damaged one. Download it again.") from error
    if len(body) < wanted:
        raise Unreadable("The SPZ file is truncated. Save or download it again.")
    return version, count, fraction, body


def _fixed(places: np.ndarray) -> np.ndarray:
    """Return (N, 3) whole numbers of 24 bits with their sign."""
    wide = np.zeros((len(places) // 3, 4), np.uint8)
    wide[:, 1:] = places.reshape(-1, 3)
    return (wide.view("<i4") >> 8).reshape(-1, 3)


def _turned(packed: np.ndarray) -> np.ndarray:
    """Unpack rotations of 32 bits, as wxyz."""
    words = np.frombuffer(packed.tobytes(), "<u4")
    largest, xyzw = words >> 30, np.zeros((len(words), 4))
    for component in (3, 2, 1, 0):
        size = (words & COMPONENT) / COMPONENT * np.sqrt(0.5)
        value = np.where(words >> 9 & 1, -size, size)
        here = component != largest
        xyzw[:, component] = np.where(here, value, 0.0)
        words = np.where(here, words >> 10, words)
    xyzw[np.arange(len(words)), largest] = np.sqrt((1.0 - (xyzw**2).sum(1)).clip(0.0))
    return xyzw[:, [3, 0, 1, 2]]


def _turned_in_bytes(packed: np.ndarray) -> np.ndarray:
    """Unpack rotations of 24 bits, as wxyz."""
    xyz = packed.reshape(-1, 3) / 127.5 - 1.0
    return np.column_stack([np.sqrt((1.0 - (xyz**2).sum(1)).clip(0.0)), xyz])


def _fraction_bits(farthest: float) -> int:
    """Return how many bits may stand behind the point so that all coordinates fit."""
    whole = max(0, math.frexp(farthest)[1])
    if whole > POSITION_BITS:
        raise Unwritable(f"A Gaussian lies at {farthest:g}, too far out for an SPZ file.")
    return min(FINEST, POSITION_BITS - whole)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.round(values).clip(0, 255).astype(np.uint8)


def _rotations(quats: np.ndarray) -> np.ndarray:
    """Pack rotations: which component (of xyzw) is largest, then the other three.

    A component takes a sign and nine bits; the largest is positive and follows from the length.
    """
    xyzw = quats[:, [1, 2, 3, 0]] / np.linalg.norm(quats, axis=1, keepdims=True)
    largest = np.abs(xyzw).argmax(1)
    rows = np.arange(len(xyzw))
    xyzw = xyzw * np.where(xyzw[rows, largest] < 0, -1.0, 1.0)[:, None]
    packed = largest.astype(np.uint32)
    for component in range(4):
        value = xyzw[:, component]
        magnitude = np.floor(COMPONENT * np.abs(value) * np.sqrt(2.0) + 0.5).astype(np.uint32)
        with_sign = (value < 0).astype(np.uint32) << 9 | np.minimum(magnitude, COMPONENT)
        packed = np.where(component == largest, packed, packed << 10 | with_sign)
    return packed.astype(np.uint32)
