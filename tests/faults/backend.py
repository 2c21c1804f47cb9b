"""A backend in a process of its own, as the add-on starts it, and what the system says about it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.server.client import Client
from backend.server.log import log_path
from shared.connection import Connection, find
from tests.server_tools import marked_processes, ready, wait_until

STAND_IN = "tests.server_backend"
REAL = "backend.server"


@dataclass(frozen=True)
class Backend:
    """A running backend; ``marker`` is in the environment of all its processes."""

    run_dir: Path
    process: subprocess.Popen[bytes]
    marker: str

    @property
    def connection(self) -> Connection:
        """How it is reached."""
        connection = find(self.run_dir)
        assert connection is not None, "the backend has withdrawn its connection file"
        return connection

    @property
    def alive(self) -> bool:
        """Whether the broker still runs."""
        return self.process.poll() is None

    def ready(self, seconds: float = 60.0) -> Client:
        """Connect, and wait until the worker can take a job."""
        return ready(self.run_dir, seconds)

    def worker_of(self, job: str, attempt: int = 1) -> int:
        """Return which process has a job, once it has been handed out for the n-th time."""
        wait_until(lambda: self.hand_outs(job) >= attempt)
        return self._workers_of(job)[attempt - 1]

    def hand_outs(self, job: str) -> int:
        """Count how often a job was handed to a worker."""
        return len(self._workers_of(job))

    def megabytes(self) -> float:
        """Return the broker's resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def descriptors(self) -> int:
        """Count what the broker has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _workers_of(self, job: str) -> list[int]:
        log = log_path(self.run_dir).read_text()
        return [int(pid) for pid in re.findall(rf"job={job} goes to worker (\d+)", log)]


@contextmanager
def backend(folder: Path, *flags: str, module: str = STAND_IN) -> Iterator[Backend]:
    """Run a backend in a folder of its own; whatever is left of it at the end is killed."""
    run_dir = folder / uuid.uuid4().hex
    with launched(run_dir, *flags, module=module) as started:
        yield started
    shutil.rmtree(run_dir)


@contextmanager
def launched(run_dir: Path, *flags: str, module: str = STAND_IN) -> Iterator[Backend]:
    """Run a backend in a certain folder, where an earlier one may have been."""
    earlier = find(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", module, "--run-dir", str(run_dir), "--owned", *flags]
    marker = f"{run_dir}/{uuid.uuid4().hex}"
    Path(marker).mkdir()
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "SERVER_TEST_DIR": marker},
    ) as process:
        try:
            wait_until(lambda: find(run_dir) not in (None, earlier))
            yield Backend(run_dir, process, marker)
        finally:
            process.kill()
            process.wait()
            end(marker)


def gone_after(marker: str, seconds: float = 5.0) -> float:
    """Return how long it takes until no process carries a marker; infinity when some stay."""
    began = time.monotonic()
    while marked_processes(marker):
        if time.monotonic() - began > seconds:
            return float("inf")
        time.sleep(0.01)
    return time.monotonic() - began


def end(marker: str) -> None:
    """Kill what an experiment has started and what should have gone by itself."""
    if gone_after(marker, 2.0) == float("inf"):
        for pid in marked_processes(marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
