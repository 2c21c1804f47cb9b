"""Where lessons come from: rendered packs and procedural scenes, mixed in a fixed order.

Everything follows from the seed and the number of the step, so a run that was interrupted goes on
as if it had not been (as long as the folders of packs hold the same scenes).
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from training.loader import lesson_of, remembered
from training.packs import pack_paths
from training.scenes import KINDS, Kind, Lesson, generate, mirrored, moved
from training.scenes.random import Dice

Source = Callable[[int], Lesson]
"""The lesson of a step."""
REUSE = 4
"""How often procedural scenes are seen, in a mirror every other time: making them takes as long as
a step on a CPU."""


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

    def size(self, turn: int) -> int:
        """Return the side of the pictures of a turn."""
        return self.sizes[turn % len(self.sizes)]


def source(config: SourceConfig, seed: int, device: torch.device) -> Source:
    """Return the lessons of a run.

    Raises:
        FileNotFoundError: when a folder of packs is empty.
    """
    if not config.packs:
        return lambda step: _procedural(config, seed, step, device)
    paths = listed(config)

    def lesson(step: int) -> Lesson:
        # the fraction's steps are spread evenly: this many procedural ones lie before the step
        before = int(step * config.procedural_share)
        if int((step + 1) * config.procedural_share) > before:
            return _procedural(config, seed, before, device)
        return _rendered(config, paths, seed, step - before, device)

    return lesson


class Ahead:
    """Prepares the lesson of the next step on a thread while this one is learned."""

    def __init__(self, lessons: Source) -> None:
        self._lessons = lessons
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lessons")
        self._coming: tuple[int, Future[Lesson]] | None = None

    def __call__(self, step: int) -> Lesson:
        """Return the lesson of a step."""
        ready, self._coming = self._coming, None
        lesson = ready[1].result() if ready and ready[0] == step else self._lessons(step)
        self._coming = step + 1, self._pool.submit(self._lessons, step + 1)
        return lesson

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def listed(config: SourceConfig) -> tuple[Path, ...]:
    """List the packs a run learns from.

    Raises:
        FileNotFoundError: when there are none.
    """
    paths = tuple(path for folder in config.packs for path in pack_paths(folder))
    if not paths:
        raise FileNotFoundError(
            f"There are no rendered scenes in {', '.join(map(str, config.packs))}; "
            "make some with python -m training.render."
        )
    return paths[: config.scenes or None]


@dataclass(frozen=True)
class Draw:
    """Which packs a step sees, and the dice that vary them."""

    paths: tuple[Path, ...]
    dice: Dice


def draw(paths: tuple[Path, ...], batch: int, seed: int, step: int) -> Draw:
    """Draw the packs of a step: every epoch sees each once, in an order of its own."""
    chosen = []
    for index in range(step * batch, (step + 1) * batch):
        epoch, place = divmod(index, len(paths))
        chosen.append(paths[_order(len(paths), seed, epoch)[place]])
    return Draw(tuple(chosen), Dice(7_000_003 * (seed + 1) + step, torch.device("cpu")))


def _rendered(
    config: SourceConfig, paths: tuple[Path, ...], seed: int, step: int, device: torch.device
) -> Lesson:
    drawn = draw(paths, config.batch, seed, step)
    packs = [remembered(path) for path in drawn.paths]
    return moved(lesson_of(packs, config.size(step), drawn.dice), device)


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + epoch)
    return torch.randperm(count, generator=generator).tolist()


def _procedural(config: SourceConfig, seed: int, step: int, device: torch.device) -> Lesson:
    """Take scenes of one kind; each set is seen ``REUSE`` times, far apart, in a ring of sets."""
    turn, place = divmod(step, REUSE * len(config.kinds))
    kind = config.kinds[place % len(config.kinds)]
    number = 1_000_003 * (seed + 1) + turn
    lesson = _generated(kind, number, config.batch, config.size(turn), device)
    return mirrored(lesson) if place // len(config.kinds) % 2 else lesson


@lru_cache(maxsize=len(KINDS))
def _generated(kind: Kind, seed: int, batch: int, size: int, device: torch.device) -> Lesson:
    return generate(kind, seed, batch, size, device).lesson
