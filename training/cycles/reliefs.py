"""Materials seen from the front, as a texture artist photographs them: heights and their paint.

Heights come from patterns of our own or, where a folder of normal maps is given, from integrating
one of those.
"""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import bpy
import numpy as np
from PIL import Image

from training.cycles.meshes import grid_object, unit_grid, waves

GRID = 256
SIDE = 2.0
"""Width of a relief in units of the scene."""
Pattern = Callable[[Random, np.ndarray, np.ndarray], np.ndarray]


def bricks(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Lay bricks or tiles with joints; each lies a little deeper or higher."""
    across, down = dice.randint(2, 6), dice.randint(3, 10)
    row = np.floor(v * down)
    x = u * across + dice.choice([0.0, 0.5]) * (row % 2)
    edge = np.minimum(0.5 - np.abs(x % 1 - 0.5), (0.5 - np.abs(v * down % 1 - 0.5)) * across / down)
    joint = dice.uniform(0.03, 0.09)
    soft = dice.uniform(0.2, 1.0)
    profile = np.clip(edge / joint, 0, 1) ** soft
    each = np.sin(np.floor(x) * 12.9898 + row * 78.233) * 43758.5453 % 1
    return profile * (0.8 + 0.4 * each) + 0.08 * waves(dice, u * 4, v * 4, 3, 0.6)


def pebbles(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Spread stones: domes over the cells of random points."""
    count = dice.randint(12, 120)
    near, next_ = _cells(dice, u, v, count)
    dome = np.clip((next_ - near) * math.sqrt(count), 0, 1)
    return dome ** dice.uniform(0.35, 0.9) + 0.05 * waves(dice, u * 5, v * 5, 3, 0.6)


def weave(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Weave two directions of thread, over and under, with soft folds below."""
    threads = dice.randint(8, 26)
    x, y = u * threads, v * threads
    over = (np.floor(x) + np.floor(y)) % 2
    warp, weft = np.abs(np.sin(np.pi * x)), np.abs(np.sin(np.pi * y))
    cloth = np.where(over > 0, warp * (0.6 + 0.4 * weft), weft * (0.6 + 0.4 * warp))
    return 0.4 * cloth + dice.uniform(0.0, 2.0) * waves(dice, u, v, 2, 0.5)


def bark(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Split bark along its grain."""
    bend = 0.15 * waves(dice, u, v, 3, 0.5)
    ridges = 1 - np.abs(waves(dice, (u + bend) * dice.uniform(3, 7), v * 0.7, 4, 0.6))
    return np.clip(ridges, -1.5, 1)


def planks(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Lay boards with faint grain and open seams."""
    boards = dice.randint(2, 7)
    seam = np.clip((0.5 - np.abs(u * boards % 1 - 0.5)) / dice.uniform(0.02, 0.05), 0, 1)
    grain = waves(dice, u * 14, v * 0.8 + np.floor(u * boards), 3, 0.7)
    return seam + dice.uniform(0.02, 0.12) * grain


def ground(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Leave the ground rough: plaster, soil, stone, wrinkles."""
    rough = waves(
        dice, u * dice.uniform(0.7, 2), v * dice.uniform(0.7, 2), 6, dice.uniform(0.4, 0.8)
    )
    return np.abs(rough) if dice.random() < 0.3 else rough


def studs(dice: Random, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Set round studs or dents in rows."""
    rows = dice.randint(4, 12)
    x, y = u * rows % 1 - 0.5, v * rows % 1 - 0.5
    radius = dice.uniform(0.2, 0.45)
    dome = np.sqrt(np.clip(1 - (x * x + y * y) / radius**2, 0, 1))
    return dice.choice([1, -1]) * dome + 0.03 * waves(dice, u * 4, v * 4, 3, 0.6)


PATTERNS: tuple[Pattern, ...] = (bricks, pebbles, bark, planks, ground, ground)
HELD_OUT: tuple[Pattern, ...] = (weave, studs)


def relief(dice: Random, patterns: tuple[Pattern, ...], maps: tuple[Path, ...]) -> bpy.types.Object:
    """Make a relief facing +z with paint in the attribute ``paint``."""
    u, v = unit_grid(GRID, GRID)
    if maps and dice.random() < 0.4:
        height = integrated(_slopes(dice, dice.choice(maps)))
    else:
        height = dice.choice(patterns)(dice, u, v)
    height = _steepness(dice, height - height.mean())
    points = np.stack([(u - 0.5) * SIDE, (v - 0.5) * SIDE, height], axis=-1)
    thing = grid_object("relief", points, wrap_u=False, wrap_v=False)
    paint = thing.data.color_attributes.new("paint", "FLOAT_COLOR", "POINT")
    colours = np.ones((GRID * GRID, 4), np.float32)
    colours[:, :3] = _painted(dice, u, v, height).reshape(-1, 3)
    paint.data.foreach_set("color", colours.ravel())
    return thing


def integrated(slopes: np.ndarray) -> np.ndarray:
    """Find the periodic height whose slopes along u and v come closest (Frankot, Chellappa)."""
    rows, columns, _ = slopes.shape
    fu, fv = np.fft.fftfreq(columns)[None] * math.tau, np.fft.fftfreq(rows)[:, None] * math.tau
    along_u, along_v = np.fft.fft2(slopes[..., 0]), np.fft.fft2(slopes[..., 1])
    energy = fu**2 + fv**2
    energy[0, 0] = 1.0
    return np.real(np.fft.ifft2((-1j * fu * along_u - 1j * fv * along_v) / energy))


def _slopes(dice: Random, path: Path) -> np.ndarray:
    """Read slopes per pixel from a tile of a normal map, v upward, whichever way its green points.

    Slopes of a surface have no curl; the sign of green with the smaller one is right.
    """
    image = Image.open(path).convert("RGB")
    tile = round(min(image.size) * dice.uniform(0.5, 1.0))
    left, top = (dice.randint(0, size - tile) for size in image.size)
    part = image.crop((left, top, left + tile, top + tile)).resize(
        (GRID, GRID), Image.Resampling.LANCZOS
    )
    normals = np.asarray(part, np.float32) / 127.5 - 1
    along_u = -normals[..., 0] / np.maximum(normals[..., 2], 0.2)
    along_v = -normals[..., 1] / np.maximum(normals[..., 2], 0.2)

    def curl(sign: float) -> float:
        return float(
            np.abs(np.gradient(along_u, axis=0) + sign * np.gradient(along_v, axis=1)).sum()
        )

    # rows run down, v runs up
    opengl = curl(1.0) < curl(-1.0)
    slopes = np.stack([along_u, along_v if opengl else -along_v], axis=-1)
    return slopes[::-1]


def _steepness(dice: Random, height: np.ndarray) -> np.ndarray:
    """Scale a height so that its mean tilt lies between 3° and 30°."""
    step = SIDE / (GRID - 1)
    down, right = np.gradient(height, step)
    steep = float(np.hypot(down, right).mean())
    return height * math.tan(math.radians(dice.uniform(3, 30))) / max(steep, 1e-6)


def _painted(dice: Random, u: np.ndarray, v: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Mix two or three colours: some follow the height, as dirt does, some follow nothing."""
    colours = [np.array([dice.uniform(0.08, 0.9) for _ in range(3)]) for _ in range(3)]
    gray = dice.random()
    colours = [gray * c.mean() + (1 - gray) * c for c in colours]
    scaled = height / max(float(height.std()), 1e-6)
    free = waves(dice, u * dice.uniform(1, 4), v * dice.uniform(1, 4), 5, dice.uniform(0.5, 0.9))
    dirt = 1 / (1 + np.exp(-3 * (scaled + dice.uniform(-1, 1)))) * dice.choice([0, 0, 0.5, 1])
    cloud = np.clip(0.5 + 0.35 * free, 0, 1) * dice.uniform(0, 1)
    mixed = colours[0] + (colours[1] - colours[0]) * dirt[..., None]
    return np.clip(mixed + (colours[2] - mixed) * cloud[..., None], 0.04, 0.95)


def _cells(dice: Random, u: np.ndarray, v: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances to the nearest and the second nearest of random points."""
    near = np.full_like(u, np.inf)
    following = np.full_like(u, np.inf)
    for _ in range(count):
        distance = np.hypot(u - dice.random(), v - dice.random())
        following = np.minimum(following, np.maximum(near, distance))
        near = np.minimum(near, distance)
    return near, following
