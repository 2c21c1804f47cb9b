# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Gaussians by their kind: written whole or not at all, read by what they begin with."""

import os
from pathlib import Path

import numpy as np

from . import glb, ply
from .encoding import for_display
from .shared import spz
from .splats import Splats, UnusableFile, colours_of, y_up

GZIP = b"\x1f\x8b"


def write(path: Path, splats: Splats) -> None:
    """Write a file of the kind that its ending says; it appears when it is whole.

    Raises:
        OSError: when it cannot be written.
        UnusableFile: when its ending says none of the kinds.
        shared.spz.Unwritable: when the Gaussians do not fit into an SPZ file.
    """
    encode = ENCODERS.get(path.suffix.lower())
    if encode is None:
        raise UnusableFile("The file's name must end in .ply, .spz or .glb. Name it so.")
    data = encode(splats)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def read(path: Path, display: bool) -> Splats:
    """Read a PLY or an SPZ file; ``display`` says whether a PLY's colors are for display.

    Raises:
        UnusableFile: when it cannot be opened, is damaged, or holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnusableFile(f"The file {path} cannot be read: {reason}.") from error
    if data.startswith((GZIP, spz.ZSTANDARD)):
        return _from_spz(data)
    return ply.decode(data, display)


def _from_spz(data: bytes) -> Splats:
    try:
        means, quats, scales, opacities, shown = spz.decode(data)
    except spz.Unreadable as error:
        raise UnusableFile(str(error)) from error
    constant = (shown - 0.5) / spz.SH_BAND0
    return Splats(means, np.zeros_like(means), colours_of(constant), opacities, scales, quats)


def _to_spz(splats: Splats) -> bytes:
    turned = y_up(splats)
    shown = for_display(turned.colours)
    return spz.encode(turned.means, turned.quats, turned.scales, turned.opacities, shown)


ENCODERS = {".ply": ply.encode, ".spz": _to_spz, ".glb": glb.encode}
"""How the Gaussians become a file, by its ending."""
