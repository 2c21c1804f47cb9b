"""The stages of an estimate: how far it is, and how long each took."""

import time
from collections.abc import Callable

from shared.messages import StageTime


class Stages:
    """Times the stages and passes progress on."""

    def __init__(self, report: Callable[[str, float], None]) -> None:
        self._report = report
        self._began = time.perf_counter()
        self._name = ""
        self.times: list[StageTime] = []

    def begin(self, name: str, fraction: float) -> None:
        """End the stage before and say which one begins."""
        now = time.perf_counter()
        if self._name:
            self.times.append(StageTime(self._name, round(now - self._began, 3)))
        self._name, self._began = name, now
        self._report(name, fraction)

    def within_loop(self, done: float) -> None:
        """Report how far the loop is, as a share of the whole."""
        self._report(self._name, 0.1 + 0.8 * done)
