# SPDX-License-Identifier: GPL-3.0-or-later
"""The one backend and the one running job of this Blender, advanced from the main thread."""

import queue
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from .client import Client
from .conversation import Connected, Ended, Event, Finished, Request, Silence, version_trouble
from .milestones import Milestones
from .preview import Preview
from .process import BackendProcess, spawn
from .recovery import Recovery
from .shared import PROTOCOL_VERSION
from .shared.connection import Connection
from .shared.messages import Cancelled, Failed, Progress, Report, Welcome
from .task import Estimate, Place, Task
from .trouble import Trouble, death, elsewhere, too_large

Phase = Literal["idle", "starting", "connecting", "working", "importing"]
START_SECONDS = 90.0
"""Importing torch from a cold disk can take most of a minute."""
UNKNOWN_SECONDS = -1.0


class Session:
    """Reach a backend, run a task on it, and know at every moment how things stand."""

    def __init__(self) -> None:
        self.phase: Phase = "idle"
        self.stage = ""
        self.fraction, self.seconds_left, self.silent = 0.0, UNKNOWN_SECONDS, False
        self.trouble: Trouble | None = None
        self.task: Task | None = None
        self.estimate: Estimate | None = None
        self.preview: Preview | None = None
        self.kept: Estimate | None = None
        self.summary: tuple[str, Report] | None = None
        self.welcome: Welcome | None = None
        self.place: Place | None = None
        self._job = ""
        self._client: Client | None = None
        self._process: BackendProcess | None = None
        self._recovery, self._milestones = Recovery(), Milestones()
        self._started, self._start_asked = 0.0, False

    @property
    def busy(self) -> bool:
        """Whether something is under way that ends by itself or by ``cancel``."""
        return self.phase != "idle"

    @property
    def can_cancel(self) -> bool:
        """Whether there is something to stop; a result that has come is brought in whole."""
        return self.busy and self.phase != "importing"

    @property
    def connected(self) -> bool:
        """Whether a backend is there and answers."""
        return self.welcome is not None and self._client is not None and self._client.alive

    @property
    def _may_start(self) -> bool:
        assert self.place is not None
        wanted = self._start_asked or self.place.start_automatically
        return wanted and self.place.launch is not None

    def begin(self, place: Place, task: Task | None = None, start: bool = False) -> None:
        """Reach the backend, starting one if that is wanted, then run the task if there is one."""
        assert not self.busy, "one thing at a time"
        if self.place not in (None, place):
            self.close()
        self.trouble = self.estimate = None
        self.task, self._job, self.place = task, uuid.uuid4().hex, place
        self._start_asked, self._recovery = start, Recovery()
        if self.connected:
            self._submit()
        else:
            self._disconnect()
            self._reach()

    def advance(self) -> None:
        """Take in what has happened since the last call; never waits."""
        if self.phase == "starting":
            self._look_for_backend()
        elif self._recovery.due(time.monotonic()):
            self._reach()
        if (client := self._client) is None:
            return
        alive = client.alive  # asked first: what a thread said before it ended is in the queue
        while self._client is client:
            try:
                self._handle(client.events.get_nowait())
            except queue.Empty:
                break
        if not alive and self._client is client:
            self._handle(Ended("lost", "The connection to the backend broke."))

    def cancel(self) -> None:
        """Drop the running task at once; whatever still arrives for it is ignored."""
        if self.phase == "working" and self._client is not None:
            self._client.cancel(self._job)
        elif self.busy and self.welcome is None:
            self._disconnect()
        self._rest()

    @contextmanager
    def importing(self, stage: str = "Importing") -> Iterator[None]:
        """Be busy while a result is brought into the scene, or into a file."""
        self.phase, self.stage, self.fraction = "importing", stage, 1.0
        try:
            yield
        finally:
            self._rest()

    def take_estimate(self, task: Task | None) -> Estimate | None:
        """Hand over the answer to a task, once, and never another's."""
        own = self.estimate is not None and self.estimate.task is task
        estimate, self.estimate = (self.estimate, None) if own else (None, self.estimate)
        return estimate

    def take_preview(self) -> Preview | None:
        """Hand over the latest preview, once."""
        preview, self.preview = self.preview, None
        return preview

    def stop_backend(self) -> None:
        """End the backend, whoever started it; one on another machine is only left."""
        self.cancel()
        here = self.place is not None and self.place.key is None
        if self._process is None and self._client is not None and here:
            self._client.shut_down()
        if self._process is not None:
            self._disconnect()
            self._process.stop()
        self._process = None
        self.close()

    def close(self) -> None:
        """Leave the backend; one that this Blender started ends when nobody else uses it."""
        self._rest()
        self._disconnect()
        if self._process is not None:
            self._process.leave()
            self._process = None

    def forget(self) -> None:
        """Drop the running task and what is shown of earlier ones: another file is coming."""
        self.cancel()
        self.trouble = self.summary = self.estimate = self.kept = None

    def _rest(self) -> None:
        self._recovery.end()
        self.phase, self.stage, self.task, self.preview = "idle", "", None, None
        self.fraction, self.seconds_left, self.silent = 0.0, UNKNOWN_SECONDS, False

    def _fail(self, trouble: Trouble) -> None:
        self._rest()
        self.trouble = trouble

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self.welcome = None

    def _reach(self) -> None:
        """Connect to the backend that has published itself, or see to it that there is one."""
        assert self.place is not None
        own = self._process if self._own_alive() else None
        published = own.connection() if own else self.place.published()
        if published is not None:
            self._connect(published)
        elif own is not None:
            self.phase, self.stage = "starting", "Starting the Backend"
        else:
            self._nobody_there(time.monotonic())

    def _start_backend(self) -> None:
        assert self.place is not None
        launch = self.place.launch
        if self.place.key is not None:
            self._fail(elsewhere(self.place.key))
            return
        if not (self._start_asked or self.place.start_automatically):
            self._fail(Trouble("The backend is not running.", "Start it and try again.", "start"))
            return
        if launch is None:
            self._fail(Trouble("The backend is not installed yet.", "Install it once.", "install"))
            return
        if self._process is not None:
            self._process.stop()
        self._process = None
        spawned = launch.problem() or spawn(launch)
        if isinstance(spawned, str):
            advice = "Install it again, or choose another Python in the add-on's preferences."
            self._fail(Trouble(f"The backend cannot start. {spawned}", advice, "install"))
            return
        self._process, self._started = spawned, time.monotonic()
        self.phase, self.stage = "starting", "Starting the Backend"

    def _look_for_backend(self) -> None:
        assert self._process is not None
        published = self._process.connection()
        if published is not None:
            self._connect(published)
        elif self._process.exit_code is not None:
            self._fail(death(self._process, "The backend stopped while it was starting."))
        elif time.monotonic() - self._started > START_SECONDS:
            words = f"The backend did not start within {START_SECONDS:.0f} seconds."
            log = self._process.log_path
            self._fail(Trouble(words, f"Its log is {log}.", "preferences", log))

    def _connect(self, published: Connection) -> None:
        self.phase, self.stage = "connecting", "Connecting to the Backend"
        if published.protocol != PROTOCOL_VERSION:
            self._handle_end(Ended("refused", *version_trouble(published.protocol)))
            return
        self._client = Client(published, "blender")

    def _submit(self) -> None:
        if (task := self.task) is None:
            self._rest()
            return
        assert self.welcome is not None and self._client is not None
        height, width = task.size
        if height * width > self.welcome.max_pixels:
            self._fail(too_large(width, height, self.welcome.max_pixels))
            return
        self._client.submit(Request(self._job, task.settings, task.transfer, task.arrays))
        self.phase, self.stage = "working", "Sending the Image"

    def _handle(self, event: Event) -> None:
        match event:
            case Connected():
                again, self.welcome = self.welcome is not None, event.welcome
                self._recovery.end()
                if not again:  # it only says what computes by now
                    self._submit()
            case Ended():
                self._handle_end(event)
            case Silence():
                self.silent = event.silent
            case Progress(job=self._job) if self.task is not None:
                self.stage, self.fraction = event.stage, event.fraction
                self.seconds_left = event.seconds_left
                self._milestones.pass_by(self.stage, self.fraction, self.seconds_left)
            case Preview(job=self._job) if self.task is not None:
                self.preview = event
            case Finished() if event.result.job == self._job and self.task is not None:
                self.estimate = Estimate(self.task, event.result.report, event.arrays)
                self.summary = (self.task.name, event.result.report)
                self._rest()
            case Failed() if self.task is not None:
                self._fail(Trouble(event.message, event.advice))
            case Cancelled(job=self._job) if self.task is not None:
                self._rest()

    def _handle_end(self, event: Ended) -> None:
        phase, now = self.phase, time.monotonic()
        self._disconnect()
        if phase in {"idle", "importing"}:  # what a result needed of the backend is there
            return
        if phase == "working" and event.reason == "lost" and self._recovery.lose(event, now):
            self._start_asked = self._start_asked or self._process is not None
            self._seek(now)
            return
        replace = event.reason == "unreachable" or (event.reason == "refused" and self._start_asked)
        if phase == "connecting" and replace and not self._own_alive():
            self._nobody_there(now)  # what was published is gone, or of no use to us
        elif event.reason == "refused":
            self._fail(Trouble(event.message, event.advice, "preferences"))
        else:
            self._own_alive(wait=1.0)
            self._fail(death(self._process, event.message, event.advice))

    def _nobody_there(self, now: float) -> None:
        """Start a backend where that may be done; else give a lost one time to come back."""
        lost = self._recovery.cause
        if lost is None or self._may_start:
            self._start_backend()
        elif now > self._recovery.until:
            self._fail(death(self._process, lost.message, lost.advice))
        else:
            self._seek(now)

    def _seek(self, now: float) -> None:
        """Reach the backend again soon; the job is sent again under its id, so it runs once."""
        self.phase, self.stage = "connecting", "Reconnecting to the Backend"
        self._recovery.wait(now)

    def _own_alive(self, wait: float = 0.0) -> bool:
        return self._process is not None and self._process.alive(wait)


current = Session()
"""The session that the operators drive and the panels show."""
