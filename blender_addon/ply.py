# SPDX-License-Identifier: GPL-3.0-or-later
"""3DGS PLY files: Gaussians to bytes and back.

The layout is what splat viewers and trainers share: opacity as logit, scales as logarithms, the
rotation wxyz, colours for display as the constant harmonic. The axes in the file are those of
COLMAP's camera (x right, y down, z forward), which is Blender's camera turned half around x.
"""

import numpy as np

from .shared.spz import SH_BAND0
from .splats import Splats, UnusableFile, colours_of, harmonic

FLIP = np.array([1.0, -1.0, -1.0], np.float32)
QUAT_FLIP = np.array([1.0, 1.0, -1.0, -1.0], np.float32)
"""The same half turn, before and after the rotation: a Gaussian's own axes have no sign."""
FARTHEST = 1e-6
"""Of an opacity from 0 and 1, where the logit ends."""

MEANS, NORMALS = ("x", "y", "z"), ("nx", "ny", "nz")
COLOURS = ("f_dc_0", "f_dc_1", "f_dc_2")
SCALES, QUATS = ("scale_0", "scale_1", "scale_2"), ("rot_0", "rot_1", "rot_2", "rot_3")
WRITTEN = (*MEANS, *NORMALS, *COLOURS, "opacity", *SCALES, *QUATS)
REQUIRED = (*MEANS, *COLOURS, "opacity", *SCALES, *QUATS)

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
LONGEST_HEADER = 65536


def encode(splats: Splats) -> bytes:
    """Return the Gaussians as a binary little-endian PLY file.

    Those of another program keep their axes, as Blender's own import of PLY leaves them.
    """
    flip, quat_flip = (1.0, 1.0) if splats.foreign else (FLIP, QUAT_FLIP)
    count = 0 if splats.harmonics is None else splats.harmonics.shape[1]
    names = (*WRITTEN, *(f"f_rest_{index}" for index in range(3 * count)))
    opacities = splats.opacities.astype(np.float64).clip(FARTHEST, 1.0 - FARTHEST)
    columns = np.column_stack([
        splats.means * flip,
        splats.normals * flip,
        harmonic(splats.colours),
        np.log(opacities) - np.log1p(-opacities),
        np.log(splats.scales.astype(np.float64)),
        splats.quats * quat_flip,
        *(() if splats.harmonics is None else np.moveaxis(splats.harmonics, 2, 0)),
    ])  # fmt: skip
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *(() if splats.foreign else ("comment camera of COLMAP: x right, y down, z forward",)),
        f"element vertex {len(columns)}",
        *(f"property float {name}" for name in names),
        "end_header",
    ]
    return ("\n".join(header) + "\n").encode() + columns.astype("<f4").tobytes()


def decode(data: bytes, display: bool = True) -> Splats:
    """Read the Gaussians of a PLY file in any order of properties, with or without normals.

    Its colours are for display, unless it is said that they are linear.

    View-dependent harmonics and unknown properties are passed over, as are Gaussians with a value
    that is not finite.

    Raises:
        UnusableFile: when it is truncated, or a PLY of something else.
    """
    order, rows, kind, body = _header(data)
    missing = [name for name in REQUIRED if name not in (kind.names or ())]
    if missing:
        raise UnusableFile(
            f"This PLY file holds no Gaussians: the properties {', '.join(missing)} are missing. "
            "Meshes and plain points come in through Blender's own PLY import."
        )
    table = _ascii(body, rows, kind) if order == "ascii" else _binary(body, rows, kind)
    with np.errstate(over="ignore", invalid="ignore"):
        return _activated(table, display)


def _header(data: bytes) -> tuple[str, int, np.dtype, bytes]:
    """Return the format, the number of Gaussians, their record, and what follows the header."""
    head, ending, body = data[:LONGEST_HEADER].partition(b"end_header")
    lines = head.decode("ascii", errors="replace").splitlines()
    if not lines or lines[0].strip() != "ply":
        raise UnusableFile("This is not a PLY file. Choose one that holds 3D Gaussians.")
    if not ending or b"\n" not in body:
        raise UnusableFile("The PLY file ends within its header. Save or download it again.")
    begin = len(head) + len(ending) + body.index(b"\n") + 1
    words = [line.split() for line in lines[1:] if line.strip()]
    order = next((line[1] for line in words if line[0] == "format" and len(line) > 1), "")
    if order not in ORDERS:
        raise UnusableFile(f"The PLY format “{order}” is not known. Save the file as binary PLY.")
    rows, kind = _record(words, ORDERS[order])
    return order, rows, kind, data[begin:]


def _record(words: list[list[str]], order: str) -> tuple[int, np.dtype]:
    """Read how many records the first element has, and of what they consist."""
    starts = [at for at, line in enumerate(words) if line[0] == "element"]
    fields: list[tuple[str, str]] = []
    try:
        _, name, rows = words[starts[0]]
        if name != "vertex":
            raise UnusableFile(f"The PLY file begins with “{name}”, not with points.")
        for line in words[starts[0] + 1 : [*starts, len(words)][1]]:
            if line[0] == "property":
                _, type_name, field = line  # a list has more words, and no fixed size
                fields.append((field, order + TYPES[type_name]))
        return int(rows), np.dtype(fields)
    except (IndexError, KeyError, ValueError) as error:
        raise UnusableFile(
            "The header of the PLY file describes no plain points. Choose a file of 3D Gaussians."
        ) from error


def _binary(body: bytes, rows: int, kind: np.dtype) -> np.ndarray:
    if rows < 0 or len(body) < rows * kind.itemsize:
        raise _truncated(len(body) // kind.itemsize, rows)
    return np.frombuffer(body, kind, rows)


def _ascii(body: bytes, rows: int, kind: np.dtype) -> np.ndarray:
    words, names = body.split(), kind.names or ()
    width = len(names)
    if rows < 0 or len(words) < rows * width:
        raise _truncated(len(words) // width, rows)
    try:
        values = np.array(words[: rows * width], dtype=np.float64).reshape(rows, width)
    except ValueError as error:
        raise UnusableFile(f"The PLY file is damaged: {error}.") from error
    table = np.empty(rows, kind)
    for index, name in enumerate(names):
        table[name] = values[:, index]
    return table


def _truncated(there: int, rows: int) -> UnusableFile:
    return UnusableFile(
        f"The PLY file is truncated: it announces {rows:,} Gaussians and holds {there:,}. "
        "Save or download it again."
    )


def _activated(table: np.ndarray, display: bool) -> Splats:
    has_normals = set(NORMALS) <= set(table.dtype.names or ())
    means = _columns(table, MEANS) * FLIP
    normals = _columns(table, NORMALS) * FLIP if has_normals else np.zeros_like(means)
    constant = _columns(table, COLOURS)
    colours = colours_of(constant) if display else constant * SH_BAND0 + 0.5
    opacities: np.ndarray = 1.0 / (1.0 + np.exp(-table["opacity"].astype(np.float64)))
    scales = np.exp(_columns(table, SCALES))
    quats = _columns(table, QUATS) * QUAT_FLIP
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    parts = [
        part.astype(np.float32) for part in (means, normals, colours, opacities, scales, quats)
    ]
    finite = np.logical_and.reduce(
        [np.isfinite(part).all(axis=tuple(range(1, part.ndim))) for part in parts]
    )
    if not finite.all():
        parts = [part[finite] for part in parts]
    means, normals, colours, opacities, scales, quats = parts
    return Splats(means, normals, colours, opacities, scales, quats)


def _columns(table: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([table[name].astype(np.float64) for name in names])
