# SPDX-License-Identifier: GPL-3.0-or-later
"""Installations of the backend: processes, one after another, watched from a thread.

What is in use stays in use until the new environment has passed its self-test; a failure or Cancel
deletes what was begun.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from . import environments
from .install_jobs import DOWNLOADED, Job, Step
from .process import clean_environment, last_lines, own_session
from .trouble import Repair, Trouble

HEADING = "# "
"""Begins the lines that we write into the log ourselves."""
TURN_SECONDS = 0.1
MEASURE_SECONDS = 2.0
"""Walking through thousands of files is not free, so it is not done at every turn."""


@dataclass(frozen=True)
class State:
    """How an installation stands."""

    stage: str
    fraction: float = 0.0
    line: str = ""
    """The last thing the running process said."""
    ended: Literal["", "done", "failed", "cancelled"] = ""
    trouble: Trouble | None = None


class _Stopped(Exception):
    """An installation was cancelled."""


class _StepFailed(Exception):
    """A step did not do what it should; the text says how it ended."""

    def __init__(self, step: Step, how: str) -> None:
        super().__init__(how)
        self.step = step


class Installation:
    """A job under way; everything but its thread may only look, and cancel."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.state = State(job.steps[0].stage)
        self._measured = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="CLONE Normals installation", daemon=True
        )
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it has not ended yet."""
        return not self.state.ended

    def cancel(self) -> None:
        """Have it stop; what it began is deleted before it says that it ended."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, or for so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        job = self.job
        try:
            self._work()
            end = replace(self.state, fraction=1.0, ended="done")
        except _Stopped:
            end = replace(self.state, ended="cancelled")
        except _StepFailed as failed:
            words = f"{failed.step.failure} {failed}"
            repair: Repair = "preferences" if job.prior else "python"
            if job.environment is not None:
                repair = "install"
            trouble = Trouble(words, failed.step.advice, repair, job.log)
            end = replace(self.state, ended="failed", trouble=trouble)
        except OSError as error:
            words = f"The installation stopped. {error.strerror or error}: {error.filename}."
            advice = "Check the folder and try again."
            end = replace(self.state, ended="failed", trouble=Trouble(words, advice, "install"))
        if end.ended != "done" and job.environment is not None:
            environments.remove(job.environment)
        self.state = end

    def _work(self) -> None:
        job = self.job
        job.log.parent.mkdir(parents=True, exist_ok=True)
        with job.log.open("wb") as log:
            for step in job.steps:
                log.write(f"\n{HEADING}{step.stage}: {' '.join(step.command)}\n".encode())
                log.flush()
                self._take(step, log.fileno())
                self.state = replace(self.state, fraction=step.until)
        if job.environment is not None:
            environments.remove(_scratch(job.environment))
            note = job.environment / environments.NOTE
            note.write_text(last_lines(job.log, 1), encoding="utf-8")

    def _take(self, step: Step, log: int) -> None:
        """Run one step to its end.

        Raises:
            _Stopped: when it was cancelled.
            _StepFailed: when it failed or took too long.
        """
        self.state = replace(self.state, stage=step.stage, line="")
        if self._stop.is_set():
            raise _Stopped
        process = self._start(step, log)
        started = time.monotonic()
        try:
            while process.poll() is None:
                if self._stop.wait(TURN_SECONDS):
                    raise _Stopped
                if step.seconds is not None and time.monotonic() - started > step.seconds:
                    raise _StepFailed(step, f"It did not end within {step.seconds:.0f} seconds.")
                self._look(step)
        finally:
            if process.poll() is None:
                kill_tree(process)
        if process.returncode != 0:
            raise _StepFailed(step, f"It last said:\n{last_lines(self.job.log)}\n")

    def _start(self, step: Step, log: int) -> subprocess.Popen[bytes]:
        environment = clean_environment()
        if self.job.environment is not None and self.job.environment.exists():
            # what is downloaded goes where there is room, and away with the rest
            scratch = _scratch(self.job.environment)
            scratch.mkdir(exist_ok=True)
            environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
        return subprocess.Popen(
            step.command,
            cwd=self.job.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **own_session(),
        )

    def _look(self, step: Step) -> None:
        """Publish what the process last said, and how much has arrived."""
        fraction, now = self.state.fraction, time.monotonic()
        if self.job.environment is not None and now > self._measured + MEASURE_SECONDS:
            size = environments.megabytes(self.job.environment)
            fraction = max(fraction, min(DOWNLOADED * size / self.job.megabytes, step.until))
            self._measured = time.monotonic()
        line = last_lines(self.job.log, 1)
        line = "" if line.startswith(HEADING) else line
        self.state = replace(self.state, fraction=fraction, line=line)


def _scratch(environment: Path) -> Path:
    return environment / "tmp"


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own, with everything it started."""
    if sys.platform == "win32":
        command = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False, **own_session())
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Installer:
    """The one installation of this Blender."""

    def __init__(self) -> None:
        self.latest: Installation | None = None

    @property
    def state(self) -> State | None:
        """How the installation stands, or None when there is none."""
        return self.latest.state if self.latest is not None else None

    def begin(self, job: Job) -> Installation:
        """Start an installation."""
        assert self.latest is None, "one at a time"
        self.latest = Installation(job)
        return self.latest

    def cancel(self) -> None:
        """Have the installation stop."""
        if self.latest is not None:
            self.latest.cancel()

    def take(self) -> Installation | None:
        """Hand over the installation once it has ended."""
        ended = self.latest if self.latest is not None and not self.latest.busy else None
        if ended is not None:
            self.latest = None
        return ended

    def close(self) -> None:
        """Cancel what runs and wait a moment for its traces to be gone."""
        if self.latest is not None:
            self.latest.cancel()
            self.latest.wait(10.0)
            self.latest = None


current = Installer()
"""The installer that the operators drive and the panels show."""
