"""The worker as a process: started, listened to, and ended by its own handle only."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from .orders import Orders

_log = logging.getLogger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "backend.server.worker_process")


class WorkerProcess:
    """A child process that ends by itself when this end of its standard input closes.

    That holds however the broker dies, on every system. Its output goes line by line into the
    broker's log, so that a crash's last words are found where everything else is.
    """

    def __init__(self, command: Sequence[str], orders: Orders) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(orders.threads),
            **_apart(),
        )
        self.pid = self._process.pid
        self._echo = threading.Thread(target=self._copy_output, daemon=True)
        self._echo.start()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(orders.to_line())
            self._process.stdin.flush()
        except OSError:
            _log.warning("worker %d ended before it had its orders", self.pid)

    @property
    def ending(self) -> str | None:
        """How the process ended, in words, or None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End the process at once; ``ending`` tells when it is gone."""
        self._process.kill()

    def close(self, seconds: float) -> None:
        """Let the process go: ask by closing its input, then kill it, and take back its pipes."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            _log.debug("worker %d had already closed its input", self.pid)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._echo.join(1.0)

    def _copy_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                _log.info("worker %d: %s", self.pid, line.decode(errors="replace").rstrip())


def _environment(threads: int) -> dict[str, str]:
    """Thread pools read how many and how patient they are when their libraries load.

    Passive: threads that wait for each other sleep. Spinning saves a tenth on an idle machine and
    costs a multiple on one where Blender or a render needs the other cores.
    """
    number = {"OMP_NUM_THREADS": str(threads)} if threads > 0 else {}
    return {**os.environ, "OMP_WAIT_POLICY": "passive", **number}


def _apart() -> dict:
    """Keep Ctrl-C in the broker's terminal from the worker, and no console window on Windows."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}
