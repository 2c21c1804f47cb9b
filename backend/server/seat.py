"""One seat for one worker: the process on it, the job it has, and what to do when either fails.

Every worker gets a socket of its own, made with fresh keys and closed with the process. So nothing
a dead worker left behind can reach its successor, and no message needs an address.
"""

import logging
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import zmq

from shared.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Message,
    Progress,
    Ready,
    Report,
    Result,
)
from shared.transfer import Assembly
from shared.wire import Buffer, WireError, decode, encode

from . import sockets
from .failures import worker_died
from .gatekeeper import Gatekeeper
from .jobs import Job, Jobs
from .orders import Orders
from .outgoing import Outgoing
from .process import WorkerProcess
from .settings import CANCEL_SECONDS, CRASH_SECONDS, CRASHES, Device

_log = logging.getLogger(__name__)
_DOMAIN = "worker"
LOADING = "Preparing the engine (longer the first time)"
"""What clients read while a worker loads torch and compiles its kernels."""
_TURN = 64  # messages taken before somebody else gets a turn


@dataclass(frozen=True)
class Workplace:
    """What every worker of a broker is started with."""

    command: tuple[str, ...]
    device: Device
    threads: int
    log_path: Path


@dataclass
class _Worker:
    """A living process, its socket, and what it does at the moment."""

    process: WorkerProcess
    socket: zmq.Socket
    key: str
    ready: Ready | None = None
    job: Job | None = None
    sending: Outgoing | None = None
    report: Report | None = None
    results: Assembly | None = None
    kill_at: float | None = None

    def rest(self) -> None:
        """Be free for the next job."""
        self.job = self.sending = self.report = self.results = self.kill_at = None


