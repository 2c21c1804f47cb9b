"""One seat for one worker: who sits on it, the job it has, and what to do when either fails."""

import logging
from collections import deque
from dataclasses import dataclass, replace

import zmq

from shared.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Message,
    Ping,
    Progress,
    Ready,
    Report,
    Result,
)
from shared.transfer import Assembly
from shared.wire import Buffer, WireError

from .failures import worker_died
from .gatekeeper import Gatekeeper
from .jobs import Job, Jobs
from .link import Link, Workplace
from .memory import room_for_another
from .outgoing import Outgoing
from .process import WorkerProcess
from .settings import (
    CANCEL_SECONDS,
    CRASH_SECONDS,
    CRASHES,
    HANG_SECONDS,
    LOAD_SECONDS,
    PING_SECONDS,
    QUIET_SECONDS,
    SPARE_SECONDS,
)

_log = logging.getLogger(__name__)
LOADING = "Preparing the engine (longer the first time)"
"""What clients read while a worker loads torch and compiles its kernels."""
NO_PREVIEW = (0, 0)
NOT_ANSWERING = "The compute process is not answering"
"""What clients read while a worker does nothing at all."""


@dataclass
class _Task:
    """The job a worker has."""

    job: Job
    sending: Outgoing
    latest: Progress
    report: Report | None = None
    results: Assembly | None = None
    pinged: float = 0.0
    quiet: bool = False
    kill_at: float | None = None


