"""Render scenes to packs inside Blender's Python; ``training.render`` starts this.

``python -m training.cycles OUT FIRST COUNT STRIDE`` renders the seeds FIRST, FIRST + STRIDE, … and
skips those that are there.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import bpy

from training.cycles import materials, reliefs, things
from training.cycles.placing import Stage, Words
from training.cycles.shapes import maker
from training.cycles.shots import Quality, photograph
from training.cycles.stages import STAGES
from training.mesh_library import Library, read_library
from training.packs import are_held_out, is_held_out, pack_path, write_answer, write_pack

KINDS = ("object", "object", "figure", "pile", "room", "object", "relief", "pile", "room", "print")
SECOND_VIEW_EVERY = 4
HELD_OUT_HDRIS = ("interior.exr", "courtyard.exr")
LIBRARY_SHARE = 8
"""Things of the library to one of each maker of our own that is kept beside it."""
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
SEEN = 0.02
"""Share of a picture that a scene must fill."""


@dataclass(frozen=True)
class Supplies:
    """Folders to make scenes from, beside what is made here; each may be missing."""

    hdris: Path | None = None
    normal_maps: Path | None = None
    meshes: Path | None = None
    photos: Path | None = None


def main() -> None:
    """Render the scenes asked for."""
    parser = argparse.ArgumentParser(prog="python -m training.cycles")
    parser.add_argument("out", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("stride", type=int)
    parser.add_argument("--size", type=int, default=Quality.size)
    parser.add_argument("--threads", type=int, default=Quality.threads)
    parser.add_argument("--kinds", nargs="+", choices=sorted(STAGES), default=KINDS)
    for folder in vars(Supplies()):
        parser.add_argument("--" + folder.replace("_", "-"), type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    quality = Quality(size=options.size, threads=options.threads)
    supplies = Supplies(**{name: getattr(options, name) for name in vars(Supplies())})
    last = options.first + (options.count - 1) * options.stride
    words = supplied(are_held_out(options.first, last), supplies)
    for seed in range(options.first, last + 1, options.stride):
        path = pack_path(options.out, seed)
        if not path.exists():
            kind = options.kinds[seed % len(options.kinds)]
            render(seed, path, quality, kind, words, supplies)


def render(
    seed: int, path: Path, quality: Quality, kind: str, words: Words, supplies: Supplies
) -> None:
    """Build, photograph and write one scene; one that shows next to nothing is left out."""
    dice = Random(seed)
    stage = built(dice, kind, words)
    second = seed % SECOND_VIEW_EVERY == 0 and stage.kind in ("object", "pile", "room")
    hdris = worlds(is_held_out(path), supplies.hdris)
    done = photograph(dice, stage, hdris, quality, second)
    if done.pack.inside.mean() < SEEN:
        sys.stderr.write(f"scene {seed} was left out: it shows next to nothing\n")
        return
    write_answer(path, done.normals)
    write_pack(path, done.pack)


def built(dice: Random, kind: str, words: Words) -> Stage:
    """Build a stage in an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return STAGES[kind](dice, words)


def supplied(held_out: bool, supplies: Supplies) -> Words:
    """Return what scenes of training, or of validation, are made of."""
    meshes = read_library(supplies.meshes, held_out) if supplies.meshes else None
    photos = _found(supplies.photos, PICTURES) if not held_out else ()
    if held_out:
        ours = Words(things.HELD_OUT, materials.HELD_OUT, reliefs.HELD_OUT, ())
    else:
        maps = _found(supplies.normal_maps, (".webp",))
        ours = Words(things.TRAINING, materials.TRAINING, reliefs.PATTERNS, maps)
    return _with_library(ours, meshes, photos) if meshes else ours


def _with_library(ours: Words, meshes: Library, photos: tuple[Path, ...]) -> Words:
    """Make most things from a library."""
    shape = maker(meshes, ours.materials, photos)
    own = tuple(dict.fromkeys(ours.things))
    mixed = (shape,) * (LIBRARY_SHARE * len(own)) + own
    return Words(mixed, ours.materials, ours.reliefs, ours.normal_maps, meshes, photos)


def _found(folder: Path | None, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    if not folder:
        return ()
    return tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes))


def worlds(held_out: bool, more: Path | None) -> tuple[Path, ...]:
    """List environment maps: Blender's own, two of them held out, and a folder's."""
    bundled = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
    found = sorted(bundled.glob("*.exr"))
    kept = [path for path in found if (path.name in HELD_OUT_HDRIS) == held_out]
    if more and not held_out:
        kept += sorted(more.glob("*.exr"))
    return tuple(kept)


if __name__ == "__main__":
    main()
