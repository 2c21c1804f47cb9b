"""Lessons made before they are asked for: by a thread, or for a GPU by several processes."""

import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache

import torch
from torch.multiprocessing import get_context

from backend.orphans import end_with_parent
from training.scenes import Lesson, moved
from training.sources import Generated, Recipes, Rendered, made, seen


class Ahead:
    """Makes the lessons of coming steps while one is learned; keeps scenes that are seen again."""

    def __init__(
        self, recipes: Recipes, device: torch.device, workers: int = 0, first: int = 0
    ) -> None:
        self._makers = _processes(workers) if workers else _thread("lessons")
        self._device, self._depth = device, 2 * workers + 1
        self._recipes = lru_cache(2 * self._depth)(recipes)  # each is looked at ``depth`` times
        self._carrier = _thread("carrier")
        self._making: dict[Rendered | Generated, Future[Lesson]] = {}
        self._again: dict[Rendered | Generated, Lesson] = {}
        self._coming = first, self._carrier.submit(self._lesson, first)

    def __call__(self, step: int) -> Lesson:
        """Return the lesson of a step; most quickly in the order of steps."""
        expected, coming = self._coming
        if expected != step:
            coming = self._carrier.submit(self._lesson, step)
        self._coming = step + 1, self._carrier.submit(self._lesson, step + 1)
        return coming.result()

    def close(self) -> None:
        """Let threads and processes end."""
        self._makers.shutdown(wait=False, cancel_futures=True)
        self._carrier.shutdown(wait=False, cancel_futures=True)

    def _lesson(self, step: int) -> Lesson:
        """Have the coming lessons made and return this one, on the device."""
        for coming in range(step, step + self._depth):
            self._begin(self._recipes(coming).scenes)
        recipe = self._recipes(step)
        making = self._making.pop(recipe.scenes, None)
        lesson = self._again.pop(recipe.scenes) if making is None else making.result()
        lesson = moved(lesson, self._device)
        if not recipe.last:
            self._again[recipe.scenes] = lesson
        return seen(lesson, recipe)

    def _begin(self, scenes: Rendered | Generated) -> None:
        if scenes not in self._making and scenes not in self._again:
            self._making[scenes] = self._makers.submit(made, scenes)


def _thread(name: str) -> Executor:
    return ThreadPoolExecutor(1, thread_name_prefix=name)


def _processes(count: int) -> Executor:
    """Start processes of one thread each; their tensors come back through shared memory."""
    return ProcessPoolExecutor(
        count,
        # not forked: this process has threads and, where there is one, a GPU at work
        mp_context=get_context("spawn"),
        initializer=_become_helper,
    )


def _become_helper() -> None:
    """Compute on one thread, and end when the process that is helped does, however it ends."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is meant for the one that is helped
    end_with_parent()
