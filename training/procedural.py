"""Write procedural scenes as packs, for who reads packs and has no time to make scenes."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from backend.image import linear_to_srgb
from training.mesh_library import read_library
from training.packs import Pack, are_held_out, pack_path, write_answer, write_pack
from training.scenes import Kind
from training.scenes.generator import Exposed, exposed
from training.scenes.random import Dice
from training.scenes.stages import material, stage
from training.scenes.textures.pressed import pressed

log = logging.getLogger(__name__)

PACKED = {"object": "object", "organic": "object", "pile": "pile", "room": "room",
          "relief": "relief", "print": "print"}  # fmt: skip
"""What packs call the kinds."""


@dataclass(frozen=True)
class Procedural:
    """Write scenes of the torch generator as packs; skips those that are there."""

    out: Path
    """Folder for the packs."""
    count: int = 1000
    first: int = 0
    """Seed of the first; from 1,000,000 on they are validation's."""
    kinds: tuple[Kind, ...] = ("relief",)
    """Taken in turn."""
    size: int = 256
    threads: int = 1
    answers: bool = False
    """Write the true normals beside them, for who scores."""
    meshes: Path | None = None
    """Library of meshes: reliefs become coins, medallions and carvings pressed out of them."""


def procedural(config: Procedural) -> int:
    """Write the packs one by one; return the exit code."""
    torch.set_num_threads(config.threads)
    config.out.mkdir(parents=True, exist_ok=True)
    seeds = range(config.first, config.first + config.count)
    held_out = are_held_out(config.first, config.first + config.count - 1)
    library = read_library(config.meshes, held_out) if config.meshes else None
    for seed in seeds:
        path = pack_path(config.out, seed)
        if path.exists():
            continue
        kind = config.kinds[seed % len(config.kinds)]
        dice = Dice(seed, torch.device("cpu"))
        if kind == "relief" and library:
            set_up = material(dice, 1, config.size, partial(pressed, library=library))
        else:
            set_up = stage(kind, dice, 1, config.size)
        shot = exposed(dice, set_up)
        if config.answers:
            write_answer(path, shot.normals[0].numpy())
        write_pack(path, packed(kind, dice, shot))
    log.info("%d packs in %s", len(list(config.out.glob("*.zip"))), config.out)
    return 0


def packed(kind: Kind, dice: Dice, shot: Exposed) -> Pack:
    """Pack the first scene of a batch, exposed as the renderer's pictures are."""
    bright = float(shot.picture[0][shot.inside[0]].mean(-1).quantile(0.95))
    exposure = float(dice.uniform(1, low=0.4, high=1.2)) / max(bright, 1e-4)
    orthographic = float(shot.width[0]) > 0
    return Pack(
        kind=PACKED[kind],
        picture=_bytes(shot.picture[0] * exposure),
        lights=_bytes(shot.lights[0]),
        inside=shot.inside[0].numpy(),
        directions=tuple(map(tuple, shot.directions[0].tolist())),
        fov_degrees=0.0 if orthographic else float(shot.fov[0]),
        ortho_width=float(shot.width[0]),
    )


def _bytes(linear: Float[Tensor, "*s 3"]) -> UInt8[np.ndarray, "*s 3"]:
    return (linear_to_srgb(linear.clamp(0, 1)) * 255).round().byte().numpy()
