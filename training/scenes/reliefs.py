"""Materials seen from the front: lay a texture or a pattern out, and look at a window of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend.geometry import normalize
from backend.occlusion import occlusion
from training.scenes.materials import Material, colours, painted
from training.scenes.noise import fractal, pixel_grid
from training.scenes.patterns import PATTERNS, Pattern
from training.scenes.random import Dice
from training.scenes.surface import Eye, Surface, eye_at, facing_camera
from training.scenes.textures import RECIPES, Texture, texture
from training.scenes.textures.paint import weathered
from training.scenes.textures.torus import between, often, ratio

STEEPEST = 3.5
"""Slope that the steepest fiftieth of a pattern may have at most."""
PATTERN_SHARE = 0.2
"""Share of scenes made of a pattern in any color instead of a material of the world."""
WHOLE_SHARE = 0.5
"""Share of materials seen whole, so that the picture tiles."""
FINE = 2
"""Pixels of a texture to one of the picture, along each side."""
Maker = Callable[[Dice, int], Texture]
MARGIN = 8
"""One part in so many of a picture is laid out around it: what casts shadows into it."""


@dataclass(frozen=True)
class Relief:
    """A batch of materials as the camera sees them, with what lies around the picture."""

    surface: Surface
    eye: Eye
    material: Material
    sky: Float[Tensor, "b p"]
    """The share of the sky that each point sees."""
    margin: int
    """Pixels around the picture."""


def flat(dice: Dice, batch: int, size: int, width: float = 1.0) -> tuple[Surface, Eye]:
    """Return a flat thing that fills the picture."""
    zero = torch.zeros(batch, device=dice.device)
    eye = eye_at(size, zero + width, zero, zero + 1)
    points = eye.origins + eye.directions
    thing = torch.zeros(points.shape[:2], dtype=torch.long, device=dice.device)
    return Surface(points, facing_camera(points), points, thing, thing == 0), eye


def relief(dice: Dice, batch: int, size: int, make: Maker | None = None) -> Relief:
    """Lay out materials of all kinds, from nearly flat to steep, or those that ``make`` makes."""
    margin = size // MARGIN
    canvas = size + 2 * margin
    made = [_seen(dice, size, margin, make) for _ in range(batch)]
    height = torch.stack([scene.height for scene in made])
    slopes_v, slopes_u = torch.gradient(height, dim=(1, 2))
    toward = -torch.ones_like(slopes_u)
    normals = normalize(torch.stack([-slopes_u, -slopes_v, toward], dim=-1)).flatten(1, 2)
    surface, eye = flat(dice, batch, canvas, canvas / size)
    # heights are in pixels, of which the picture has size across its two units
    depth = -height.flatten(1) * 2 / size
    points = torch.cat([surface.points[..., :2], depth[..., None]], dim=-1)
    surface = replace(surface, points=points, normals=normals)
    everywhere = torch.ones(canvas, canvas, dtype=torch.bool, device=dice.device)
    sky = torch.stack([occlusion(plane, everywhere) for plane in height]).flatten(1)
    albedo = torch.stack([scene.albedo for scene in made]).flatten(1, 2)
    gloss, exponent = (
        torch.tensor([[[value]] for value in values], device=dice.device).expand(
            -1, canvas * canvas, 1
        )
        for values in ([s.gloss for s in made], [s.exponent for s in made])
    )
    return Relief(surface, eye, Material(albedo, gloss, exponent), sky, margin)


def of_the_world(dice: Dice, size: int) -> Texture:
    """Make one of the materials, each as often as it is good for training."""
    weights = torch.tensor([recipe.weight for recipe in RECIPES])
    place = int(torch.bucketize(between(dice, 0.0, float(weights.sum())), weights.cumsum(0)))
    return texture(dice, size, RECIPES[min(place, len(RECIPES) - 1)])


def _seen(dice: Dice, size: int, margin: int, make: Maker | None) -> Texture:
    """Look at a material, its height in pixels; ``margin`` pixels are added on every side."""
    if make is None and often(dice, PATTERN_SHARE):
        return _patterned(dice, size, margin)
    made = (make or of_the_world)(dice, FINE * size)
    if often(dice, WHOLE_SHARE):
        return _window(made, size, margin, 1.0, 0.0, (0.0, 0.0))
    angle = math.pi * between(dice, -1.0, 1.0) * (0.03 if often(dice, 0.6) else 1.0)
    start = (between(dice, 0.0, 1.0), between(dice, 0.0, 1.0))
    return _window(made, size, margin, between(dice, 0.45, 1.0), angle, start)


def _window(
    made: Texture, size: int, margin: int, width: float, angle: float, start: tuple[float, float]
) -> Texture:
    """Cut a turned window out of a texture that goes on for ever."""
    fine = FINE * (size + 2 * margin)
    reach = width * (size + 2 * margin) / size
    plane = pixel_grid(fine, made.height.device) * (reach / 2)
    u = plane[..., 0] * math.cos(angle) - plane[..., 1] * math.sin(angle) + 0.5 + start[0]
    v = plane[..., 0] * math.sin(angle) + plane[..., 1] * math.cos(angle) + 0.5 + start[1]
    layers = torch.cat([made.height[None], made.albedo.movedim(-1, 0)])
    wrapped = F.pad(layers[None], (1, 1, 1, 1), mode="circular")
    side = wrapped.shape[-1]
    across, down = (((x % 1) * (side - 2) + 1) / side * 2 - 1 for x in (u, v))
    grid = torch.stack([across, down], dim=-1)[None]
    seen = F.avg_pool2d(F.grid_sample(wrapped, grid, align_corners=False), FINE)[0]
    return replace(made, height=seen[0] * size / width, albedo=seen[1:].movedim(0, -1))


def _patterned(dice: Dice, size: int, margin: int) -> Texture:
    """Lay out a pattern, turned, scaled and bent, and paint it by its parts."""
    canvas = size + 2 * margin
    kind = PATTERNS[int(dice.integers(len(PATTERNS), 1))]
    pattern = kind.make(dice, *_laid_out(dice, canvas))
    grain = fractal(dice, 1, canvas, 1.2) + 0.3 * fractal(dice, 1, canvas, 0.4)
    share = 0.3 * between(dice, 0.0, 1.0) ** 2 * _roughness(pattern.height) / _roughness(grain)
    height = (pattern.height + share * grain)[0]
    height = height * _depth(dice, height, kind.tilt)
    albedo = _by_parts(dice, Pattern(_standard(height)[None], pattern.cells))
    gloss = 0.5 * between(dice, 0.0, 1.0) ** 3
    made = Texture(height / size, albedo, gloss, 4 * ratio(dice, 1.0, 20.0))
    made = weathered(dice, made)
    return replace(made, height=made.height * size)


def _by_parts(dice: Dice, pattern: Pattern) -> Float[Tensor, "s s 3"]:
    """Paint by brick or pebble, by what lies low, and by what has nothing to do with height."""
    size = pattern.height.shape[-1]
    height, cells = (grid[0][..., None] for grid in vars(pattern).values())
    paints = colours(dice, 1, 3)[0]
    surface, _ = flat(dice, 1, size)
    base = painted(dice, surface, size).albedo[0].unflatten(0, (size, size))
    by_cell = cells * paints[0] + (1 - cells) * paints[1]
    mixed = base + between(dice, 0.0, 1.0) * often(dice, 0.7) * (by_cell - base)
    level = between(dice, -1.5, 0.0)
    gap = torch.sigmoid(ratio(dice, 3.0, 20.0) * (level - height))
    return mixed + often(dice, 0.6) * between(dice, 0.5, 1.0) * gap * (paints[2] - mixed)


def _laid_out(dice: Dice, size: int) -> tuple[Float[Tensor, "1 s s"], Float[Tensor, "1 s s"]]:
    plane = pixel_grid(size, dice.device)[None]
    angle = math.pi * (0.05 if often(dice, 0.5) else 1.0) * between(dice, -1.0, 1.0)
    half_across = ratio(dice, 1.2, 7.0)
    bend = [0.15 * between(dice, 0.0, 1.0) ** 2 * fractal(dice, 1, size, 2.0, 1) for _ in "uv"]
    u, v = plane[..., 0] * half_across, plane[..., 1] * half_across
    turned_u = u * math.cos(angle) - v * math.sin(angle) + bend[0]
    turned_v = u * math.sin(angle) + v * math.cos(angle) + bend[1]
    return turned_u + 31.7 * between(dice, 0.0, 1.0), turned_v + 31.7 * between(dice, 0.0, 1.0)


def _roughness(height: Float[Tensor, "*b s s"]) -> float:
    """Return the mean slope."""
    down, right = torch.gradient(height, dim=(-2, -1))
    return max(float(torch.hypot(down, right).mean()), 1e-6)


def _depth(dice: Dice, height: Float[Tensor, "s s"], tilt: float) -> float:
    """Return what heights must be scaled by to be about as steep as real ones are."""
    tilt = min(max(tilt * math.exp(0.5 * float(dice.normal(1))), 1.0), 38.0)
    down, right = torch.gradient(height, dim=(0, 1))
    steepest = float(torch.hypot(down, right).flatten().quantile(0.98))
    wanted = math.tan(math.radians(tilt)) / _roughness(height)
    return min(wanted, STEEPEST / max(steepest, 1e-6))


def _standard(height: Float[Tensor, "s s"]) -> Float[Tensor, "s s"]:
    return (height - height.mean()) / height.std().clamp_min(1e-6)
