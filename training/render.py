"""Render scenes with Cycles, write procedural ones, or look at scenes of either generator.

python -m training.render cycles --out scenes/ --count 2000 --python .venv-blender-5.2/bin/python
python -m training.render procedural --out scenes/ --count 5000
python -m training.render blends --blends assets/ --out scenes/
python -m training.render stack --seed 1000001 --out demo/
python -m training.render sheet --packs scenes/ --out sheet.png
python -m training.render sheet --out procedural.png
"""

import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

from backend.conventions import flip_axes
from backend.image import linear_to_srgb
from backend.outputs import encode_normals
from backend.sheet import Panel, contact_sheet
from training.packs import HELD_OUT_FROM, Pack, pack_path, pack_paths, read_answer, read_pack
from training.procedural import Procedural, procedural
from training.scenes import KINDS, Scene, generate

log = logging.getLogger(__name__)

SHOWN_LIGHTS = 2
CELL = 140


@dataclass(frozen=True)
class Cycles:
    """Render scenes with Blender's Cycles; skips those that are there, so it can be repeated."""

    out: Path
    """Folder for the packs."""
    count: int = 1000
    held_out: bool = False
    """Make validation scenes."""
    python: Path = Path(".venv-blender-5.2/bin/python")
    """A Python with bpy 5.2, OpenEXR and Pillow."""
    jobs: int = os.cpu_count() or 1
    """Renderings at once, one core each."""
    size: int = 160
    hdris: Path | None = None
    """More environment maps (EXR) than the ones Blender brings."""
    normal_maps: Path | None = None
    """Tiling normal maps (WebP) to make reliefs from."""
    meshes: Path | None = None
    """Library of meshes (``training.mesh_library``) for things, statues and furniture."""
    photos: Path | None = None
    """Photographs of surfaces to paint some things of the library with."""
    first: int = 0
    """Seed of the first scene of training."""
    kinds: tuple[str, ...] = ()
    """Only these kinds, in turn; none: all of them as often as is good for training."""


@dataclass(frozen=True)
class Blends:
    """Render your own .blend and .obj files like our things; skips packs that are there."""

    blends: Path
    """Folder with the files; no script in them is ever run."""
    out: Path
    """Folder for the packs."""
    views: int = 8
    """Packs of each file: another camera, turn and light each."""
    python: Path = Cycles.python
    size: int = Cycles.size
    hdris: Path | None = None


@dataclass(frozen=True)
class StackOf:
    """Render a light stack of a held-out object, and evaluation cases under unseen lights."""

    out: Path
    """Folder for ``stack/`` and ``cases/``."""
    seed: int = HELD_OUT_FROM + 1
    lights: int = 8
    unseen: int = 2
    python: Path = Cycles.python
    size: int = Cycles.size


@dataclass(frozen=True)
class Sheet:
    """Show scenes with two of their single lights and the normals that only score."""

    out: Path
    """Picture to write (PNG)."""
    packs: Path | None = None
    """Folder of rendered scenes; without it procedural scenes are made and timed."""
    scenes: int = 4
    """Scenes of each kind."""
    size: int = 128
    """Size of procedural scenes."""
    seed: int = 1


def render(config: Cycles) -> int:
    """Run the jobs side by side and tell how far they are; return the exit code."""
    first = HELD_OUT_FROM if config.held_out else config.first
    config.out.mkdir(parents=True, exist_ok=True)
    seeds = range(first, first + config.count)
    missing = sum(not pack_path(config.out, seed).exists() for seed in seeds)
    began = time.perf_counter()
    jobs = [_job(config, first, index) for index in range(config.jobs)]
    try:
        while any(job.poll() is None for job in jobs):
            time.sleep(1)
            left = sum(not pack_path(config.out, seed).exists() for seed in seeds)
            _tell(config.count, left, missing - left, time.perf_counter() - began)
    except KeyboardInterrupt:
        for job in jobs:
            job.terminate()
        log.info("\nStopped; the same command goes on from here.")
        return 130
    done = missing - sum(not pack_path(config.out, seed).exists() for seed in seeds)
    minutes = (time.perf_counter() - began) / 60
    sizes = [pack_path(config.out, seed).stat().st_size for seed in seeds if done]
    size = f", {np.mean(sizes) / 1000:.0f} kB each" if sizes else ""
    log.info("\n%d scenes, %.0f a minute%s", done, done / max(minutes, 1e-6), size)
    return max(job.returncode for job in jobs)


def blends(config: Blends) -> int:
    """Photograph the files; those that cannot be are named. Return the exit code."""
    words: list[object] = [config.blends, config.out, config.views, "--size", config.size]
    words += ["--hdris", config.hdris] if config.hdris else []
    code = _in_blender(config.python, "training.cycles.blends", words)
    log.info("%d packs in %s", len(pack_paths(config.out)), config.out)
    return code


