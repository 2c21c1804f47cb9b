# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend as a child process: start it, find it, read its last words, stop it."""

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .shared import connection
from .shared.connection import Connection

LOG_NAME = "console.log"
STEERING_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
"""What Blender's Python may have set and another Python must not inherit."""

LEAVE_SECONDS = 2.0
TAIL_BYTES = 8192


@dataclass(frozen=True)
class Launch:
    """How to start a backend."""

    python: Path
    """The interpreter of the backend's own environment."""
    run_dir: Path
    folder: Path | None = None
    """A source checkout to run from; None when the backend is installed in that environment."""

    def problem(self) -> str | None:
        """Say in one sentence why this cannot be started, or None."""
        if not self.python.is_file():
            return f"There is no Python at {self.python}."
        if self.folder is not None and not (self.folder / "backend" / "server").exists():
            return f"There is no backend in {self.folder}."
        return None


class BackendProcess:
    """A backend that lives no longer than this Blender: it ends when its stdin closes."""

    def __init__(self, launch: Launch) -> None:
        launch.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.run_dir = launch.run_dir
        self.log_path = launch.run_dir / LOG_NAME
        earlier = connection.find(launch.run_dir)
        self._earlier_boot = earlier.boot_id if earlier else ""
        command = [launch.python, "-m", "backend.server", "--run-dir", launch.run_dir, "--owned"]
        with self.log_path.open("wb") as log:  # never an unread pipe: a full one stops the child
            self._popen = subprocess.Popen(
                [str(part) for part in command],
                cwd=launch.folder or launch.run_dir,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_session(),
            )

    @property
    def exit_code(self) -> int | None:
        """How the process ended, or None while it runs."""
        return self._popen.poll()

    def alive(self, wait: float) -> bool:
        """Tell whether it runs so many seconds on; a connection breaks a moment before it ends."""
        deadline = time.monotonic() + wait
        while self.exit_code is None:
            if time.monotonic() >= deadline:
                return True
            time.sleep(0.01)
        return False

    def connection(self) -> Connection | None:
        """Return where this process listens, once it does."""
        found = connection.find(self.run_dir)
        return found if found is not None and found.boot_id != self._earlier_boot else None

    def last_words(self, lines: int = 6) -> str:
        """Return the end of what the process printed."""
        return last_lines(self.log_path, lines)

    def leave(self) -> None:
        """Let go of the process: it ends within two seconds, unless another Blender uses it."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(LEAVE_SECONDS)

    def stop(self) -> None:
        """End the process, whoever uses it: gently, then firmly."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        for wait, insist in ((2.0, self._popen.terminate), (1.0, self._popen.kill)):
            try:
                self._popen.wait(wait)
                return
            except subprocess.TimeoutExpired:
                insist()
        self._popen.wait()


def spawn(launch: Launch) -> BackendProcess | str:
    """Start a backend, or say in one sentence why it cannot be started."""
    try:
        return BackendProcess(launch)
    except OSError as error:
        return f"{error.strerror or error}: {error.filename or launch.python}."


def last_lines(log: Path, lines: int = 6) -> str:
    """Return the last lines of a log that say something, empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def clean_environment() -> dict[str, str]:
    """Return the environment without what steers Blender's own Python."""
    kept = {name: value for name, value in os.environ.items() if name not in STEERING_VARIABLES}
    return kept | {"PYTHONUNBUFFERED": "1"}


def own_session() -> dict[str, Any]:
    """Keep a Ctrl-C in Blender's terminal, and a console window, away from the child."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}
