"""Materials that tile, whose paint follows their relief as it does in the world."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from training.scenes.random import Dice
from training.scenes.textures import boards, cloths, grounds, heaps, masonry, roofs
from training.scenes.textures.paint import Texture, peeling, weathered
from training.scenes.textures.torus import often, ratio


@dataclass(frozen=True)
class Recipe:
    """How to make a material."""

    make: Callable[[Dice, int], Texture]
    weight: float
    """How often it is made beside the others."""
    tilt: float
    """Mean angle in degrees between its normals and the viewer, usually."""
    peels: float = 0.0
    """How often a coat flakes off it."""


RECIPES = (
    Recipe(masonry.bricks, 4.0, 13.0, 0.15),
    Recipe(masonry.cobbles, 3.0, 20.0),
    Recipe(masonry.pavers, 2.0, 10.0, 0.05),
    Recipe(masonry.slabs, 2.0, 17.0, 0.05),
    Recipe(masonry.tiles, 2.0, 8.0, 0.1),
    Recipe(heaps.pebbles, 2.0, 27.0),
    Recipe(heaps.gravel, 3.0, 28.0),
    Recipe(heaps.litter, 1.0, 22.0),
    Recipe(boards.planks, 3.0, 9.0, 0.15),
    Recipe(boards.bark, 2.0, 22.0),
    Recipe(roofs.roof, 2.0, 15.0),
    Recipe(cloths.weave, 3.0, 20.0),
    Recipe(cloths.knit, 1.0, 24.0),
    Recipe(cloths.leather, 1.5, 14.0),
    Recipe(grounds.soil, 2.0, 20.0),
    Recipe(grounds.sand, 1.0, 11.0),
    Recipe(grounds.plaster, 1.5, 11.0, 0.2),
    Recipe(grounds.concrete, 1.0, 11.0, 0.1),
    Recipe(grounds.rock, 2.0, 24.0),
    Recipe(grounds.metal, 1.0, 7.0, 0.2),
)
STRONGER, WEAKER = 1.4, 0.25
"""How far a relief is made deeper or shallower so that it is about as steep as usual."""


def texture(dice: Dice, size: int, recipe: Recipe) -> Texture:
    """Make a material of a usual depth and let time pass over it."""
    made = recipe.make(dice, size)
    made = peeling(dice, made) if often(dice, recipe.peels) else made
    wanted = math.tan(math.radians(recipe.tilt * ratio(dice, 0.6, 1.6)))
    factor = min(max(wanted / _slope(made.height), WEAKER), STRONGER)
    return weathered(dice, replace(made, height=made.height * factor))


def _slope(height: Float[Tensor, "s s"]) -> float:
    """Return the mean slope at half the resolution, at which it will be seen."""
    seen = F.avg_pool2d(height[None, None], 2)[0, 0]
    across, down = (seen.roll(-1, axis) - seen.roll(1, axis) for axis in (1, 0))
    return max(1e-6, float(torch.hypot(across, down).mean()) * len(seen) / 2)
