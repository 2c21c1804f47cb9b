"""kill -9: of workers, of the broker, and what becomes of the jobs."""

import os
import random
import signal
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from backend.server.client import Client, Unreachable
from shared.messages import Cancelled, Failed, Result, Submit
from tests.server_tools import SMALL, job, send_chunks
from tests.server_worker import SLOW

from .addon import Guest, request
from .backend import Backend, backend, gone_after, launched
from .row import Row, exactly, most, row

_STEPS = 60  # 10 ms each
_JOBS_PER_BACKEND = 3  # with one of them killed twice it stays below the five of a crash loop
_TWICE = 5  # every fifth job is killed again at its second attempt: then it must fail
_AFTERWARDS = 0.3  # how long after the outcome is waited for a second one


@dataclass(frozen=True)
class Killed:
    """What became of a job whose worker was killed ``times`` times."""

    times: int
    outcomes: tuple[str, ...]
    noticed: float
    recovered: float

    @property
    def right(self) -> bool:
        """Whether the first death was retried, and the second named."""
        return self.outcomes[:1] == (("worker_died",) if self.times == 2 else ("Result",))


def worker_kills(count: int, folder: Path) -> Row:
    """Kill the worker of ``count`` jobs at random moments, of every fifth job twice."""
    dice, killed, orphans = random.Random(1), [], 0
    plan = [2 if index % _TWICE == _TWICE - 1 else 1 for index in range(count)]
    for first in range(0, count, _JOBS_PER_BACKEND):
        with backend(folder) as served:
            with served.ready() as client:
                for times in plan[first : first + _JOBS_PER_BACKEND]:
                    killed.append(_kill(served, client, times, dice))
                client.shut_down()
            orphans += gone_after(served.marker) > 2.0
    noticed = [each.noticed for each in killed]
    recovered = [each.recovered for each in killed if each.times == 1]
    checks = (
        exactly("right outcomes", sum(each.right for each in killed), count),
        exactly("second outcomes", sum(len(each.outcomes) - 1 for each in killed), 0),
        exactly("backends that left processes", orphans, 0),
        most("death noticed within", max(noticed), 1.5, "s"),
    )
    aside = (
        f"median {statistics.median(noticed):.2f} s; kill to result of a job of "
        f"{_STEPS / 100:.1f} s: median {statistics.median(recovered):.2f} s, "
        f"longest {max(recovered):.2f} s"
    )
    injected = f"kill -9 of the working process, {sum(plan)} times in {count} jobs"
    return row("Worker killed", injected, checks, aside)


def broker_kills(count: int, folder: Path) -> Row:
    """Kill the broker in the middle of a job; start another, and send the same job again."""
    dice = random.Random(2)
    restarts = [_kill_broker(folder / f"restart{index}", dice) for index in range(count)]
    checks = (
        exactly("jobs finished", sum(each.finished for each in restarts), count),
        most("add-on knows within", max(each.known for each in restarts), 1.5, "s"),
        most("worker gone within", max(each.gone for each in restarts), 2.0, "s"),
        most("kill to new job accepted", max(each.accepted for each in restarts), 3.0, "s"),
    )
    median = statistics.median(each.accepted for each in restarts)
    injected = f"kill -9 of the broker, {count} times, each followed by a fresh start"
    return row("Broker killed", injected, checks, f"median {median:.2f} s")


@dataclass(frozen=True)
class Restart:
    """Seconds after the kill of a broker until …"""

    known: float
    gone: float
    accepted: float
    finished: bool


def _kill_broker(run_dir: Path, dice: random.Random) -> Restart:
    wanted = request(job(SLOW, steps=_STEPS))
    with launched(run_dir) as first, first.ready(), Guest(first.connection) as guest:
        guest.submit(wanted)
        first.worker_of(wanted.job)
        time.sleep(dice.uniform(0.0, _STEPS / 100))
        began = time.monotonic()
        first.process.kill()
        guest.until("Ended", 10.0)
        known = time.monotonic() - began
        first.process.wait()
        gone = known + gone_after(first.marker)
        with launched(run_dir) as second, Guest(second.connection) as again:
            again.submit(wanted)
            again.until("Accepted", 10.0)
            accepted = time.monotonic() - began
            finished = again.until("Finished", 30.0).arrays["picture"].tobytes()
    return Restart(known, gone, accepted, finished == SMALL["picture"].tobytes())


def _kill(served: Backend, client: Client, times: int, dice: random.Random) -> Killed:
    submit = job(SLOW, steps=_STEPS)
    client.send(submit)
    send_chunks(client, submit)
    noticed = 0.0
    for attempt in range(1, times + 1):
        worker = served.worker_of(submit.job, attempt)
        time.sleep(dice.uniform(0.0, _STEPS / 100 * 0.9))
        began = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        noticed = max(noticed, _reaped_after(worker))
    outcomes, ended = _outcomes(client, submit)
    return Killed(times, outcomes, noticed, ended - began)


def _reaped_after(worker: int) -> float:
    """Return how long the broker takes to see that its child is dead: till then it is a zombie."""
    began = time.monotonic()
    while os.path.exists(f"/proc/{worker}") and time.monotonic() - began < 10.0:
        time.sleep(0.001)
    return time.monotonic() - began


def _outcomes(client: Client, submit: Submit) -> tuple[tuple[str, ...], float]:
    """Wait for a job's outcome, and then a little longer for one that should not come."""
    outcome = _outcome(client, submit, 30.0)
    ended = time.monotonic()
    outcomes = [outcome] if outcome else []
    while second := _outcome(client, submit, _AFTERWARDS):
        outcomes.append(second)
    return tuple(outcomes), ended


def _outcome(client: Client, submit: Submit, seconds: float) -> str:
    """Name the next outcome of a job, or nothing when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            message, _ = client.receive(deadline - time.monotonic())
        except Unreachable:
            return ""
        if isinstance(message, Result | Failed | Cancelled) and message.job == submit.job:
            return message.code if isinstance(message, Failed) else type(message).__name__
