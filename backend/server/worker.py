"""The worker: runs one job at a time on an engine thread while this thread keeps the socket.

The socket's thread sends progress and hears of cancels even while a kernel computes. It never
imports the engine; ``worker_process`` hands it in.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import zmq

from backend.errors import Refused
from backend.orphans import die_with_parent
from shared.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Message,
    Ping,
    Pong,
    Progress,
    Ready,
    Result,
    Submit,
)
from shared.transfer import Assembly, check_spec, specs_of
from shared.wire import Buffer, WireError, decode, encode

from . import sockets
from .failures import failure
from .orders import Orders
from .outcome import Engine, LoadEngine, Outcome
from .outgoing import Outgoing

_log = logging.getLogger(__name__)
_BUSY_MS = 20  # how late a finished engine thread may be noticed
_IDLE_MS = 1000
_PROGRESS_SECONDS = 0.1
_ESTIMABLE_SECONDS = 0.5  # earlier, the time left is a guess about the start-up


def take_orders() -> Orders:
    """Read the orders on standard input, and from now on end with the broker.

    The broker holds the other end of standard input: when it dies, however it dies, the read ends.
    """
    die_with_parent()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the broker, which then ends us
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    threading.Thread(target=_end_with_broker, daemon=True).start()
    return Orders.from_line(line)


def main(orders: Orders, load: LoadEngine) -> None:
    """Load the engine, report ready and take jobs until the broker ends this process."""
    try:
        _work(orders, load)
    except Exception:
        _log.exception("the worker ends")
        raise
    finally:
        logging.shutdown()
        os._exit(1)  # an ordinary exit would wait for the engine's thread, perhaps for ever


def _work(orders: Orders, load: LoadEngine) -> None:
    socket = sockets.dial(zmq.Context(), orders.endpoint, orders.server_key, orders.keys)
    try:
        engine = load(orders.device, orders.threads)
    except Refused as refused:
        _send(socket, Failed("", refused.code, f"{refused.message} {refused.advice}".strip()))
        threading.Event().wait()  # the broker has to read it, and then ends this process
    else:
        Worker(socket, engine, orders.log).serve()


def _end_with_broker() -> None:
    # Read the descriptor: a buffered reader holds a lock that an exiting interpreter stumbles over.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


@dataclass
class _Task:
    """The job a worker has, and how far it is with it."""

    submit: Submit
    inputs: Assembly
    cancelled: threading.Event = field(default_factory=threading.Event)
    started: float = 0.0
    reported: float = 0.0
    latest: tuple[str, float] | None = None
    preview: np.ndarray | None = None
    outcome: Future[Outcome] | None = None
    outgoing: Outgoing | None = None

    def report(self, stage: str, fraction: float) -> None:
        """Take the engine's word on how far it is; called on the engine's thread."""
        self.latest = stage, min(max(float(fraction), 0.0), 1.0)

    def show(self, normals: np.ndarray) -> None:
        """Take the normals so far to be told with the next progress; on the engine's thread."""
        self.preview = normals


