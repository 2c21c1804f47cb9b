"""Estimate a normal map with the exported networks alone: without torch, in this one file.

    python examples/onnx_estimate.py picture.png --model clone.onnx --fov 45 --out normals.png

Needs numpy, onnxruntime and Pillow. The picture's alpha is its mask. What the whole project does
beyond this, and what that is worth, is in docs/guide/onnx.md. The backend prepares pictures
with torch, so what is needed of that stands here again; tests/test_onnx.py compares the two.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
)
from PIL import Image, ImageOps

GRID, MATERIAL_GRID = 192, 128
"""Longest side of the grid on which the networks see a thing or a room, and a flat material."""
LONGEST = 1.5
"""A picture longer than this for its height is seen larger: none they learned from was so long."""
INFLATION_GRID = 48
SMALLEST_SIDE = 8
CROP_MARGIN = 0.04
EIGHT_BITS = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})


@dataclass(frozen=True)
class Picture:
    """Linear colours (H, W, 3), 0 to 1, and where the object is (H, W), true everywhere without."""

    rgb: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Optics:
    """Horizontal field of view of the picture; its axis as fractions of width and height."""

    fov_degrees: float = 0.0
    """0 is orthographic."""
    principal: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True)
class Box:
    """The part of a picture that is worked on."""

    rows: slice
    columns: slice


def read(path: Path) -> Picture:
    """Read a picture of 8 bits, upright, its alpha as mask; colours are taken for sRGB.

    Raises:
        ValueError: when it has more than 8 bits, or too little is left of it.
    """
    with Image.open(path) as stored:
        if stored.mode not in EIGHT_BITS:
            raise ValueError(f"{path.name} does not have 8 bits a channel: convert it first.")
        upright = ImageOps.exif_transpose(stored)
        rgba = np.asarray(upright.convert("RGBA"), np.float32) / 255
    mask = rgba[..., 3] > 0.5
    if mask.sum() < SMALLEST_SIDE**2 or min(mask.shape) < SMALLEST_SIDE:
        raise ValueError(f"There is too little of {path.name}, or inside its alpha.")
    return Picture(linear(rgba[..., :3]), mask)


def linear(encoded: np.ndarray) -> np.ndarray:
    """Undo the sRGB transfer function (IEC 61966-2-1)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def resized(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample (H, W) or (H, W, C): averaged when it shrinks, interpolated when it grows."""
    planes = np.moveaxis(np.atleast_3d(values).astype(np.float32), -1, 0)
    found = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
        for plane in planes
    ]
    return np.stack(found, -1).reshape(height, width, *values.shape[2:])


def object_box(mask: np.ndarray) -> Box:
    """Return the rectangle around the object, with a small margin and a smallest side."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = 2 + round(CROP_MARGIN * (1 + max(np.ptp(rows), np.ptp(columns))))
    return Box(span(rows, mask.shape[0], margin), span(columns, mask.shape[1], margin))


def span(at: np.ndarray, length: int, margin: int) -> slice:
    """Return the part of an axis that a box covers."""
    first, end = max(0, int(at[0]) - margin), min(length, int(at[-1]) + 1 + margin)
    first = min(first, max(0, length - SMALLEST_SIDE))
    return slice(first, max(end, first + SMALLEST_SIDE))


def inflation(mask: np.ndarray) -> np.ndarray:
    """Blow up an outline: ∇²p = −1 inside, p = 0 outside; the height √p in pixels, smoothed.

    0 everywhere for a mask without outside.
    """
    if mask.all():
        return np.zeros(mask.shape, np.float32)
    scale = min(1.0, INFLATION_GRID / max(mask.shape))
    inside = resized(mask, *(max(3, round(side * scale)) for side in mask.shape)) > 0.5
    bulge = _smoothed(np.sqrt(_poisson(inside).clip(0))) * inside
    return resized(bulge, *mask.shape) / np.float32(scale)


def _poisson(inside: np.ndarray) -> np.ndarray:
    """Solve by conjugate gradients."""
    found = np.zeros(inside.shape)
    rest = direction = inside.astype(float)
    power = (rest**2).sum()
    while power > 1e-12:
        around = np.pad(direction, 1)
        sides = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
        slope = (4 * direction - sides) * inside
        step = power / (direction * slope).sum()
        found, rest = found + step * direction, rest - step * slope
        power, before = (rest**2).sum(), power
        direction = rest + power / before * direction
    return found


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Convolve with a Gaussian of one pixel, mirrored at the borders."""
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        padded = np.pad(values, ((4, 4), (0, 0)), "symmetric")
        values = np.lib.stride_tricks.sliding_window_view(padded, 9, axis=0) @ weights
        values = values.T
    return values


def grid_of(picture: Picture, optics: Optics) -> int:
    """Return how large a picture is best seen: one that is frontal and full is a flat material."""
    return MATERIAL_GRID if optics.fov_degrees == 0 and picture.mask.all() else GRID


def inputs(picture: Picture, optics: Optics, box: Box, grid: int) -> dict[str, np.ndarray]:
    """Return what the graph is fed: the box on its grid, the object averaged without the ground."""
    mask = picture.mask[box.rows, box.columns]
    height, width = mask.shape
    scale = max(grid / max(mask.shape), grid / LONGEST / min(mask.shape))
    size = round(height * scale), round(width * scale)
    weight = resized(mask, *size)
    colours = resized(picture.rgb[box.rows, box.columns] * mask[..., None], *size)
    inside = weight > 0.5
    whole_height, whole_width = picture.mask.shape
    tangent = math.tan(math.radians(optics.fov_degrees) / 2)
    focal = whole_width / 2 / tangent if tangent else math.inf
    down, across = size[0] / height, size[1] / width
    centre_x = optics.principal[0] * whole_width - box.columns.start
    centre_y = optics.principal[1] * whole_height - box.rows.start
    intrinsics = [[focal * across, 0, centre_x * across], [0, focal * down, centre_y * down]]
    return {
        "picture": colours / np.maximum(weight, 1e-6)[..., None],
        "mask": inside,
        "inflation": inflation(inside),
        "intrinsics": np.array([*intrinsics, [0, 0, 1]], np.float32),
    }


def normals_of(
    session: onnxruntime.InferenceSession, picture: Picture, optics: Optics
) -> np.ndarray:
    """Return unit normals (H, W, 3): x right, y up, z to the viewer; facing outside the mask."""
    box = object_box(picture.mask)
    fed = inputs(picture, optics, box, grid_of(picture, optics))
    (found,) = session.run(["normals"], fed)
    mask = picture.mask[box.rows, box.columns]
    grown = resized(found, *mask.shape) + np.array([0, 0, 1e-6], np.float32)
    whole = np.tile(np.array([0, 0, 1], np.float32), (*picture.mask.shape, 1))
    unit = grown / np.linalg.norm(grown, axis=-1, keepdims=True)
    whole[box.rows, box.columns][mask] = unit[mask]
    return whole


def opened(model: Path) -> onnxruntime.InferenceSession:
    """Load the exported networks.

    Raises:
        ValueError: when the file is missing or no graph.
    """
    advice = "Write one with: python -m training.onnx_export"
    if not model.is_file():
        raise ValueError(f"There is no file {model}. {advice}")
    try:
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf):
        raise ValueError(f"{model} holds no networks. {advice}") from None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", type=Path, default=Path("clone.onnx"))
    parser.add_argument("--fov", type=float, default=0.0, help="degrees across; 0: orthographic")
    parser.add_argument("--out", type=Path, default=Path("normals.png"), help="8 bits, OpenGL")
    given = parser.parse_args()
    if not 0 <= given.fov <= 150:
        parser.error(f"the field of view is {given.fov:g}°; it must lie between 0° and 150°")
    try:
        picture = read(given.picture)
        session = opened(given.model)
    except (OSError, ValueError) as problem:  # what is no picture is an OSError, too
        sys.exit(str(problem))
    normals = normals_of(session, picture, Optics(given.fov))
    Image.fromarray(np.uint8((normals * 0.5 + 0.5) * 255 + 0.5)).save(given.out)


if __name__ == "__main__":
    main()
