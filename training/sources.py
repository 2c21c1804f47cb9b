"""Where lessons come from: rendered packs and procedural scenes, mixed in a fixed order.

Everything follows from the seed and the number of the step, so a run that was interrupted goes on
as if it had not been (as long as the folders of packs hold the same scenes).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from training.loader import lesson_of, remembered
from training.packs import HELD_OUT_FROM, is_held_out, pack_paths, side_of
from training.scenes import KINDS, Kind, Lesson, generate, mirrored
from training.scenes.random import Dice

REUSE = 4
"""How often procedural scenes are seen, in a mirror every other time: making them takes as long as
a step on a CPU."""
APART = 24
"""Lessons of rendered packs between two showings of one."""
SHARP = 1.1
"""A pack has at least so many times the pixels a side that a lesson has: windows of it are enlarged
a little at most, and a lesson that is blurred teaches to blur."""
Packs = tuple[tuple[Path, ...], ...]
"""The packs that are sharp enough for each of a run's sizes."""


@dataclass(frozen=True)
class SourceConfig:
    """What is learned from."""

    packs: tuple[Path, ...] = ()
    """Folders of rendered scenes; none: procedural scenes alone."""
    procedural_share: float = 0.25
    """Share of the steps on procedural scenes when there are packs."""
    scenes: int = 0
    """Use only so many of the packs; 0 is all."""
    kinds: tuple[Kind, ...] = KINDS
    """Kinds of procedural scenes, taken in turn."""
    batch: int = 8
    sizes: tuple[int, ...] = (128,)
    """Sides of the pictures, taken in turn: who learns one alone is unsteady at others."""
    showings: int = 1
    """How often a lesson of packs is shown, in a mirror every other time: for a GPU that learns
    faster than all cores make lessons."""

    def size(self, turn: int) -> int:
        """Return the side of the pictures of a turn."""
        return self.sizes[turn % len(self.sizes)]


@dataclass(frozen=True)
class Rendered:
    """Rendered scenes, and the seed of the dice that vary them."""

    paths: tuple[Path, ...]
    size: int
    seed: int

    @property
    def dice(self) -> Dice:
        """The dice as they are before the first throw."""
        return Dice(self.seed, torch.device("cpu"))


@dataclass(frozen=True)
class Generated:
    """Procedural scenes of one kind."""

    kind: Kind
    seed: int
    batch: int
    size: int


@dataclass(frozen=True)
class Recipe:
    """How a step's lesson is made."""

    scenes: Rendered | Generated
    mirror: bool = False
    last: bool = True
    """Whether the scenes do not come back."""


Recipes = Callable[[int], Recipe]
"""The recipe of a step."""


def recipes(config: SourceConfig, seed: int) -> Recipes:
    """Return the recipes of a run.

    Raises:
        FileNotFoundError: when a folder of packs is empty.
    """
    if not config.packs:
        return lambda step: _procedural(config, seed, step)
    packs = listed(config)

    def recipe(step: int) -> Recipe:
        # the fraction's steps are spread evenly: this many procedural ones lie before the step
        before = int(step * config.procedural_share)
        if int((step + 1) * config.procedural_share) > before:
            return _procedural(config, seed, before)
        return _shown(config, packs, seed, step - before)

    return recipe


def made(scenes: Rendered | Generated) -> Lesson:
    """Make a lesson of scenes, on the CPU."""
    if isinstance(scenes, Generated):
        return generate(scenes.kind, scenes.seed, scenes.batch, scenes.size).lesson
    return lesson_of([remembered(path) for path in scenes.paths], scenes.size, scenes.dice)


def seen(lesson: Lesson, recipe: Recipe) -> Lesson:
    """Show a recipe's scenes as it wants them seen."""
    return mirrored(lesson) if recipe.mirror else lesson


def listed(config: SourceConfig) -> Packs:
    """List the packs a run learns from.

    Raises:
        FileNotFoundError: when there are none.
        ValueError: when there are validation's among them.
    """
    paths = [path for folder in config.packs for path in pack_paths(folder)]
    if held := [path for path in paths if is_held_out(path)]:
        raise ValueError(
            f"{len(held)} of the packs are validation's, such as {held[0]}: nothing may learn from "
            f"seeds from {HELD_OUT_FROM} on. Move them to a folder of their own."
        )
    paths = paths[: config.scenes or None]
    if not paths:
        raise FileNotFoundError(
            f"There are no rendered scenes in {', '.join(map(str, config.packs))}; "
            "make some with python -m training.render."
        )
    sides = {path: side_of(path) for path in paths}
    least = [min(SHARP * size, max(sides.values())) for size in config.sizes]
    return tuple(tuple(path for path in paths if sides[path] >= side) for side in least)


def _shown(config: SourceConfig, packs: Packs, seed: int, step: int) -> Recipe:
    """Show a lesson of packs, every so many steps a new one and between them earlier ones.

    The first steps show what would have been new before them.
    """
    number, again = divmod(step, config.showings)
    scenes = draw(config, packs, seed, number - again * APART)
    return Recipe(scenes, mirror=again % 2 == 1, last=again == config.showings - 1)


def draw(config: SourceConfig, packs: Packs, seed: int, step: int) -> Rendered:
    """Draw the packs of a step: every epoch of a size sees each of its packs once, shuffled."""
    turn, place = divmod(step, len(config.sizes))
    paths, chosen = packs[place], []
    for index in range(turn * config.batch, (turn + 1) * config.batch):
        epoch, following = divmod(index, len(paths))
        chosen.append(paths[_order(len(paths), seed, place, epoch)[following]])
    return Rendered(tuple(chosen), config.size(step), 7_000_003 * (seed + 1) + step)


@lru_cache(maxsize=16)
def _order(count: int, seed: int, place: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + 10_007 * place + epoch)
    return torch.randperm(count, generator=generator).tolist()


def _procedural(config: SourceConfig, seed: int, step: int) -> Recipe:
    """Take scenes of one kind; each set is seen ``REUSE`` times, far apart, in a ring of sets."""
    turn, place = divmod(step, REUSE * len(config.kinds))
    again, index = divmod(place, len(config.kinds))
    number = 1_000_003 * (seed + 1) + turn * len(config.kinds) + index
    scenes = Generated(config.kinds[index], number, config.batch, config.size(turn))
    return Recipe(scenes, mirror=again % 2 == 1, last=again == REUSE - 1)