class Seat:
    """Keep one worker alive and busy with the jobs of the table; times are monotonic seconds."""

    def __init__(
        self, context: zmq.Context, gatekeeper: Gatekeeper, jobs: Jobs, workplace: Workplace
    ) -> None:
        self._context = context
        self._gatekeeper = gatekeeper
        self._jobs = jobs
        self._workplace = workplace
        self._link: Link | None = None
        self._spare: Link | None = None
        self._next_spare = 0.0
        self._task: _Task | None = None
        self._dying: list[WorkerProcess] = []
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._gave_up = ""

    @property
    def links(self) -> list[Link]:
        """The worker and the spare one, as far as they are there."""
        return [link for link in (self._link, self._spare) if link is not None]

    @property
    def ready(self) -> Ready | None:
        """What the worker said of itself, once it has loaded its engine."""
        return self._link.ready if self._link else None

    @property
    def gave_up(self) -> bool:
        """Whether no worker is started here any more."""
        return bool(self._gave_up)

    @property
    def state(self) -> str:
        """What the worker is doing, in words."""
        if self._gave_up:
            return self._gave_up
        if self.ready is None:
            return "starting"
        if self._task is None:
            return "idle"
        doing = "stopping" if self._task.job.state == "cancelled" else "running"
        return f"{doing} {self._task.job.id}"

    def step(self, now: float) -> None:
        """Do what is due: notice an end, start, stop, replace, hand out the next job."""
        self._dying = [process for process in self._dying if not _reaped(process)]
        self._see_deaths(now)
        if self._link and self._task:
            self._watch(self._link, self._task, now)
        if not self._gave_up:
            self._fill(now)
        if self._link and not self._gave_up:
            self._hand_out(self._link)

    def receive(self, link: Link, now: float) -> None:
        """Take what a worker has sent."""
        try:
            for message, frame in link.receive():
                self._take(link, message, frame, now)
        except WireError as error:
            _log.error("worker %d does not speak the protocol: %s", link.pid, error)
            link.process.kill()

    def close(self) -> None:
        """End the workers, killed if they do not go within a second."""
        for link in self.links:
            self._let_go(link)
        for process in self._dying:
            process.close(1.0)

    def _fill(self, now: float) -> None:
        """See that somebody sits here, and somebody waits behind if there is room for two."""
        if self._link is None:
            self._link, self._spare = self._spare or self._start(now), None
        wanted = self._workplace.spare and self.ready is not None and self._spare is None
        if wanted and now >= self._next_spare:
            self._next_spare = now + SPARE_SECONDS
            self._spare = self._start(now) if room_for_another() else None

    def _start(self, now: float) -> Link | None:
        try:
            return Link(self._context, self._gatekeeper, self._workplace, now)
        except OSError as error:
            self._give_up(f"stopped: {error}")
            return None

    def _let_go(self, link: Link) -> None:
        self._dying.append(link.let_go())
        if link is self._spare:
            self._spare = None
        else:
            self._link = self._task = None

    def _see_deaths(self, now: float) -> None:
        for link in self.links:
            if link.ready is None and now > link.started + LOAD_SECONDS:
                _log.error("worker %d does not get ready", link.pid)
                link.process.kill()
            if ending := link.process.ending:
                _log.error("worker %d ended unexpectedly: %s", link.pid, ending)
                if link is self._link:
                    self._save_job(ending, now)
                self._let_go(link)

    def _save_job(self, ending: str, now: float) -> None:
        """Have the job of a dead worker done by the next one, unless it kills them all."""
        self._crashes.append(now)
        job = self._task.job if self._task else None
        if job is not None and job.state == "running" and not self._jobs.retry(job):
            self._jobs.fail(job, worker_died(job.id, ending, self._workplace.log_path), now)
        if len(self._crashes) == CRASHES and now - self._crashes[0] <= CRASH_SECONDS:
            self._give_up(f"stopped: it ended {CRASHES} times within {CRASH_SECONDS:.0f} s")

    def _give_up(self, reason: str) -> None:
        _log.error("the worker is not started again; %s", reason)
        self._gave_up = reason

    def refuse_all(self, now: float) -> None:
        """Let every job fail that waits, and say why nobody takes it."""
        while job := self._jobs.start_next():
            message = f"The compute process does not run ({self._gave_up})."
            advice = f"See the log, then restart the backend: {self._workplace.log_path}"
            self._jobs.fail(job, Failed(job.id, "worker_died", message, advice), now)

    def _watch(self, link: Link, task: _Task, now: float) -> None:
        """Stop what was cancelled; ask for a sign of life, and do without one only so long."""
        if task.job.state == "cancelled":
            self._stop(link, task, now)
            return
        silence = now - link.heard
        if silence > HANG_SECONDS:
            _log.error("job=%s worker %d has hung for %.0f s", task.job.id, link.pid, silence)
            link.process.kill()
        elif silence > QUIET_SECONDS and not task.quiet:
            task.quiet = True
            fraction = task.latest.fraction
            self._jobs.report(task.job, Progress(task.job.id, NOT_ANSWERING, fraction, -1.0))
        if now >= task.pinged + PING_SECONDS:
            task.pinged = now
            link.send(Ping())

    def _stop(self, link: Link, task: _Task, now: float) -> None:
        if task.kill_at is None:
            task.kill_at = now + CANCEL_SECONDS
            link.send(Cancel(task.job.id))
        elif now > task.kill_at:
            _log.warning("job=%s worker %d ignores cancel", task.job.id, link.pid)
            link.process.kill()
            self._let_go(link)

    def _hand_out(self, link: Link) -> None:
        if link.ready is None:
            self._jobs.explain_wait(LOADING)
        if link.ready is None or self._task is not None:
            return
        job = self._jobs.start_next()
        if job is not None:
            assert job.inputs is not None
            _log.info("job=%s goes to worker %d", job.id, link.pid)
            self._task = _Task(job, Outgoing(job.id, job.inputs.arrays()), job.progress)
            link.send(job.submit)
            self._task.sending.pump(link.send)

    def _take(self, link: Link, message: Message, frame: Buffer | None, now: float) -> None:
        task = self._task if link is self._link else None
        if isinstance(message, Ready):
            link.ready = message
            _log.info("worker %d ready: %s, %s", link.pid, message.device, message.engine)
        elif isinstance(message, Failed) and not message.job:
            if link is self._link:
                self._give_up(f"stopped: {message.message}")
            link.process.kill()
            self._let_go(link)
        elif task is None:
            _log.debug("worker %d: %s came late", link.pid, type(message).__name__)
        elif task.quiet and task.job.state == "running":
            task.quiet = False
            self._jobs.report(task.job, task.latest)
            self._take(link, message, frame, now)
        elif getattr(message, "job", None) == task.job.id:
            self._take_work(link, task, message, frame, now)

    def _take_work(
        self, link: Link, task: _Task, message: Message, frame: Buffer | None, now: float
    ) -> None:
        job = task.job
        if job.state != "running":  # cancelled: whatever else comes is of no use
            self._task = None if isinstance(message, Cancelled) else task
            return
        match message:
            case Progress():
                task.latest = replace(message, preview=NO_PREVIEW)
                self._jobs.report(job, *checked_preview(message, frame))
            case Credit(chunks=chunks):
                task.sending.grant(chunks)
                task.sending.pump(link.send)
            case Result(report=report, arrays=specs):
                task.report, task.results = report, Assembly(specs)
                self._finish_if_complete(task, now)
            case Chunk() if task.results:
                task.results.add(message, frame)
                link.send(Credit(job.id, 1))
                self._finish_if_complete(task, now)
            case Failed():
                self._task = None
                self._jobs.fail(job, message, now)

    def _finish_if_complete(self, task: _Task, now: float) -> None:
        if task.results is not None and task.report is not None and task.results.complete:
            self._task = None
            _log.info("job=%s done: %s", task.job.id, stage_times(task.report))
            self._jobs.finish(task.job, task.report, task.results.arrays(), now)


def checked_preview(progress: Progress, frame: Buffer | None) -> tuple[Progress, bytes | None]:
    """Return a progress with its preview, or without one when the frame is none of that size."""
    rows, columns = progress.preview
    if frame is not None and rows > 0 and columns > 0 and len(frame) == 3 * rows * columns:
        return progress, bytes(frame)
    return replace(progress, preview=NO_PREVIEW), None


def stage_times(report: Report) -> str:
    """Write how long each stage took as one field a log can be searched for."""
    return "; ".join(f"{stage.name}={stage.seconds:.3f} s" for stage in report.stages)


def _reaped(process: WorkerProcess) -> bool:
    if process.ending is None:
        return False
    process.close(0.0)
    return True
