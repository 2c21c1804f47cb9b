"""Render scenes to packs inside Blender's Python; ``training.render`` starts this.

``python -m training.cycles OUT FIRST COUNT STRIDE`` renders the seeds FIRST, FIRST + STRIDE, … and
skips those that are there.
"""

import argparse
from pathlib import Path
from random import Random

import bpy

from training.cycles import materials, reliefs, things
from training.cycles.shots import Quality, photograph
from training.cycles.stages import STAGES, Stage, Words
from training.packs import HELD_OUT_FROM, pack_path, write_answer, write_pack

KINDS = ("object", "object", "object", "pile", "room", "object", "relief", "pile", "room", "print")
SECOND_VIEW_EVERY = 4
HELD_OUT_HDRIS = ("interior.exr", "courtyard.exr")


def main() -> None:
    """Render the scenes asked for."""
    parser = argparse.ArgumentParser(prog="python -m training.cycles")
    parser.add_argument("out", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("stride", type=int)
    parser.add_argument("--size", type=int, default=Quality.size)
    parser.add_argument("--threads", type=int, default=Quality.threads)
    parser.add_argument("--hdris", type=Path)
    parser.add_argument("--normal-maps", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    quality = Quality(size=options.size, threads=options.threads)
    for seed in range(
        options.first, options.first + options.count * options.stride, options.stride
    ):
        path = pack_path(options.out, seed)
        if not path.exists():
            render(seed, path, quality, options.hdris, options.normal_maps)


def render(
    seed: int, path: Path, quality: Quality, hdris: Path | None, normal_maps: Path | None
) -> None:
    """Build, photograph and write one scene."""
    dice = Random(seed)
    stage = built(dice, seed, normal_maps)
    second = seed % SECOND_VIEW_EVERY == 0 and stage.kind in ("object", "pile", "room")
    done = photograph(dice, stage, worlds(seed >= HELD_OUT_FROM, hdris), quality, second)
    write_answer(path, done.normals)
    write_pack(path, done.pack)


def built(dice: Random, seed: int, normal_maps: Path | None) -> Stage:
    """Build the stage of a seed in an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    kind = KINDS[seed % len(KINDS)]
    return STAGES[kind](dice, _words(seed >= HELD_OUT_FROM, normal_maps))


def _words(held_out: bool, normal_maps: Path | None) -> Words:
    if held_out:
        return Words(things.HELD_OUT, materials.HELD_OUT, reliefs.HELD_OUT, ())
    maps = tuple(sorted(normal_maps.glob("*.webp"))) if normal_maps else ()
    return Words(things.TRAINING, materials.TRAINING, reliefs.PATTERNS, maps)


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
