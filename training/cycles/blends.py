"""Scenes of somebody's own assets, as packs: runs in Blender's Python.

``python -m training.cycles.blends ASSETS OUT VIEWS`` takes every ``.blend`` and ``.obj`` below
ASSETS and photographs it VIEWS times; packs that are there are skipped. ``training.render``
starts this.

A .blend may carry scripts. Its objects are appended to an empty file with automatic execution
switched off, so neither its text blocks nor the Python of its drivers ever run.
"""

import argparse
import math
import sys
import zlib
from pathlib import Path
from random import Random

import bpy
from mathutils import Matrix, Vector

from training.cycles.__main__ import worlds
from training.cycles.meshes import linked
from training.cycles.placing import Stage
from training.cycles.shots import Quality, photograph
from training.cycles.stages import seen_alone
from training.cycles.things import REACH
from training.packs import HELD_OUT_FROM, write_answer, write_pack

SUFFIXES = (".blend", ".obj")
SHAPES = ("MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES")
LEFT_OUT = ("LIGHT", "LIGHT_PROBE", "CAMERA", "SPEAKER")
"""Lamps and cameras are ours."""


class Unusable(Exception):
    """An asset cannot be photographed; the message says why."""


def main() -> None:
    """Photograph the assets asked for; name those that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m training.cycles.blends")
    parser.add_argument("assets", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("views", type=int)
    parser.add_argument("--size", type=int, default=Quality.size)
    parser.add_argument("--hdris", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for asset in asset_paths(options.assets):
        for path, seed in pack_seeds(options.assets, asset, options.out, options.views):
            if path.exists():
                continue
            try:
                render(asset, seed, path, Quality(size=options.size), options.hdris)
            except Unusable as problem:
                sys.stderr.write(f"{asset.name} was skipped: {problem}\n")
                break


def asset_paths(folder: Path) -> list[Path]:
    """List the assets below a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def pack_seeds(assets: Path, asset: Path, out: Path, views: int) -> list[tuple[Path, int]]:
    """Return the packs of an asset and their seeds, which follow from its name alone."""
    name = "-".join(asset.relative_to(assets).parts).replace(".", "-")
    packs = [out / f"{name}-{view:02d}.zip" for view in range(views)]
    return [(path, zlib.crc32(path.stem.encode()) % HELD_OUT_FROM) for path in packs]


def render(asset: Path, seed: int, path: Path, quality: Quality, hdris: Path | None) -> None:
    """Set an asset on our stage, photograph it and write the pack.

    Raises:
        Unusable: when the file cannot be read, or nothing in it can be seen.
    """
    dice = Random(seed)
    done = photograph(dice, staged(dice, asset), worlds(False, hdris), quality, seed % 4 == 0)
    if not done.pack.inside.any():
        raise Unusable("nothing of it can be seen; is it hidden from renders or transparent?")
    write_answer(path, done.normals)
    write_pack(path, done.pack)


def staged(dice: Random, asset: Path) -> Stage:
    """Bring an asset in, as large as our things, upright and turned about its height."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    things = _appended(asset) if asset.suffix.lower() == ".blend" else _imported(asset)
    root = linked("root", None)
    for thing in things:
        if thing.parent is None:
            thing.parent = root
    centre, radius = _bounds()
    turn = Matrix.Rotation(dice.uniform(0, math.tau), 4, "Z")
    root.matrix_world = (
        turn @ Matrix.Diagonal([REACH / radius] * 3).to_4x4() @ Matrix.Translation(-centre)
    )
    aim = Vector((dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(-0.2, 0.8)))
    return seen_alone(dice, aim.normalized())


def _appended(asset: Path) -> list[bpy.types.Object]:
    """Append a file's objects; what it calls its lamps and cameras stays behind."""
    try:
        with bpy.data.libraries.load(str(asset), link=False) as (found, wanted):
            wanted.objects = found.objects
    except OSError as problem:
        raise Unusable(f"Blender cannot read it ({str(problem).strip()})") from problem
    things = [thing for thing in wanted.objects if thing and thing.type not in LEFT_OUT]
    for thing in things:
        bpy.context.scene.collection.objects.link(thing)
    return things


def _imported(asset: Path) -> list[bpy.types.Object]:
    try:
        bpy.ops.wm.obj_import(filepath=str(asset))
    except RuntimeError as problem:
        raise Unusable(f"Blender cannot read it ({str(problem).strip()})") from problem
    return list(bpy.context.scene.objects)


def _bounds() -> tuple[Vector, float]:
    """Return the middle of everything that renders, and the radius of a ball around it."""
    bpy.context.view_layer.update()
    corners = [
        instance.matrix_world @ Vector(corner)
        for instance in bpy.context.evaluated_depsgraph_get().object_instances
        if instance.object.type in SHAPES and not instance.object.hide_render
        for corner in instance.object.bound_box
    ]
    if not corners:
        raise Unusable("it holds no mesh, curve or text that renders")
    low = Vector(min(corner[axis] for corner in corners) for axis in range(3))
    high = Vector(max(corner[axis] for corner in corners) for axis in range(3))
    radius = (high - low).length / 2
    if not 0 < radius < math.inf:
        raise Unusable("it has no size")
    return (low + high) / 2, radius


if __name__ == "__main__":
    main()
