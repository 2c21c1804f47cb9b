"""Results as files: 16-bit PNG, EXR of one or several layers, 3DGS PLY, SPZ and a JSON report.

Files keep the conventions of the wire, except the PLY: splat viewers expect the camera of COLMAP
(x right, y down, z forward), so it is written in that.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from plyfile import PlyData, PlyElement

from backend.errors import Refused
from backend.image import linear_to_srgb
from backend.whole_files import whole_file
from shared import spz
from shared.messages import Report

LAYERS = {
    "normals": ("normal.X", "normal.Y", "normal.Z"),
    "depth": ("depth.Z",),
    "albedo": ("albedo.R", "albedo.G", "albedo.B"),
    "confidence": ("confidence.Y",),
    "height": ("height.Y",),
    "occlusion": ("occlusion.Y",),
}
"""Names of the channels that hold a map in an EXR of several layers."""
EXACT = frozenset({"depth.Z", "height.Y"})
"""Channels that half floats are too coarse for."""


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """Map normals −1..1 to the 0..1 of a normal map (OpenGL: green is up)."""
    return normals * 0.5 + 0.5


def write_image(path: Path, pixels: np.ndarray, linear: bool) -> Path:
    """Write (H, W) or (H, W, C) floats as 16-bit PNG (0..1) or half EXR, by the suffix.

    ``linear`` says that the values are data or linear light; in a PNG others are tagged sRGB.
    """
    with image_rows(path, pixels.shape, linear) as write:
        write(0, pixels)
    return path


def write_layers(path: Path, maps: Mapping[str, np.ndarray]) -> Path:
    """Write the maps (H, W) or (H, W, C) that are in ``LAYERS`` into one EXR."""
    kept = [name for name in LAYERS if name in maps]
    pixels = np.dstack([maps[name] for name in kept])
    names = tuple(channel for name in kept for channel in LAYERS[name])
    with image_rows(path, pixels.shape, linear=True, channels=names) as write:
        write(0, pixels)
    return path


@contextmanager
def image_rows(
    path: Path, shape: tuple[int, ...], linear: bool, channels: tuple[str, ...] = ()
) -> Iterator[Callable[[int, np.ndarray], None]]:
    """Open a picture file, as of ``write_image``, to be written some rows at a time.

    Gives a function that takes the number of the first row and the rows. ``channels`` are names;
    those in ``EXACT`` are floats. The file appears under its name when the block ends well.

    Raises:
        OSError: when it cannot be written.
    """
    kind = oiio.HALF if path.suffix == ".exr" else oiio.UINT16
    spec = oiio.ImageSpec(shape[1], shape[0], 1 if len(shape) == 2 else shape[2], kind)
    spec.attribute("oiio:ColorSpace", "lin_rec709" if linear else "sRGB")
    if channels:
        spec.channelnames = channels
        spec.channelformats = tuple("float" if name in EXACT else "half" for name in channels)
    output = oiio.ImageOutput.create(str(path))
    if output is None:
        raise OSError(f"{path} is of no kind that can be written: {oiio.geterror().strip()}")

    def check(done: bool) -> None:
        if not done:
            raise OSError(f"{path} could not be written: {output.geterror().strip()}")

    def write(top: int, rows: np.ndarray) -> None:
        values = rows.reshape(len(rows), spec.width, spec.nchannels)
        values = np.ascontiguousarray(values, dtype=np.float32)
        check(output.write_scanlines(top, top + len(rows), 0, values))

    with whole_file(path) as temporary:
        check(output.open(str(temporary), spec))
        try:
            yield write
            check(output.close())
        finally:
            output.close()


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light for display, clipped to 0..1."""
    return linear_to_srgb(torch.from_numpy(linear.clip(0.0, 1.0))).numpy()


def write_gaussians(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write the Gaussians as a 3DGS PLY (log scales, logit opacities, display colours)."""
    flip = np.array([1.0, -1.0, -1.0], np.float32)
    shown = _for_display(arrays["colours"])
    opacity = arrays["opacities"].clip(1e-6, 1 - 1e-6)
    columns = {
        **_columns("xyz", arrays["means"] * flip),
        **_columns(("nx", "ny", "nz"), arrays["gaussian_normals"] * flip),
        **_columns(("f_dc_0", "f_dc_1", "f_dc_2"), (shown - 0.5) / spz.SH_BAND0),
        "opacity": np.log(opacity / (1 - opacity)),
        **_columns(("scale_0", "scale_1", "scale_2"), np.log(arrays["scales"])),
        **_columns(
            ("rot_0", "rot_1", "rot_2", "rot_3"),
            arrays["quats"] * np.array([1, 1, -1, -1], np.float32),
        ),
    }
    table = np.empty(len(opacity), dtype=[(name, "f4") for name in columns])
    for name, values in columns.items():
        table[name] = values
    comment = "camera of COLMAP: x right, y down, z forward"
    with whole_file(path) as temporary:
        PlyData([PlyElement.describe(table, "vertex")], comments=[comment]).write(str(temporary))
    return path


def write_spz(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write the Gaussians as an SPZ file, which is a sixth of the PLY and less exact."""
    means, quats, scales = (arrays[part] for part in ("means", "quats", "scales"))
    shown = _for_display(arrays["colours"])
    try:
        data = spz.encode(means, quats, scales, arrays["opacities"], shown)
    except spz.Unwritable as error:
        raise Refused("bad_request", str(error), "Write a PLY instead (gaussians).") from error
    with whole_file(path) as temporary:
        temporary.write_bytes(data)
    return path


def write_report(path: Path, report: Report, extra: Mapping[str, object]) -> Path:
    """Write what was done as JSON."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps({**extra, **asdict(report)}, indent=2) + "\n")
    return path


def _for_display(linear: np.ndarray) -> np.ndarray:
    """Encode colours of Gaussians as other programs expect them; nothing is clipped."""
    return linear_to_srgb(torch.from_numpy(linear)).numpy()


def _columns(names: str | tuple[str, ...], values: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[:, index] for index, name in enumerate(names)}