class Worker:
    """Take jobs from the broker and run them on an engine, one at a time."""

    def __init__(self, socket: zmq.Socket, engine: Engine, log_path: Path) -> None:
        self._socket = socket
        self._engine = engine
        self._log_path = log_path
        self._task: _Task | None = None
        # One thread for all jobs: thread pools of numeric libraries belong to the calling thread.
        self._engine_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")

    def serve(self) -> None:
        """Work until the process ends."""
        self._say(Ready(self._engine.device, self._engine.name, self._engine.notes))
        while True:
            computing = self._task is not None and self._task.outcome is not None
            if self._socket.poll(_BUSY_MS if computing else _IDLE_MS):
                frames = self._socket.recv_multipart(copy=False)
                self._take(*decode([frame.buffer for frame in frames]))
            if self._task is not None:
                self._advance(self._task, time.monotonic())

    def _take(self, message: Message, frame: Buffer | None) -> None:
        task = self._task
        match message:
            case Submit():
                self._task = _Task(message, Assembly(message.arrays))
            case Chunk(job=job) if task and job == task.submit.job:
                task.inputs.add(message, frame)
                self._say(Credit(job, 1))
                if task.inputs.complete:
                    self._start(task)
            case Credit(job=job, chunks=chunks) if task and job == task.submit.job:
                if task.outgoing:
                    task.outgoing.grant(chunks)
            case Cancel(job=job):
                self._cancel(task, job)
            case Ping():
                self._say(Pong(""))
            case _:
                _log.debug("%s came late", type(message).__name__)

    def _start(self, task: _Task) -> None:
        _log.info("job=%s starts", task.submit.job)
        task.started = time.monotonic()
        task.outcome = self._engine_thread.submit(
            self._engine.run, task.submit, task.inputs.arrays(), task.report, task.show,
            task.cancelled.is_set,
        )  # fmt: skip

    def _cancel(self, task: _Task | None, job: str) -> None:
        """Stop a job; the answer follows when it has stopped, at once if it does not run."""
        if task is not None and task.submit.job == job and task.outcome is not None:
            task.cancelled.set()
            return
        self._task = None
        self._say(Cancelled(job))

    def _advance(self, task: _Task, now: float) -> None:
        if task.outgoing is not None:
            self._send_results(task, task.outgoing)
        elif task.outcome is not None and task.outcome.done():
            self._conclude(task, task.outcome, now)
        elif task.latest and now > task.reported + _PROGRESS_SECONDS:
            task.reported = now
            self._report(task, task.latest, now)

    def _report(self, task: _Task, latest: tuple[str, float], now: float) -> None:
        stage, fraction = latest
        preview, task.latest, task.preview = task.preview, None, None
        seconds_left = _seconds_left(now - task.started, fraction)
        progress = Progress(task.submit.job, stage, fraction, seconds_left)
        if preview is None:
            self._say(progress)
            return
        rows, columns = preview.shape[:2]
        frame = np.ascontiguousarray(preview).data.cast("B")
        _send(self._socket, replace(progress, preview=(rows, columns)), frame)

    def _conclude(self, task: _Task, outcome: Future[Outcome], now: float) -> None:
        job = task.submit.job
        error = outcome.exception()
        _log.info("job=%s took %.2f s", job, now - task.started)
        if task.cancelled.is_set():
            self._task = None
            self._say(Cancelled(job))
        elif error is not None:
            self._fail(task.submit, error)
        else:
            self._begin_results(task, outcome.result())

    def _begin_results(self, task: _Task, outcome: Outcome) -> None:
        job = task.submit.job
        try:
            result = _checked(Result(job, outcome.report, specs_of(outcome.arrays)))
        except (WireError, TypeError, ValueError) as error:  # an engine's fault, not the worker's
            self._fail(task.submit, error)
            return
        task.outgoing = Outgoing(job, outcome.arrays)
        self._say(result)
        self._send_results(task, task.outgoing)

    def _send_results(self, task: _Task, outgoing: Outgoing) -> None:
        if task.cancelled.is_set():
            self._task = None
            self._say(Cancelled(task.submit.job))
            return
        outgoing.pump(lambda chunk, frame: _send(self._socket, chunk, frame))
        if outgoing.finished:
            self._task = None

    def _fail(self, submit: Submit, error: BaseException) -> None:
        expected = isinstance(error, Refused)
        _log.error("job=%s failed: %s", submit.job, error, exc_info=None if expected else error)
        self._task = None
        self._say(failure(error, submit, self._log_path))

    def _say(self, message: Message) -> None:
        _send(self._socket, message)


def _send(socket: zmq.Socket, message: Message, frame: Buffer | None = None) -> bool:
    socket.send_multipart(encode(message, frame), copy=False)
    return True


def _checked(result: Result) -> Result:
    """Make sure that the broker will take a result, whatever an engine made it of."""
    message, _ = decode(encode(result))
    assert isinstance(message, Result)
    for spec in message.arrays:
        check_spec(spec)
    return message


def _seconds_left(elapsed: float, fraction: float) -> float:
    if fraction <= 0.0 or elapsed < _ESTIMABLE_SECONDS:
        return -1.0
    return elapsed * (1.0 - fraction) / fraction
