"""Procedural scenes as packs."""

from pathlib import Path

import numpy as np
import torch

from backend.image import linear_to_srgb
from training.packs import Pack, pack_path, write_answer, write_pack
from training.scenes import generate

SIZE = 48


def bytes_of(linear: torch.Tensor) -> np.ndarray:
    return (linear_to_srgb(linear.clamp(0, 1)) * 255).round().byte().numpy()


def packed(kind: str, seed: int) -> tuple[Pack, np.ndarray]:
    """Pack a procedural scene, orthographic as reliefs are."""
    scene = generate(kind, seed, 1, SIZE)
    lesson = scene.lesson
    lights = lesson.single_lights[0][..., None].expand(-1, -1, -1, 3)
    pack = Pack(
        kind=kind,
        picture=bytes_of(lesson.picture[0]),
        lights=bytes_of(lights),
        inside=lesson.inside[0].numpy(),
        directions=tuple(map(tuple, lesson.directions[0].tolist())),
        fov_degrees=0.0,
        ortho_width=2.0,
    )
    return pack, scene.answer.normals[0].numpy()


def six_packs(out: Path) -> Path:
    """Write six packs with their answers."""
    for seed in range(6):
        pack, normals = packed("relief" if seed % 2 else "object", seed)
        write_answer(pack_path(out, seed), normals)
        write_pack(pack_path(out, seed), pack)
    return out
