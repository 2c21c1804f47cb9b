"""Results as files: 16-bit PNG, EXR, 3DGS PLY and a JSON report.

Files keep the conventions of the wire, except the PLY: splat viewers expect the camera of COLMAP
(x right, y down, z forward), so it is written in that.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from plyfile import PlyData, PlyElement

from backend.image import linear_to_srgb
from shared.messages import Report

SH_BAND0 = 0.28209479177387814
"""Value of the constant spherical harmonic; 3DGS files store colours divided by it."""


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """Map normals −1..1 to the 0..1 of a normal map (OpenGL: green is up)."""
    return normals * 0.5 + 0.5


def write_image(path: Path, pixels: np.ndarray, linear: bool) -> Path:
    """Write (H, W) or (H, W, C) floats as 16-bit PNG (0..1) or half EXR, by the suffix.

    ``linear`` says that the values are data or linear light; in a PNG others are tagged sRGB.
    The file appears under its name only when it is whole.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    exr = path.suffix == ".exr"
    spec = oiio.ImageSpec(width, height, channels, oiio.HALF if exr else oiio.UINT16)
    spec.attribute("oiio:ColorSpace", "lin_rec709" if linear else "sRGB")
    values = np.ascontiguousarray(pixels, dtype=np.float32).reshape(height, width, channels)
    buffer = oiio.ImageBuf(spec)
    buffer.set_pixels(oiio.ROI(), values if exr else values.clip(0.0, 1.0))
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    if not buffer.write(str(temporary)):
        raise OSError(f"{path} could not be written: {buffer.geterror()}")
    os.replace(temporary, path)
    return path


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light for display, clipped to 0..1."""
    return linear_to_srgb(torch.from_numpy(linear.clip(0.0, 1.0))).numpy()


def write_gaussians(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write the Gaussians as a 3DGS PLY (log scales, logit opacities, constant harmonics)."""
    flip = np.array([1.0, -1.0, -1.0], np.float32)
    opacity = arrays["opacities"].clip(1e-6, 1 - 1e-6)
    columns = {
        **_columns("xyz", arrays["means"] * flip),
        **_columns(("nx", "ny", "nz"), arrays["gaussian_normals"] * flip),
        **_columns(("f_dc_0", "f_dc_1", "f_dc_2"), (arrays["colours"] - 0.5) / SH_BAND0),
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
    temporary = path.with_suffix(".part")
    PlyData([PlyElement.describe(table, "vertex")], comments=[comment]).write(str(temporary))
    os.replace(temporary, path)
    return path


def write_report(path: Path, report: Report, extra: Mapping[str, object]) -> Path:
    """Write what was done as JSON."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps({**extra, **asdict(report)}, indent=2) + "\n")
    os.replace(temporary, path)
    return path


def _columns(names: str | tuple[str, ...], values: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[:, index] for index, name in enumerate(names)}
