# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a backend, where it is, and what comes of it."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .process import Launch
from .shared import connection
from .shared.connection import Connection
from .shared.messages import Report, Transfer
from .shared.settings import EstimateSettings


@dataclass(frozen=True)
class Place:
    """Where to find a backend, and how to start one when there is none."""

    run_dir: Path
    launch: Launch | None
    """None when nothing is set up that could be started."""
    start_automatically: bool = field(default=True, compare=False)
    key: Path | None = None
    """An artist's key for a backend on another machine, which is then used and never started."""

    def published(self) -> Connection | None:
        """Read where a backend is and how to get in."""
        return connection.read(self.key) if self.key else connection.find(self.run_dir)


@dataclass(frozen=True)
class Task:
    """A picture to estimate and what its results will be called."""

    name: str
    settings: EstimateSettings
    transfer: Transfer
    size: tuple[int, int]
    """Height and width of the picture."""
    arrays: Future[dict[str, np.ndarray]]
    """What is sent; a large picture is still being made ready when the task begins."""


@dataclass(frozen=True)
class Estimate:
    """A finished task with everything the backend found."""

    task: Task
    report: Report
    arrays: Mapping[str, np.ndarray]
