"""SIGSTOP: of the broker and of a worker. Neither is dead, both are silent."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.messages import Progress, Result
from tests.server_tools import job, start, until, wait_until
from tests.server_worker import SLOW

from .addon import Guest, request
from .backend import backend
from .row import Row, exactly, most, row

_STEPS = 100  # 10 ms each
_STOPPED = 5.0
_TOLD = 4.0


def broker_stops(count: int, folder: Path) -> Row:
    """Stop the broker in the middle of a job; the add-on must say so, and then go on."""
    told, finished = [], 0
    with backend(folder) as served, served.ready(), Guest(served.connection) as guest:
        for _ in range(count):
            wanted = request(job(SLOW, steps=_STEPS))
            guest.submit(wanted)
            served.worker_of(wanted.job)
            with stopped(served.process.pid) as began:
                assert guest.until("Silence", 20.0).silent
                told.append(time.monotonic() - began)
                time.sleep(max(_STOPPED - told[-1], 0.0))
            finished += guest.until("Finished", 20.0) is not None
    checks = (
        most("add-on says so within", max(told), _TOLD, "s"),
        exactly("jobs finished afterwards", finished, count),
    )
    return row("Broker stopped", f"SIGSTOP for {_STOPPED:.0f} s, {count} times", checks)


def worker_stops(count: int, folder: Path) -> Row:
    """Stop the worker in the middle of a job; its client must be told, and then get the result."""
    told, finished = [], 0
    with backend(folder) as served, served.ready() as client:
        for _ in range(count):
            submit = job(SLOW, steps=_STEPS)
            start(client, submit)
            with stopped(served.worker_of(submit.job)) as began:
                wait_until(lambda: "not answering" in until(client, Progress).stage, 20.0)
                told.append(time.monotonic() - began)
                time.sleep(max(_STOPPED - told[-1], 0.0))
            finished += until(client, Result, 20.0).job == submit.job
    checks = (
        most("client told within", max(told), _TOLD, "s"),
        exactly("jobs finished afterwards", finished, count),
    )
    return row("Worker stopped", f"SIGSTOP for {_STOPPED:.0f} s, {count} times", checks)


@contextmanager
def stopped(pid: int) -> Iterator[float]:
    """Keep a process from running; yields when that began."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield time.monotonic()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
