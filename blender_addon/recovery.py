# SPDX-License-Identifier: GPL-3.0-or-later
"""When a job's backend is lost: whether to look for it again, and how long."""

from .conversation import Ended

SECONDS = 15.0
"""How long a backend is sought that was lost in the middle of a job."""
PAUSE_SECONDS = 0.5
TIMES = 3
"""A backend that is lost this often in one job is left alone: the job may be what ends it."""


class Recovery:
    """The search for a lost backend; times are monotonic seconds."""

    def __init__(self) -> None:
        self.cause: Ended | None = None
        """How the backend was lost that is being sought."""
        self.until = 0.0
        self._losses = 0
        self._next: float | None = None

    def lose(self, cause: Ended, now: float) -> bool:
        """Note a loss; tells whether the backend is worth seeking."""
        self._losses += 1
        self.cause, self.until = cause, now + SECONDS
        return self._losses <= TIMES

    def wait(self, now: float) -> None:
        """Try again in a moment."""
        self._next = now + PAUSE_SECONDS

    def due(self, now: float) -> bool:
        """Whether it is time to try again; says so once."""
        if self._next is None or now < self._next:
            return False
        self._next = None
        return True

    def end(self) -> None:
        """Note that the backend is there again, or that nobody waits for it any more."""
        self.cause = self._next = None
