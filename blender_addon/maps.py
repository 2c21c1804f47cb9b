# SPDX-License-Identifier: GPL-3.0-or-later
"""An estimate's arrays become texture maps; pure, for the results' thread, one map at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from .curvature import curvature_map
from .pixels import ColorSpace, normal_colors
from .shaping import Shaping, shaped
from .task import Estimate

Kind = Literal["normal", "albedo", "height", "occlusion", "curvature", "depth", "confidence"]
ARRAYS: Mapping[Kind, str] = {
    "normal": "normals",
    "albedo": "albedo",
    "height": "height",
    "occlusion": "occlusion",
    "curvature": "normals",
    "depth": "depth",
    "confidence": "confidence",
}
"""The result array that each map is made of."""
NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))

Step = tuple[np.ndarray, np.ndarray]
"""Flat indices of pixels to fill, and of those to fill them from."""


@dataclass(frozen=True)
class Choice:
    """Which maps are wanted, and how."""

    kinds: tuple[Kind, ...] = ("normal", "albedo")
    shaping: Shaping = field(default_factory=Shaping)
    padding: int = 0
    """Pixels around the object that are filled from its edge."""
    height_scale: float = 1.0
    height_middle: float = 0.5
    """What the mean plane is in a height map, where 1 more is the longest side nearer."""
    curvature_scale: float = 1.0


@dataclass(frozen=True)
class Map:
    """The values of one texture."""

    colors: np.ndarray
    """(H, W, 3), or (H, W) where there is only one value."""
    alpha: np.ndarray | None = None
    """(H, W), where colors belong to an object."""


def colorspace(kind: Kind) -> ColorSpace:
    """Return what a map's values are."""
    return "linear" if kind == "albedo" else "data"


def kept(estimate: Estimate) -> Estimate:
    """Return the estimate with only what maps are made of, for as long as the file is open."""
    names = set(ARRAYS.values()) & set(estimate.arrays)
    return replace(estimate, arrays={name: estimate.arrays[name] for name in names})


def basis(kind: Kind, choice: Choice) -> tuple[object, ...]:
    """Return what a map depends on besides the estimate."""
    if kind == "normal":
        return choice.shaping, choice.padding
    if kind == "height":
        return choice.height_scale, choice.height_middle, choice.padding
    if kind == "curvature":
        return replace(choice.shaping, convention="OPENGL"), choice.curvature_scale, choice.padding
    return (choice.padding,)


def available(estimate: Estimate, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """Return those of the kinds that the estimate has arrays for."""
    return tuple(kind for kind in kinds if ARRAYS[kind] in estimate.arrays)


def coverage(estimate: Estimate, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return where the picture shows its object: the mask, else the alpha; None is everywhere.

    It has the height and width of ``shape``: the maps of a large picture are of two sizes.
    """
    seen = _coverage(estimate.task.arrays.result())
    if seen is None or seen.shape == shape[:2]:
        return seen
    rows, columns = (
        np.arange(count) * size // count for count, size in zip(shape[:2], seen.shape, strict=True)
    )
    return seen[np.ix_(rows, columns)]


def make(kind: Kind, estimate: Estimate, choice: Choice) -> Map:
    """Make one map of an estimate."""
    values = estimate.arrays[ARRAYS[kind]]
    seen = coverage(estimate, values.shape)
    if kind == "normal":
        colors = normal_colors(shaped(values, seen, choice.shaping))
    elif kind == "height":
        colors = height_map(values, choice.height_scale, choice.height_middle)
    elif kind == "curvature":
        bent = shaped(values, seen, replace(choice.shaping, convention="OPENGL"))
        colors = curvature_map(bent, choice.curvature_scale, estimate.task.settings.seamless)
    else:
        colors = values
    if seen is not None and choice.padding:
        colors = padded(colors, outward_steps(seen > 0.0, choice.padding))
    return Map(colors, seen if kind == "albedo" else None)


def height_map(height: np.ndarray, scale: float, middle: float) -> np.ndarray:
    """Return (H, W) heights in pixels as values: one longest side is ``scale``."""
    values = height * np.float32(scale / max(height.shape))
    values += np.float32(middle)
    return values


def outward_steps(inside: np.ndarray, padding: int) -> list[Step]:
    """Say which pixels outside are filled from which neighbour, a ring of them at every step.

    Rings reach to the sides and to the corners by turns, so that they grow round.
    """
    width = inside.shape[1]
    filled = np.pad(inside, 1)  # a frame of outside, so that every pixel has all neighbours
    steps = []
    for ring in range(padding):
        sides = NEIGHBOURS[: 4 if ring % 2 else 8]
        open_rows, open_columns = np.nonzero(_ring(filled, sides))
        source = np.full(len(open_rows), -1, np.int64)
        for down, right in reversed(sides):
            rows, columns = open_rows + down, open_columns + right
            there = filled[rows + 1, columns + 1]
            source[there] = (rows * width + columns)[there]
        filled[open_rows + 1, open_columns + 1] = True
        steps.append((open_rows * width + open_columns, source))
    return steps


def padded(values: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Return a copy of (H, W) or (H, W, C) values with the steps taken."""
    result = np.array(values)
    flat = result.reshape(values.shape[0] * values.shape[1], -1)
    for targets, sources in steps:
        flat[targets] = flat[sources]
    return result


def _coverage(sent: Mapping[str, np.ndarray]) -> np.ndarray | None:
    if "mask" in sent:
        return sent["mask"].astype(np.float32) / 255.0
    picture = sent.get("picture")
    if picture is None or picture.shape[2] != 4:
        return None
    alpha = picture[..., 3].astype(np.float32)
    return alpha / 255.0 if picture.dtype == np.uint8 else alpha


def _ring(filled: np.ndarray, sides: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Return which pixels inside the frame are open and have a filled neighbour."""
    height, width = filled.shape[0] - 2, filled.shape[1] - 2
    near = np.zeros((height, width), bool)
    for down, right in sides:
        near |= filled[1 + down : 1 + down + height, 1 + right : 1 + right + width]
    return near & ~filled[1:-1, 1:-1]
