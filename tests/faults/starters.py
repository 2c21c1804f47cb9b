"""The program that started a backend ends in the middle of a job, one way or the other."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

from shared.connection import find
from tests.server_tools import job, ready, start, wait_until
from tests.server_worker import SLOW

from .backend import STAND_IN, end, gone_after
from .row import Row, most, row


def starter_ends(count: int, folder: Path) -> Row:
    """Kill starters, let others exit, each while its own job runs."""
    killed = [_end_starter(folder, kill=True) for _ in range(count)]
    exited = [_end_starter(folder, kill=False) for _ in range(count)]
    checks = (
        most("all gone after a kill", max(killed), 2.0, "s"),
        most("after an exit", max(exited), 2.0, "s"),
    )
    injected = f"starter of the backend killed {count} times and ended {count} times mid-job"
    return row("Starter ends", injected, checks)


def _end_starter(folder: Path, kill: bool) -> float:
    run_dir = folder / uuid.uuid4().hex
    command = [sys.executable, "-m", "tests.faults.starters", str(run_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        try:
            assert starter.stdout.readline() == b"running\n"
            if kill:
                starter.kill()
            starter.stdin.close()
            starter.wait()
            return gone_after(str(run_dir))
        finally:
            starter.kill()
            end(str(run_dir))


def main(run_dir: Path) -> None:
    """Be a starter: a backend, a connection, a job that runs; end when standard input does."""
    command = [sys.executable, "-m", STAND_IN, "--run-dir", str(run_dir), "--owned"]
    marked = {**os.environ, "SERVER_TEST_DIR": str(run_dir)}
    subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=marked)
    wait_until(lambda: find(run_dir) is not None)
    client = ready(run_dir)
    start(client, job(SLOW, steps=10_000))
    sys.stdout.write("running\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
