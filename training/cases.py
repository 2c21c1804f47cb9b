"""Evaluation cases on disk: pictures, masks, true normals, intrinsics.

A case is a folder ``<group>/<case>/`` with pictures (8-bit sRGB), ``normals.npy`` (camera space, x
right, y up, z toward the viewer), ``mask.png`` (pixels to score), maybe ``object_mask.png`` (the
silhouette) and ``meta.json``.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from backend.files import read_mask, read_picture
from backend.image import Picture, decode_picture
from shared.messages import Transfer
from shared.settings import LightFrom

MAIN_PICTURES = ("original", "image", "average")


@dataclass(frozen=True)
class Case:
    """One scene with its true normals."""

    group: str
    name: str
    folder: Path
    main: str
    """The picture that is scored; others show the same scene under other lights."""
    lights: tuple[str, ...]
    """Pictures under one light each."""
    fov_degrees: float
    principal: tuple[float, float]
    reader: "Callable[[Case], Sample] | None" = None
    """Reads a case of a data set in another layout (``training.datasets``)."""
    light_from: LightFrom = "above"
    """What the estimate is told of the light; see ``told``."""


@dataclass(frozen=True)
class Sample:
    """What a case of another layout holds."""

    picture: np.ndarray
    """(H, W, 3)."""
    transfer: Transfer
    normals: Float[np.ndarray, "h w 3"]
    """Wire axes, unit; 0 where they are not known."""
    mask: Bool[np.ndarray, "h w"]
    """Pixels to score."""
    silhouette: Bool[np.ndarray, "h w"] | None
    """The object's outline, where it is one."""


@dataclass(frozen=True)
class Truth:
    """What a case is scored against."""

    normals: Float[np.ndarray, "h w 3"]
    mask: Bool[np.ndarray, "h w"]


def find_cases(root: Path, groups: tuple[str, ...]) -> list[Case]:
    """List the cases below a folder, of the named groups or of all."""
    found = []
    for meta_path in sorted(root.glob("*/*/meta.json")):
        folder = meta_path.parent
        if not groups or folder.parent.name in groups:
            found.append(_case(folder, json.loads(meta_path.read_text())))
    return found


def told(case: Case) -> Case:
    """Tell from which side a case's light comes, if its ``meta.json`` has a ``light_dir``.

    That is a vector toward the light, x right, y up, z toward the viewer; the nearest of the four
    sides is told.
    """
    path = case.folder / "meta.json"
    light = json.loads(path.read_text()).get("light_dir") if path.is_file() else None
    if light is None:
        return case
    right, up = light[:2]
    sides: dict[LightFrom, float] = {"above": up, "below": -up, "right": right, "left": -right}
    return replace(case, light_from=max(sides, key=lambda side: sides[side]))


def load_picture(case: Case, name: str) -> Picture:
    """Read one of a case's pictures with its silhouette, if the case is an object."""
    if case.reader:
        sample = case.reader(case)
        return decode_picture(sample.picture, sample.transfer, sample.silhouette)
    file = read_picture(case.folder / f"{name}.png")
    return decode_picture(file.pixels[..., :3], file.transfer, _silhouette(case))


def load_truth(case: Case) -> Truth:
    """Read a case's true normals and the pixels to score."""
    if case.reader:
        sample = case.reader(case)
        normals, mask = sample.normals, sample.mask
    else:
        normals = np.load(case.folder / "normals.npy").astype(np.float32)
        mask = read_mask(case.folder / "mask.png") > 127
    return Truth(normals, mask & (np.linalg.norm(normals, axis=-1) > 0.5))


def _case(folder: Path, meta: dict) -> Case:
    pictures = [name for name in meta["images"] if (folder / f"{name}.png").is_file()]
    main = next((name for name in MAIN_PICTURES if name in pictures), pictures[0])
    lights = tuple(name for name in pictures if name.startswith("light"))
    fov, principal = _optics(meta)
    return Case(folder.parent.name, folder.name, folder, main, lights, fov, principal)


def _optics(meta: dict) -> tuple[float, tuple[float, float]]:
    if not meta.get("intrinsics"):
        return 0.0, (0.5, 0.5)
    (focal, _, cx), (_, _, cy), _ = meta["intrinsics"]
    width, height = meta["size"]
    # the cases count pixel centres as integers
    principal = ((cx + 0.5) / width, (cy + 0.5) / height)
    return math.degrees(2 * math.atan(width / 2 / focal)), principal


def _silhouette(case: Case) -> np.ndarray | None:
    """Return the object's mask: its own file, else the scored pixels if they form an outline.

    Scenes and materials are scored almost everywhere; their mask only has holes.
    """
    own = case.folder / "object_mask.png"
    if own.is_file():
        return read_mask(own)
    mask = read_mask(case.folder / "mask.png")
    return mask if _is_outline(mask > 127) else None


def _is_outline(mask: Bool[np.ndarray, "h w"]) -> bool:
    """Whether a mask is an object's: it leaves the frame free and does not fill the picture."""
    frame = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(frame.mean() < 0.2 and mask.mean() < 0.6)
