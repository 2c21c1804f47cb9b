# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels to the bytes of an OpenEXR file, on a thread that leaves Blender's own free."""

import struct
from io import BytesIO

import numpy as np

MAGIC, VERSION = 20000630, 2
HALF, FLOAT, UNCOMPRESSED, INCREASING_Y = 1, 2, 0, 0
LARGEST_HALF = 65504.0
BAND = 64
"""Rows that are converted in one go; other threads get their turn in between."""


def encode(colors: np.ndarray, alpha: np.ndarray | None = None) -> bytes:
    """Encode (H, W, 3) colors, and (H, W) alpha, as an OpenEXR file of half floats.

    (H, W) values become one channel of full floats: the steps of a half show in a height.

    It is a single-part scanline file, uncompressed: magic number, version, header, a table of where
    each row begins, then for each row from the top its y, its size, and its channels by alphabet.
    Blender packs such bytes with one copy, and decodes them itself when the image is first drawn.
    """
    height, width = colors.shape[:2]
    planes, full = _planes(colors, alpha), colors.ndim == 2
    names, item = sorted(planes), "<f4" if full else "<f2"
    row = np.dtype([("y", "<i4"), ("size", "<i4"), ("channels", item, (len(names), width))])
    head = _header(names, FLOAT if full else HALF, height, width)
    table = height * 8
    # numpy fills the bytes where they lie: joining pieces would hold every other thread meanwhile
    file = BytesIO(bytes(len(head) + table + height * row.itemsize))
    with file.getbuffer() as memory:
        memory[: len(head)] = head
        rows = np.frombuffer(memory, row, height, len(head) + table)
        starts = np.frombuffer(memory, "<u8", height, len(head))
        starts[:] = len(head) + table + np.arange(height) * row.itemsize
        rows["y"], rows["size"] = np.arange(height), row.itemsize - 8
        for index, name in enumerate(names):
            _fill(rows["channels"][:, index], planes[name])
        del rows, starts
    return file.getvalue()


def _planes(colors: np.ndarray, alpha: np.ndarray | None) -> dict[str, np.ndarray]:
    if colors.ndim == 2:
        return {"Y": colors}
    planes = {name: colors[..., index] for index, name in enumerate("RGB")}
    return planes if alpha is None else planes | {"A": alpha}


def _fill(target: np.ndarray, plane: np.ndarray) -> None:
    for top in range(0, len(plane), BAND):
        band = slice(top, top + BAND)
        target[band] = np.clip(plane[band], -LARGEST_HALF, LARGEST_HALF)


def _header(names: list[str], kind: int, height: int, width: int) -> bytes:
    channels = b"".join(_text(name) + struct.pack("<iB3xii", kind, 0, 1, 1) for name in names)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    return b"".join((
        struct.pack("<II", MAGIC, VERSION),
        _attribute("channels", "chlist", channels + b"\0"),
        _attribute("compression", "compression", bytes([UNCOMPRESSED])),
        _attribute("dataWindow", "box2i", window),
        _attribute("displayWindow", "box2i", window),
        _attribute("lineOrder", "lineOrder", bytes([INCREASING_Y])),
        _attribute("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        _attribute("screenWindowCenter", "v2f", struct.pack("<ff", 0.0, 0.0)),
        _attribute("screenWindowWidth", "float", struct.pack("<f", 1.0)),
        b"\0",
    ))  # fmt: skip


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return _text(name) + _text(kind) + struct.pack("<i", len(value)) + value


def _text(text: str) -> bytes:
    return text.encode() + b"\0"