def stack(config: StackOf) -> int:
    """Render the stack; return the exit code."""
    words = [config.out, config.seed, config.lights, config.unseen, "--size", config.size]
    return _in_blender(config.python, "training.cycles.stack", words)


def sheet(config: Sheet) -> int:
    """Draw the sheet; say how fast procedural scenes are made."""
    if config.packs:
        panels = _packed_panels(config)
    else:
        panels = [panel for kind in KINDS for panel in _procedural_panels(config, kind)]
    contact_sheet(panels, 2 * (2 + SHOWN_LIGHTS), CELL).save(config.out, optimize=True)
    return 0


def _job(config: Cycles, first: int, index: int) -> subprocess.Popen:
    """Start one of the jobs: every ``jobs``-th scene, pinned to a core where that can be done."""
    count = len(range(index, config.count, config.jobs))
    words = [config.out, first + index, count, config.jobs, "--size", config.size]
    for folder in ("hdris", "normal_maps", "meshes", "photos"):
        path = getattr(config, folder)
        words += ["--" + folder.replace("_", "-"), path] if path else []
    words += ["--kinds", *config.kinds] if config.kinds else []
    command = [config.python, "-m", "training.cycles", *words]
    job = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    if hasattr(os, "sched_setaffinity"):
        # with one rendering thread Blender's main thread spins; beside it on one core it yields
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(job.pid, {cores[index % len(cores)]})
    return job


def _in_blender(python: Path, module: str, words: list) -> int:
    """Run a module in Blender's Python; what it complains of is shown."""
    command = [str(word) for word in (python, "-m", module, *words)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


def _tell(count: int, left: int, done: int, seconds: float) -> None:
    rest = f"{seconds / done * left / 60:.0f} min left" if done else "starting"
    sys.stderr.write(f"\r\033[K{count - left}/{count} scenes, {rest}")
    sys.stderr.flush()


def _packed_panels(config: Sheet) -> list[Panel]:
    found: dict[str, list[Path]] = {}
    for path in pack_paths(config.packs or Path()):
        found.setdefault(read_pack(path).kind, []).append(path)
    shown = [path for paths in found.values() for path in paths[: config.scenes]]
    return [panel for path in shown for panel in _pack_panels(read_pack(path), read_answer(path))]


def _pack_panels(pack: Pack, normals: np.ndarray) -> list[Panel]:
    shown = encode_normals(normals * (1, -1, -1)) * pack.inside[..., None]
    lights = (Panel(f"light {k + 1}", pack.lights[3 * k] / 255) for k in range(SHOWN_LIGHTS))
    return [Panel(pack.kind, pack.picture / 255), *lights, Panel("normals (score only)", shown)]


def _procedural_panels(config: Sheet, kind) -> list[Panel]:
    generate(kind, config.seed + 1, config.scenes, config.size)  # the first call warms up
    began = time.perf_counter()
    scene = generate(kind, config.seed, config.scenes, config.size)
    rate = config.scenes * 60 / (time.perf_counter() - began)
    log.info("%s: %.0f scenes per minute", kind, rate)
    return [panel for i in range(config.scenes) for panel in _scene_panels(kind, scene, i)]


def _scene_panels(kind: str, scene: Scene, index: int) -> list[Panel]:
    lesson = scene.lesson
    inside = lesson.inside[index].numpy()[..., None]
    normals = encode_normals(flip_axes(scene.answer.normals[index]).numpy()) * inside
    lights = linear_to_srgb(lesson.single_lights[index])
    return [
        Panel(kind, linear_to_srgb(lesson.picture[index]).numpy()),
        *(Panel(f"light {k + 1}", lights[k].numpy()) for k in range(SHOWN_LIGHTS)),
        Panel("normals (score only)", normals),
    ]


def main() -> int:
    """Run the command line; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    torch.set_num_threads(os.cpu_count() or 1)
    chosen = tyro.cli(
        Annotated[Cycles, tyro.conf.subcommand("cycles")]
        | Annotated[Procedural, tyro.conf.subcommand("procedural")]
        | Annotated[Blends, tyro.conf.subcommand("blends")]
        | Annotated[StackOf, tyro.conf.subcommand("stack")]
        | Annotated[Sheet, tyro.conf.subcommand("sheet")],
        prog="python -m training.render",
    )
    match chosen:
        case Cycles():
            return render(chosen)
        case Procedural():
            return procedural(chosen)
        case Blends():
            return blends(chosen)
        case StackOf():
            return stack(chosen)
        case _:
            return sheet(chosen)


if __name__ == "__main__":
    sys.exit(main())