class Seat:
    """Keep one worker alive and busy with the jobs of the table; times are monotonic seconds."""

    def __init__(
        self, context: zmq.Context, gatekeeper: Gatekeeper, jobs: Jobs, workplace: Workplace
    ) -> None:
        self._context = context
        self._gatekeeper = gatekeeper
        self._jobs = jobs
        self._workplace = workplace
        self._worker: _Worker | None = None
        self._dying: list[WorkerProcess] = []
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._gave_up = ""

    @property
    def socket(self) -> zmq.Socket | None:
        """What to poll, while there is a worker."""
        return self._worker.socket if self._worker else None

    @property
    def ready(self) -> Ready | None:
        """What the worker said of itself, once it has loaded its engine."""
        return self._worker.ready if self._worker else None

    @property
    def state(self) -> str:
        """What the worker is doing, in words."""
        if self._gave_up:
            return self._gave_up
        if self._worker is None or self._worker.ready is None:
            return "starting"
        if self._worker.job is None:
            return "idle"
        if self._worker.job.state == "cancelled":
            return f"stopping {self._worker.job.id}"
        return f"running {self._worker.job.id}"

    def step(self, now: float) -> None:
        """Do what is due: notice an end, start, stop, replace, hand out the next job."""
        self._dying = [process for process in self._dying if not _reaped(process)]
        if self._worker and (ending := self._worker.process.ending):
            self._after_death(self._worker, ending, now)
        if self._worker:
            self._stop_cancelled(self._worker, now)
        if self._worker is None and not self._gave_up:
            self._worker = self._start()
        if self._gave_up:
            self._refuse_all(now)
        elif self._worker:
            self._hand_out(self._worker)

    def receive(self, now: float) -> None:
        """Take what the worker has sent."""
        for _ in range(_TURN):
            worker = self._worker
            if worker is None:
                return
            try:
                frames = worker.socket.recv_multipart(zmq.DONTWAIT, copy=False)
                self._take(worker, *decode([frame.buffer for frame in frames]), now)
            except zmq.Again:
                return
            except WireError as error:
                _log.error("worker %d does not speak the protocol: %s", worker.process.pid, error)
                worker.process.kill()
                return

    def close(self) -> None:
        """End the worker, killed if it does not go within a second."""
        if self._worker:
            self._vacate(self._worker)
        for process in self._dying:
            process.close(1.0)

    def _start(self) -> _Worker | None:
        keys, own = sockets.make_keys(), sockets.make_keys()
        self._gatekeeper.allow(_DOMAIN, keys.public)
        socket = sockets.listen(self._context, zmq.DEALER, own, _DOMAIN)
        place = self._workplace
        orders = Orders(
            sockets.endpoint_of(socket),
            own.public,
            keys.public,
            keys.secret,
            place.device,
            place.threads,
            str(place.log_path),
        )
        try:
            process = WorkerProcess(place.command, orders)
        except OSError as error:
            socket.close()
            self._give_up(f"stopped: {error}")
            return None
        _log.info("worker %d started", process.pid)
        return _Worker(process, socket, keys.public)

    def _vacate(self, worker: _Worker) -> None:
        self._gatekeeper.revoke(_DOMAIN, worker.key)
        worker.socket.close()
        self._dying.append(worker.process)
        self._worker = None

    def _after_death(self, worker: _Worker, ending: str, now: float) -> None:
        _log.error("worker %d ended unexpectedly: %s", worker.process.pid, ending)
        self._vacate(worker)
        self._crashes.append(now)
        job = worker.job
        if job is not None and job.state == "running" and not self._jobs.retry(job):
            self._jobs.fail(job, worker_died(job.id, ending, self._workplace.log_path), now)
        if len(self._crashes) == CRASHES and now - self._crashes[0] <= CRASH_SECONDS:
            self._give_up(f"stopped: it ended {CRASHES} times within {CRASH_SECONDS:.0f} s")

    def _give_up(self, reason: str) -> None:
        _log.error("the worker is not started again; %s", reason)
        self._gave_up = reason

    def _refuse_all(self, now: float) -> None:
        while job := self._jobs.start_next():
            message = f"The compute process does not run ({self._gave_up})."
            advice = f"See the log, then restart the backend: {self._workplace.log_path}"
            self._jobs.fail(job, Failed(job.id, "worker_died", message, advice), now)

    def _stop_cancelled(self, worker: _Worker, now: float) -> None:
        if worker.job is None or worker.job.state != "cancelled":
            return
        if worker.kill_at is None:
            worker.kill_at = now + CANCEL_SECONDS
            worker.sending = None
            self._send(worker, Cancel(worker.job.id))
        elif now > worker.kill_at:
            _log.warning("job=%s worker %d ignores cancel", worker.job.id, worker.process.pid)
            worker.process.kill()
            self._vacate(worker)

    def _hand_out(self, worker: _Worker) -> None:
        if worker.ready is None:
            self._jobs.explain_wait(LOADING)
        if worker.ready is None or worker.job is not None:
            return
        job = self._jobs.start_next()
        if job is not None:
            assert job.inputs is not None
            _log.info("job=%s goes to worker %d", job.id, worker.process.pid)
            worker.job = job
            worker.sending = Outgoing(job.id, job.inputs.arrays())
            self._send(worker, job.submit)
            self._pump(worker)

    def _take(self, worker: _Worker, message: Message, frame: Buffer | None, now: float) -> None:
        job = worker.job
        if isinstance(message, Ready):
            worker.ready = message
            _log.info("worker %d ready: %s, %s", worker.process.pid, message.device, message.engine)
        elif isinstance(message, Failed) and not message.job:
            self._give_up(f"stopped: {message.message}")
            worker.process.kill()
            self._vacate(worker)
        elif job is None or getattr(message, "job", None) != job.id:
            _log.debug("worker %d: %s came late", worker.process.pid, type(message).__name__)
        elif job.state == "running":
            self._take_work(worker, job, message, frame, now)
        elif isinstance(message, Cancelled):
            worker.rest()

    def _take_work(
        self, worker: _Worker, job: Job, message: Message, frame: Buffer | None, now: float
    ) -> None:
        match message:
            case Progress():
                self._jobs.report(job, message)
            case Credit(chunks=chunks) if worker.sending:
                worker.sending.grant(chunks)
                self._pump(worker)
            case Result(report=report, arrays=specs):
                worker.report, worker.results = report, Assembly(specs)
                self._finish_if_complete(worker, job, now)
            case Chunk() if worker.results:
                worker.results.add(message, frame)
                self._send(worker, Credit(job.id, 1))
                self._finish_if_complete(worker, job, now)
            case Failed():
                worker.rest()
                self._jobs.fail(job, message, now)

    def _finish_if_complete(self, worker: _Worker, job: Job, now: float) -> None:
        if worker.results is not None and worker.report is not None and worker.results.complete:
            report, results = worker.report, worker.results.arrays()
            worker.rest()
            self._jobs.finish(job, report, results, now)

    def _pump(self, worker: _Worker) -> None:
        if worker.sending:
            worker.sending.pump(lambda chunk, frame: self._send(worker, chunk, frame))

    def _send(self, worker: _Worker, message: Message, frame: Buffer | None = None) -> bool:
        try:
            worker.socket.send_multipart(encode(message, frame), zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False  # it does not read, or is just dying, which ``step`` will see
        return True


def _reaped(process: WorkerProcess) -> bool:
    if process.ending is None:
        return False
    process.close(0.0)
    return True
