"""A stack on disk: pictures under single lights, and what is known of mask, camera and lights."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.conventions import flip_axes
from backend.files import PICTURE_SUFFIXES, read_mask, read_picture
from backend.geometry import normalize
from backend.image import linear_colours

FACTS, MASK, PICTURE = "lights.json", "mask", "picture"
LEAST_LIGHTS = 3


@dataclass(frozen=True)
class Stack:
    """One object under single lights."""

    pictures: Float[Tensor, "k h w 3"]
    """Linear, divided by the lights' strengths where those are known."""
    ordinary: Float[Tensor, "h w 3"]
    """The object under ordinary light; linear."""
    mask: Bool[Tensor, "h w"]
    directions: Float[Tensor, "k 3"] | None
    """Toward the lights (OpenCV camera), unit; None: unknown."""
    fov_degrees: float
    """Horizontal; 0 is orthographic."""


def stack_folders(folder: Path) -> list[Path]:
    """List the folders that hold a stack: the folder itself, or those in it."""
    candidates = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    return [path for path in candidates if len(light_paths(path)) >= LEAST_LIGHTS]


def light_paths(folder: Path) -> list[Path]:
    """List a stack's pictures under single lights."""
    return sorted(
        path
        for path in folder.glob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES and path.stem not in (MASK, PICTURE)
    )


def read_stack(folder: Path, fov: float, linear: bool) -> Stack:
    """Read a stack; ``fov`` is used where its lights.json has none.

    Raises:
        Refused: when a picture cannot be read.
        ValueError: when pictures, mask and lights.json do not belong together.
    """
    paths = light_paths(folder)
    facts = _facts(folder / FACTS)
    read = [_colours(path, linear) for path in paths]
    if len({rgb.shape for rgb, _ in read}) > 1:
        raise ValueError("its pictures differ in size; take them all with one fixed camera.")
    pictures = torch.stack([rgb for rgb, _ in read])
    strengths = _of_each(paths, facts.get("strengths"), ())
    if strengths is not None:
        pictures = pictures / strengths[:, None, None, None].clamp_min(1e-6)
    directions = _of_each(paths, facts.get("directions"), (3,))
    ordinary = next(iter(folder.glob(f"{PICTURE}.*")), None)
    return Stack(
        pictures=pictures,
        ordinary=_same_size(_colours(ordinary, linear)[0], pictures[0])
        if ordinary
        else pictures.mean(0),
        mask=_mask(folder, read[0][1], pictures[0, ..., 0]),
        directions=None if directions is None else normalize(flip_axes(directions)),
        fov_degrees=float(facts.get("fov_degrees", fov)),
    )


def _facts(path: Path) -> dict:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as problem:
        raise ValueError(f"its {FACTS} cannot be read ({problem}).") from problem


def _of_each(paths: list[Path], given: dict | None, shape: tuple[int, ...]) -> Tensor | None:
    """Return what lights.json says of each picture, in their order."""
    if given is None:
        return None
    missing = [path.name for path in paths if path.name not in given]
    if missing:
        raise ValueError(f"its {FACTS} says nothing of {', '.join(missing)}.")
    values = torch.tensor([given[path.name] for path in paths], dtype=torch.float32)
    if tuple(values.shape[1:]) != shape or not torch.isfinite(values).all():
        raise ValueError(f"in its {FACTS} a light has not three numbers x, y, z, or no strength.")
    return values


def _colours(
    path: Path, linear: bool
) -> tuple[Float[Tensor, "h w 3"], Float[Tensor, "h w"] | None]:
    file = read_picture(path)
    rgb, alpha, _ = linear_colours(file.pixels, "linear" if linear else file.transfer)
    return rgb, alpha


def _mask(
    folder: Path, alpha: Float[Tensor, "h w"] | None, like: Float[Tensor, "h w"]
) -> Bool[Tensor, "h w"]:
    """Return the mask file, else the first picture's alpha, else everything."""
    path = next(iter(folder.glob(f"{MASK}.*")), None)
    if path:
        mask = torch.from_numpy(read_mask(path).astype("float32"))
        inside = _same_size(mask, like) > 0.5 * mask.max().clamp_min(1e-6)
    else:
        inside = torch.ones_like(like) > 0 if alpha is None else alpha > 0.5
    if not inside.any():
        raise ValueError("its mask is empty.")
    return inside


def _same_size(values: Tensor, like: Tensor) -> Tensor:
    if values.shape[:2] != like.shape[:2]:
        raise ValueError("its mask or ordinary picture has another size than the others.")
    return values
