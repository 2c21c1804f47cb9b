"""Rendered scenes on disk: one small zip of pictures a scene, and apart from it what only scores.

A pack holds pictures, light directions and cameras. True normals lie in a folder beside the packs
that no lesson is made from: ``read_answer`` is for what scores and shows, for the weights of the
confidence (``training.calibrate``) and for a network with labels to compare with
(``training.upper_bound``). This module is the meeting point of two environments, Blender's and
torch's, and needs numpy and Pillow.
"""

import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PICTURE_QUALITY = 92
LIGHT_QUALITY = 95
"""Lossy; ``training.ceiling`` measures what is lost."""
ANSWERS = "answers"
HELD_OUT_FROM = 1_000_000
"""Seeds from here on are validation's: things, materials and worlds kept out of training."""


@dataclass(frozen=True)
class SecondView:
    """The same scene under the same light from another place."""

    picture: np.ndarray
    """(H, W, 3) uint8, sRGB."""
    inside: np.ndarray
    """(H, W) bool."""
    rotation: tuple[tuple[float, ...], ...]
    """3×3: a point of the first camera is ``R p + t`` in the second (OpenCV axes)."""
    translation: tuple[float, ...]
    """In units of the scene, as ``Pack.ortho_width`` is."""


@dataclass(frozen=True)
class Pack:
    """One rendered scene as cameras and lamps know it."""

    kind: str
    picture: np.ndarray
    """(H, W, 3) uint8, sRGB: with everything a photograph has."""
    lights: np.ndarray
    """(K, H, W, 3) uint8, sRGB: matte, direct, one sun of strength 1 at a time."""
    inside: np.ndarray
    """(H, W) bool: where there is a surface."""
    directions: tuple[tuple[float, ...], ...]
    """K unit vectors toward the suns (OpenCV camera)."""
    fov_degrees: float
    """Horizontal; 0 is orthographic."""
    ortho_width: float
    """Width of an orthographic picture in units of the scene; 0 for a perspective one."""
    view: SecondView | None = None


def pack_path(folder: Path, seed: int) -> Path:
    """Return where a scene's pack lies."""
    return folder / f"{seed:07d}.zip"


def are_held_out(first: int, last: int) -> bool:
    """Tell whether the seeds from ``first`` to ``last`` are validation's.

    Raises:
        ValueError: when only some of them are.
    """
    if first < HELD_OUT_FROM <= last:
        raise ValueError(
            f"Seeds from {HELD_OUT_FROM} on are validation's; {first} to {last} lie on both sides. "
            "Render them in two runs."
        )
    return first >= HELD_OUT_FROM


def is_held_out(path: Path) -> bool:
    """Tell whether a pack is validation's; packs of your own things have names for seeds."""
    return path.stem.isdecimal() and int(path.stem) >= HELD_OUT_FROM


def pack_paths(folder: Path) -> list[Path]:
    """List a folder's packs in the order of their seeds."""
    return sorted(folder.glob("*.zip"))


def write_pack(path: Path, pack: Pack) -> None:
    """Write a pack by rename: what exists is whole."""
    count, height, width, _ = pack.lights.shape
    mosaic = pack.lights.reshape(count * height, width, 3)
    facts = {
        "kind": pack.kind,
        "directions": pack.directions,
        "fov_degrees": pack.fov_degrees,
        "ortho_width": pack.ortho_width,
    }
    temporary = path.with_suffix(f".{os.getpid()}.part")
    with zipfile.ZipFile(temporary, "w") as file:
        file.writestr("picture.webp", _lossy(pack.picture, PICTURE_QUALITY))
        file.writestr("lights.webp", _lossy(mosaic, LIGHT_QUALITY))
        file.writestr("inside.png", _mask(pack.inside))
        if pack.view:
            file.writestr("view.webp", _lossy(pack.view.picture, PICTURE_QUALITY))
            file.writestr("view_inside.png", _mask(pack.view.inside))
            facts |= {"rotation": pack.view.rotation, "translation": pack.view.translation}
        file.writestr("scene.json", json.dumps(facts))
    os.replace(temporary, path)


def read_pack(path: Path) -> Pack:
    """Read a pack."""
    with zipfile.ZipFile(path) as file:
        facts = json.loads(file.read("scene.json"))
        picture = _pixels(file.read("picture.webp"))
        mosaic = _pixels(file.read("lights.webp"))
        view = None
        if "rotation" in facts:
            view = SecondView(
                _pixels(file.read("view.webp")),
                _pixels(file.read("view_inside.png")) > 127,
                _vectors(facts["rotation"]),
                tuple(facts["translation"]),
            )
        return Pack(
            kind=facts["kind"],
            picture=picture,
            lights=mosaic.reshape(-1, *picture.shape),
            inside=_pixels(file.read("inside.png")) > 127,
            directions=_vectors(facts["directions"]),
            fov_degrees=facts["fov_degrees"],
            ortho_width=facts["ortho_width"],
            view=view,
        )


def side_of(path: Path) -> int:
    """Return the side of a pack's pictures, in pixels, without decoding them."""
    with zipfile.ZipFile(path) as file, Image.open(file.open("picture.webp")) as picture:
        return picture.width


def write_answer(pack: Path, normals: np.ndarray) -> None:
    """Write true normals (OpenCV camera, unit) beside the packs, 8 bits a component."""
    folder = pack.parent / ANSWERS
    folder.mkdir(exist_ok=True)
    coded = np.round((normals * 0.5 + 0.5) * 255).astype(np.uint8)
    Image.fromarray(coded).save(folder / f"{pack.stem}.png")


def read_answer(pack: Path) -> np.ndarray:
    """Read the true normals of a pack, (H, W, 3) float32, for scoring alone."""
    coded = np.asarray(Image.open(pack.parent / ANSWERS / f"{pack.stem}.png"), np.float32)
    normals = coded / 127.5 - 1
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)


def _lossy(pixels: np.ndarray, quality: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "WEBP", quality=quality, method=4)
    return data.getvalue()


def _mask(inside: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(inside).save(data, "PNG")
    return data.getvalue()


def _pixels(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    return np.array(image.convert("L") if image.mode == "1" else image)


def _vectors(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows)
