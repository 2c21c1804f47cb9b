"""Lessons made before they are asked for: by a thread, or for a GPU by several processes."""

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import torch
from torch.multiprocessing import get_context

from training.scenes import Lesson, moved
from training.sources import Generated, Recipe, Recipes, Rendered, made, seen


class Ahead:
    """Makes the lessons of coming steps while one is learned; keeps scenes that are seen again."""

    def __init__(
        self, recipes: Recipes, device: torch.device, workers: int = 0, first: int = 0
    ) -> None:
        self._recipes, self._device = recipes, device
        self._makers = _processes(workers) if workers else _thread("lessons")
        self._depth = 2 * workers + 1
        self._carrier = _thread("carrier")
        self._made: dict[Rendered | Generated, Future[Lesson]] = {}
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
        """Have the coming lessons made and carry this one to the device."""
        for coming in range(step, step + self._depth):
            self._begin(self._recipes(coming))
        recipe = self._recipes(step)
        lesson = self._made[recipe.scenes].result()
        self._forget(recipe.scenes)
        return moved(seen(lesson, recipe), self._device)

    def _begin(self, recipe: Recipe) -> None:
        if recipe.scenes not in self._made:
            self._made[recipe.scenes] = self._makers.submit(made, recipe.scenes)

    def _forget(self, scenes: Rendered | Generated) -> None:
        """Let go of what does not come back: rendered scenes, and sets of an earlier turn."""
        if isinstance(scenes, Rendered):
            del self._made[scenes]
            return
        for other in list(self._made):
            if isinstance(other, Generated) and other.seed < scenes.seed:
                del self._made[other]


def _thread(name: str) -> Executor:
    return ThreadPoolExecutor(1, thread_name_prefix=name)


def _processes(count: int) -> Executor:
    """Start processes of one thread each; their tensors come back through shared memory."""
    return ProcessPoolExecutor(
        count,
        # not forked: this process has threads and, where there is one, a GPU at work
        mp_context=get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    )
