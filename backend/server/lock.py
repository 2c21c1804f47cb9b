"""One backend per run folder: a lock the system itself lets go when its holder dies."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILE_NAME = "backend.lock"


class AlreadyRunning(Exception):
    """Another process holds the run folder."""


class RunLock:
    """Hold a run folder until ``release`` or the end of the process."""

    def __init__(self, run_dir: Path) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: if another process has it.
        """
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(run_dir / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise AlreadyRunning(run_dir) from error

    def release(self) -> None:
        """Give the folder free."""
        os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
