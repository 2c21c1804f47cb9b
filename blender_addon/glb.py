# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaussians as binary glTF with the extension KHR_gaussian_splatting; written only.

One mesh of points whose attributes the extension names: y up, rotations xyzw, scales and opacities
as they are, colors for display as the constant harmonic. A viewer that does not know it shows the
points in their colors.
"""

import json
import struct

import numpy as np

from .splats import Splats, harmonic, y_up

EXTENSION = "KHR_gaussian_splatting"
HEADER, CHUNK = struct.Struct("<III"), struct.Struct("<II")
MAGIC, VERSION, JSON, BINARY = 0x46546C67, 2, 0x4E4F534A, 0x004E4942
FLOATS = 5126
KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


def encode(splats: Splats) -> bytes:
    """Return the Gaussians as a .glb file."""
    turned = y_up(splats)
    columns = {
        "POSITION": turned.means,
        "COLOR_0": np.column_stack([turned.colours.clip(0.0, 1.0), turned.opacities]),
        f"{EXTENSION}:ROTATION": turned.quats[:, [1, 2, 3, 0]],
        f"{EXTENSION}:SCALE": turned.scales,
        f"{EXTENSION}:OPACITY": turned.opacities[:, None],
        f"{EXTENSION}:SH_DEGREE_0_COEF_0": harmonic(turned.colours),
    }
    blocks = [np.ascontiguousarray(values, "<f4") for values in columns.values()]
    body = b"".join(block.tobytes() for block in blocks)
    text = json.dumps(_document(list(columns), blocks, len(body))).encode()
    text += b" " * (-len(text) % 4)
    chunks = CHUNK.pack(len(text), JSON) + text + CHUNK.pack(len(body), BINARY) + body
    return HEADER.pack(MAGIC, VERSION, HEADER.size + len(chunks)) + chunks


def _document(names: list[str], blocks: list[np.ndarray], size: int) -> dict[str, object]:
    sizes = [block.nbytes for block in blocks]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    accessors = [
        {
            "bufferView": index,
            "componentType": FLOATS,
            "count": len(block),
            "type": KINDS[block.shape[1]],
        }
        for index, block in enumerate(blocks)
    ]
    if len(blocks[0]):
        accessors[0] |= {"min": blocks[0].min(0).tolist(), "max": blocks[0].max(0).tolist()}
    primitive = {
        "mode": 0,
        "attributes": {name: index for index, name in enumerate(names)},
        "extensions": {EXTENSION: {"kernel": "ellipse", "colorSpace": "srgb_rec709_display"}},
    }
    return {
        "asset": {"version": "2.0", "generator": "CLONE Normals"},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "accessors": accessors,
        "bufferViews": [
            {"buffer": 0, "byteOffset": start, "byteLength": length}
            for start, length in zip(starts, sizes, strict=True)
        ],
        "buffers": [{"byteLength": size}],
    }
