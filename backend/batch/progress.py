"""What is said while pictures are estimated: a line that is kept up to date, a line per picture."""

import logging
import sys
import time
from collections.abc import Callable

from backend.batch.picture import Outcome

log = logging.getLogger(__name__)


class Progress:
    """Counts pictures and knows how long the whole run will still take."""

    def __init__(self, total: int, farm: Callable[[str, float], None] | None = None) -> None:
        self.total, self._farm = total, farm
        self._began = time.perf_counter()
        self._ended = 0
        self._computed = 0
        self._under_way: dict[str, float] = {}

    def tell(self, path: str, stage: str, fraction: float) -> None:
        """Keep one line on a terminal up to date, or a farm; say nothing into a file."""
        self._under_way[path] = fraction
        if self._farm is not None:
            done = (self._ended + sum(self._under_way.values())) / self.total
            self._farm(f"[{self._ended + 1}/{self.total}] {stage}", done)
        elif sys.stderr.isatty():
            done = (self._ended + sum(self._under_way.values())) / self.total
            line = f"[{self._ended + 1}/{self.total}] {stage} {done:4.0%}{self._left()}"
            sys.stderr.write(f"\r\033[K{line}")
            sys.stderr.flush()

    def ended(self, outcome: Outcome) -> None:
        """Say what became of a picture."""
        self._under_way.pop(outcome.path, None)
        self._ended += 1
        self._computed += outcome.status != "skipped"
        if self._farm is not None:
            self._farm(f"[{self._ended}/{self.total}] {outcome.status}", self._ended / self.total)
        elif sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
        label = f"[{self._ended}/{self.total}] {outcome.path}"
        if outcome.status == "failed":
            log.error("%s: %s", label, outcome.message)
        elif outcome.status == "skipped":
            log.info("%s: already done", label)
        else:
            log.info("%s: done in %.1f s%s", label, outcome.seconds, self._left())
        if outcome.note:
            log.warning("%s: %s", label, outcome.note)

    @property
    def seconds_left(self) -> float | None:
        """Time until the last picture is done; None before anything is known."""
        computed = self._computed + sum(self._under_way.values())
        if computed < 0.2:
            return None
        left = self.total - self._ended - sum(self._under_way.values())
        return (time.perf_counter() - self._began) / computed * left

    def _left(self) -> str:
        seconds = self.seconds_left
        return "" if not seconds else f", {spoken(seconds)} left"


def spoken(seconds: float) -> str:
    """Say a time as people do."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
