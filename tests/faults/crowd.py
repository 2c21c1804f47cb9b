"""Many at once, and many in a row: nobody gets another's picture, and nothing is left over."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from backend.server.client import Client, connect
from backend.server.settings import KEEP_JOBS
from tests.server_tools import SMALL, job, marked_processes, wait_until

from .backend import Backend, backend
from .row import Check, Row, exactly, most, row

_CLIENTS = 8
_CROWD_SIDE = 600  # 32-bit RGBA: 5.8 MB, so that every picture has several chunks
_SOAK_SIDE = 500  # 32-bit gray: 1 MB
_WARM_UP = KEEP_JOBS * 3 // 2
"""Finished jobs are remembered on purpose, up to a number: only after that is growth a leak."""


def crowd(count: int, folder: Path) -> Row:
    """Let eight clients send ``count`` pictures each, all different, all at the same time."""
    with backend(folder) as served, served.ready(), ThreadPoolExecutor(_CLIENTS) as threads:
        own = list(threads.map(partial(_own_pictures, served, count), range(_CLIENTS)))
    checks = (exactly("pictures that came back to their own client", sum(own), _CLIENTS * count),)
    injected = f"{count} different pictures of 6 MB from each"
    return row("Eight clients at once", injected, checks)


def many_small_jobs(count: int, folder: Path) -> Row:
    """Weigh the broker after every one of ``count`` jobs, once it remembers all it ever will."""
    with backend(folder, "--no-spare") as served, served.ready() as client:
        for _ in range(_WARM_UP):
            _echo(client, SMALL)
        leaks = _Leaks(served)
        one = _slope(served, partial(_echo, client, SMALL), count // 2)
        fresh = _slope(served, partial(_echo_anew, served, SMALL), count // 2)
        checks = (
            most("memory a job", one, 1.0, "KB"),
            most("with a connection each", fresh, 1.0, "KB"),
            *leaks.checks(),
        )
    injected = (
        f"{count:,} tiny pictures, half with a connection each, after {_WARM_UP:,} others: "
        f"{KEEP_JOBS:,} finished jobs are remembered on purpose"
    )
    return row("Many small jobs", injected, checks)


def many_pictures(count: int, folder: Path) -> Row:
    """Send ``count`` pictures of 1 MB, half with a connection each; results stay on purpose."""
    pixels = np.random.default_rng(8).random((_SOAK_SIDE, _SOAK_SIDE), np.float32)
    arrays = {"picture": pixels}
    with backend(folder, "--no-spare") as served, served.ready() as client:
        _echo_anew(served, arrays)
        leaks = _Leaks(served)
        equal = sum(_echo(client, arrays) for _ in range(count - count // 2))
        equal += sum(_echo_anew(served, arrays) for _ in range(count // 2))
        kept = min(count, KEEP_JOBS) * pixels.nbytes / 1e6
        growth = served.megabytes() - leaks.megabytes
        checks = (
            exactly("equal results", equal, count),
            most("memory beyond the kept results", growth - kept, 20.0, "MB"),
            *leaks.checks(),
        )
    injected = f"{count:,} pictures of 1 MB, half with a connection each"
    return row("Many pictures", injected, checks, f"kept on purpose {kept:.0f} MB")


class _Leaks:
    """What the backend holds now, to be compared with what it holds later.

    Without a spare worker, which would come up at some moment in between.
    """

    def __init__(self, served: Backend) -> None:
        self._served = served
        self._descriptors = served.descriptors()
        self._processes = len(marked_processes(served.marker))
        self.megabytes = served.megabytes()

    def checks(self) -> tuple[Check, Check]:
        """Say what has grown; connections that were closed a moment ago may be going still."""
        with suppress(AssertionError):
            wait_until(lambda: self._more_descriptors() <= 0, 5.0)
        processes = len(marked_processes(self._served.marker)) - self._processes
        return (
            most("descriptors +", self._more_descriptors(), 0),
            most("processes +", processes, 0),
        )

    def _more_descriptors(self) -> int:
        return self._served.descriptors() - self._descriptors


def _own_pictures(served: Backend, count: int, number: int) -> int:
    dice, shape = np.random.default_rng(number), (_CROWD_SIDE, _CROWD_SIDE, 4)
    with connect(served.run_dir) as client:
        return sum(_echo(client, {"picture": dice.random(shape, np.float32)}) for _ in range(count))


def _echo(client: Client, arrays: Mapping[str, np.ndarray]) -> bool:
    outcome = client.run(job(arrays=arrays), arrays)
    return outcome.arrays["picture"].tobytes() == arrays["picture"].tobytes()


def _echo_anew(served: Backend, arrays: Mapping[str, np.ndarray]) -> bool:
    with connect(served.run_dir) as client:
        return _echo(client, arrays)


def _slope(served: Backend, run_one: Callable[[], object], count: int) -> float:
    """Fit a line through the memory after each job; returns kilobytes a job."""
    megabytes = []
    for _ in range(count):
        run_one()
        megabytes.append(served.megabytes())
    return float(np.polyfit(range(count), megabytes, 1)[0]) * 1e3
