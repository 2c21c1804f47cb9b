"""Make packs of your own photographs: ``python -m training.stacks FOLDER OUT``.

FOLDER holds a folder per object, with three or more pictures from one fixed camera, each under
another single light. Beside them there may be ``mask.png`` (the object; else the alpha, else
everything), ``picture.png`` (the object under ordinary light; else the mean of the others) and
``lights.json``::

    {"fov_degrees": 30, "directions": {"a.png": [x, y, z]}, "strengths": {"a.png": 1.0}}

Directions point toward the light: x right, y up, z toward the viewer. Where they are missing they
are found from what the model sees, and so are the strengths.
"""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from backend.config import EngineConfig
from backend.errors import Refused
from backend.model import WEIGHTS, Clone
from training.checkpoint import load_averaged
from training.packs import pack_paths, write_pack
from training.stacks.packing import pack_of
from training.stacks.reading import LEAST_LIGHTS, read_stack, stack_folders

log = logging.getLogger("training.stacks")


@dataclass(frozen=True)
class StacksConfig:
    """Turn light stacks into packs; those that are there are skipped."""

    folder: tyro.conf.Positional[Path]
    """Folder with a folder per object, or one object's folder."""
    out: tyro.conf.Positional[Path]
    """Folder for the packs."""
    fov: float = 0.0
    """Horizontal field of view in degrees where lights.json has none; 0 is a long lens."""
    linear: bool = False
    """The pictures hold linear light (developed raw files) and not sRGB."""
    lights: int = 16
    """At most so many lights of a stack, far from each other."""
    size: int = 160
    """Pixels of a pack's side."""
    model: Path = WEIGHTS
    """Weights or a checkpoint: whose normals find unknown lights."""


def run(config: StacksConfig) -> int:
    """Write a pack for each stack and name those that cannot be used; return the exit code."""
    folders = stack_folders(config.folder)
    if not folders:
        log.error("No folder in %s holds %d pictures or more.", config.folder, LEAST_LIGHTS)
        return 2
    config.out.mkdir(parents=True, exist_ok=True)
    missing = [folder for folder in folders if not _pack(config, folder).exists()]
    model = load_averaged(config.model, EngineConfig())
    failed = sum(not _packed(config, folder, model) for folder in missing)
    log.info("%d packs in %s", len(pack_paths(config.out)), config.out)
    return 1 if failed else 0


def _pack(config: StacksConfig, folder: Path) -> Path:
    return config.out / f"{folder.resolve().name}.zip"


def _packed(config: StacksConfig, folder: Path, model: Clone) -> bool:
    try:
        stack = read_stack(folder, config.fov, config.linear)
    except (Refused, ValueError) as problem:
        log.error("%s was skipped: %s", folder.name, problem)
        return False
    pack, found = pack_of(stack, config.size, config.lights, model)
    write_pack(_pack(config, folder), pack)
    if found:
        unexplained = 100 * found.unexplained
        log.info("%s: lights found; %.0f %% of the light unexplained", folder.name, unexplained)
    return True


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(run(tyro.cli(StacksConfig, prog="python -m training.stacks")))


if __name__ == "__main__":
    main()
