"""One object as a user would photograph it for a light stack: runs in Blender's Python.

``python -m training.cycles.stack OUT SEED LIGHTS UNSEEN`` writes the pictures under LIGHTS single
lights to ``OUT/stack/seed-SEED/``, in the layout that ``training.stacks`` reads. UNSEEN more
pictures, under lights that the stack does not have, become evaluation cases in ``OUT/cases/``;
the true normals lie there alone, where they score.
"""

import argparse
import json
import math
from pathlib import Path
from random import Random

import bpy
import numpy as np
from mathutils import Matrix
from PIL import Image

from training.cycles import lamps
from training.cycles.__main__ import Supplies, built, supplied
from training.cycles.shots import OPENCV, SOLID, Quality, Shot, encoded, rendered, set_up
from training.packs import HELD_OUT_FROM

GROUP = "new_light"
WHITE = 0.98
"""Share of the object's pixels that are not brighter than white in any picture."""


def main() -> None:
    """Render a stack and its unseen lights."""
    parser = argparse.ArgumentParser(prog="python -m training.cycles.stack")
    parser.add_argument("out", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("lights", type=int)
    parser.add_argument("unseen", type=int)
    parser.add_argument("--size", type=int, default=Quality.size)
    options = parser.parse_args()
    write_stack(
        options.out, options.seed, options.lights, options.unseen, Quality(size=options.size)
    )


def write_stack(out: Path, seed: int, lights: int, unseen: int, quality: Quality) -> None:
    """Photograph a held-out object under single lights, with gloss, shadows and light from itself.

    Raises:
        ValueError: when the seed could have been trained on.
    """
    dice = Random(seed)
    if seed < HELD_OUT_FROM:
        raise ValueError(f"Seed {seed} is not held-out; take one from {HELD_OUT_FROM} on.")
    stage = built(dice, "object", supplied(True, Supplies()))
    set_up(quality)
    bpy.context.scene.camera = stage.camera
    bpy.context.view_layer.update()
    turn = stage.camera.matrix_world.to_3x3().normalized()
    directions = lamps.sun_directions(dice, lights) + lamps.sun_directions(dice, unseen)
    shots = _photographs(directions, turn, quality)
    inside = shots[0].alpha > SOLID
    white = np.quantile(np.stack([shot.rgb[inside].max(-1) for shot in shots]), WHITE)
    pictures = [encoded(shot.rgb / white * inside[..., None]) for shot in shots]
    flat = stage.camera.data.type == "ORTHO"
    fov = 0.0 if flat else math.degrees(stage.camera.data.angle)
    _write_lights(out / "stack" / f"seed-{seed}", pictures[:lights], directions[:lights], fov)
    Image.fromarray(inside).save(out / "stack" / f"seed-{seed}" / "mask.png")
    normals = shots[0].normals @ np.asarray(turn)  # Blender's camera has the axes of the wire
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    for index, picture in enumerate(pictures[lights:], 1):
        folder = out / "cases" / GROUP / f"seed-{seed}-{index}"
        _write_case(folder, picture, inside, normals * inside[..., None], fov)


def _photographs(
    directions: tuple[tuple[float, ...], ...], turn: Matrix, quality: Quality
) -> list[Shot]:
    """Take a picture under each sun, everything else dark."""
    scene = bpy.context.scene
    scene.render.film_transparent = True
    scene.cycles.samples, scene.cycles.max_bounces = 4 * quality.samples, 3
    scene.cycles.use_denoising = True
    lamps.darkness()
    sun = lamps.sun()
    shots = []
    for direction in directions:
        lamps.point(sun, direction, turn)
        shots.append(rendered())
    return shots


def _write_lights(
    folder: Path, pictures: list[np.ndarray], directions: tuple[tuple[float, ...], ...], fov: float
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    known = {}
    for index, (picture, direction) in enumerate(zip(pictures, directions, strict=True), 1):
        Image.fromarray(picture).save(folder / f"light{index:02d}.png")
        known[f"light{index:02d}.png"] = [float(value) for value in np.array(direction) @ OPENCV]
    facts = {"fov_degrees": fov, "directions": known}
    (folder / "lights.json").write_text(json.dumps(facts, indent=1))


def _write_case(
    folder: Path, picture: np.ndarray, inside: np.ndarray, normals: np.ndarray, fov: float
) -> None:
    """Write a case as ``training.cases`` reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(inside)
    Image.fromarray(picture).save(folder / "original.png")
    for name in ("mask.png", "object_mask.png"):
        Image.fromarray(inside).save(folder / name)
    np.save(folder / "normals.npy", normals.astype(np.float16))
    focal = size / 2 / math.tan(math.radians(fov) / 2) if fov else 0.0
    middle = size / 2 - 0.5
    intrinsics = [[focal, 0, middle], [0, focal, middle], [0, 0, 1]] if fov else None
    meta = {"images": ["original"], "size": [size, size], "intrinsics": intrinsics}
    (folder / "meta.json").write_text(json.dumps(meta))


if __name__ == "__main__":
    main()
