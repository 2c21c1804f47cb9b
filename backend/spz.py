"""SPZ files, the compressed form of 3D Gaussians: version 3 of Niantic's format, written only.

A gzip stream of a header and six blocks: positions in 24-bit fixed point, opacities, colours and
logarithms of the scales in a byte each, rotations in 32 bits, no harmonics above the constant. The
axes are x right, y up, z toward the viewer, as on our wire. Source: github.com/nianticlabs/spz.
"""

import gzip
import math
import struct

import numpy as np
from jaxtyping import Float, UInt8, UInt32

from backend.errors import Refused

MAGIC = 0x5053474E
VERSION = 3
HEADER = struct.Struct("<IIIBBBB")
SH_BAND0 = 0.28209479177387814
"""Value of the constant spherical harmonic; files of splats store colours divided by it."""
POSITION_BITS = 23
"""Of a coordinate, beside its sign."""
FINEST = 16
"""Most of them that may stand behind the point; more is no use to 32-bit floats."""
COMPONENT = (1 << 9) - 1
"""Largest magnitude of a stored component of a rotation, which stands for √½."""

WRITE_PLY = "Write a PLY instead (gaussians)."


def encode(
    means: Float[np.ndarray, "n 3"],
    quats: Float[np.ndarray, "n 4"],
    scales: Float[np.ndarray, "n 3"],
    opacities: Float[np.ndarray, " n"],
    colours: Float[np.ndarray, "n 3"],
) -> bytes:
    """Return Gaussians as a file; rotations are wxyz, axes those of the wire.

    Raises:
        Refused: when a value is not finite, or a mean lies farther out than 8 million units.
    """
    with np.errstate(divide="ignore"):
        sizes = np.log(scales.astype(np.float64))
    if not all(np.isfinite(each).all() for each in (means, quats, sizes, opacities, colours)):
        raise Refused("internal", "There are Gaussians without a place or a size.", WRITE_PLY)
    fraction = _fraction_bits(float(np.abs(means).max(initial=0.0)))
    fixed = np.round(means.astype(np.float64) * 2.0**fraction)
    fixed = fixed.clip(1 - 2**POSITION_BITS, 2**POSITION_BITS - 1).astype("<i4")
    harmonics = (colours - 0.5) / SH_BAND0
    header = HEADER.pack(MAGIC, VERSION, len(means), 0, fraction, 0, 0)
    blocks = (
        np.ascontiguousarray(fixed).view(np.uint8).reshape(-1, 4)[:, :3],
        _bytes(opacities * 255.0),
        _bytes(harmonics * (0.15 * 255.0) + 127.5),
        _bytes((sizes + 10.0) * 16.0),
        _rotations(quats.astype(np.float64)).astype("<u4").view(np.uint8),
    )
    return gzip.compress(header + b"".join(block.tobytes() for block in blocks), mtime=0)


def _fraction_bits(farthest: float) -> int:
    """Return how many bits may stand behind the point so that all coordinates fit."""
    whole = max(0, math.frexp(farthest)[1])
    if whole > POSITION_BITS:
        message = f"A Gaussian lies at {farthest:g}, too far out for an SPZ file."
        raise Refused("bad_request", message, WRITE_PLY)
    return min(FINEST, POSITION_BITS - whole)


def _bytes(values: Float[np.ndarray, "*s"]) -> UInt8[np.ndarray, "*s"]:
    return np.round(values).clip(0, 255).astype(np.uint8)


def _rotations(quats: Float[np.ndarray, "n 4"]) -> UInt32[np.ndarray, " n"]:
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
