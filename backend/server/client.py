"""A small blocking client in plain Python, for the command line, scripts and tests."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import zmq

from shared import PROTOCOL_VERSION
from shared.connection import Connection, find
from shared.messages import (
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Fetch,
    Hello,
    Message,
    Ping,
    Pong,
    Progress,
    Result,
    Shutdown,
    Status,
    StatusRequest,
    Submit,
    Welcome,
)
from shared.transfer import Assembly
from shared.wire import Buffer, decode, encode

from . import sockets
from .outcome import Outcome
from .outgoing import Outgoing

_PING_SECONDS = 1.0
_SILENT_SECONDS = 10.0
_Answer = TypeVar("_Answer")


class Unreachable(Exception):
    """No backend answers."""


class JobCancelled(Exception):
    """The job was stopped on request."""


class JobFailed(Exception):
    """The backend refused something, or could not do it."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(f"{failure.message} {failure.advice}".strip())
        self.failure = failure


OnProgress = Callable[[Progress, np.ndarray | None], None]
"""Called with every progress and its preview, (H, W, 3) uint8, where it has one."""


def _ignore(progress: Progress, preview: np.ndarray | None) -> None:
    """Take no notice of progress."""


class Client:
    """One connection to a backend, for use in one thread."""

    def __init__(self, connection: Connection, name: str = "command line", seconds: float = 5.0):
        """Connect and shake hands.

        Raises:
            Unreachable: if nobody answers within ``seconds``.
            JobFailed: if the two sides speak different protocols.
        """
        self._context = zmq.Context()
        keys = sockets.KeyPair(connection.client_public_key, connection.client_secret_key)
        self._socket = sockets.dial(
            self._context, connection.endpoint, connection.server_public_key, keys
        )
        try:
            self.send(Hello(PROTOCOL_VERSION, name), seconds=seconds)
            self.welcome = self._answer(Welcome, seconds)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; what has not been sent is dropped."""
        self._context.destroy(linger=0)

    def send(self, message: Message, frame: Buffer | None = None, seconds: float = 5.0) -> bool:
        """Send one message.

        Raises:
            Unreachable: if there is no connection within ``seconds``.
        """
        if not self._socket.poll(int(seconds * 1000), zmq.POLLOUT):
            raise Unreachable("No backend answers.")
        self._socket.send_multipart(encode(message, frame), copy=False)
        return True

    def receive(self, seconds: float) -> tuple[Message, Buffer | None]:
        """Receive one message, whatever it is.

        Raises:
            Unreachable: if none comes within ``seconds``.
        """
        if not self._socket.poll(max(int(seconds * 1000), 0)):
            raise Unreachable("The backend does not answer.")
        frames = self._socket.recv_multipart(copy=False)
        return decode([frame.buffer for frame in frames])

    def status(self) -> Status:
        """Ask what the backend is doing."""
        self.send(StatusRequest())
        return self._answer(Status, 5.0)

    def shut_down(self) -> None:
        """Ask the backend to end, and wait until it has heard (it closes the connection)."""
        self.send(Shutdown())
        self.send(Ping())
        try:
            self._answer(Pong, 1.0)
        except Unreachable:
            return  # already ending

    def run(
        self,
        submit: Submit,
        arrays: Mapping[str, np.ndarray],
        on_progress: OnProgress = _ignore,
    ) -> Outcome:
        """Send a job with its arrays and wait for its outcome.

        Raises:
            JobFailed: if it cannot be done.
            JobCancelled: if it was stopped.
            Unreachable: if the backend falls silent.
        """
        self.send(submit)
        return self._follow(submit.job, Outgoing(submit.job, arrays), on_progress)

    def fetch(self, job: str, on_progress: OnProgress = _ignore) -> Outcome:
        """Wait for the outcome of a job that was sent before; raises as ``run`` does."""
        self.send(Fetch(job))
        return self._follow(job, Outgoing(job, {}), on_progress)

    def _follow(self, job: str, outgoing: Outgoing, on_progress: OnProgress) -> Outcome:
        """Send while there is credit, and collect until the outcome is complete."""
        result: Result | None = None
        results = Assembly(())
        while result is None or not results.complete:
            outgoing.pump(self.send)
            message, frame = self._next_word()
            if getattr(message, "job", None) != job:
                continue
            match message:
                case Credit(chunks=chunks):
                    outgoing.grant(chunks)
                case Progress():
                    on_progress(message, _preview_of(message, frame))
                case Result(arrays=specs):
                    result, results = message, Assembly(specs)
                case Chunk():
                    results.add(message, frame)
                    self.send(Credit(job, 1))
                case Failed():
                    raise JobFailed(message)
                case Cancelled():
                    raise JobCancelled(job)
        return Outcome(result.report, results.arrays())

    def _next_word(self) -> tuple[Message, Buffer | None]:
        """Receive the next message, asking for a sign of life while there is none."""
        deadline = time.monotonic() + _SILENT_SECONDS
        while not self._socket.poll(int(_PING_SECONDS * 1000)):
            if time.monotonic() > deadline:
                raise Unreachable("The backend has fallen silent.")
            self.send(Ping())
        return self.receive(0.0)

    def _answer(self, kind: type[_Answer], seconds: float) -> _Answer:
        deadline = time.monotonic() + seconds
        while True:
            message, _ = self.receive(deadline - time.monotonic())
            if isinstance(message, kind):
                return message
            if isinstance(message, Failed) and not message.job:
                raise JobFailed(message)


def _preview_of(progress: Progress, frame: Buffer | None) -> np.ndarray | None:
    if frame is None:
        return None
    return np.frombuffer(frame, np.uint8).reshape(*progress.preview, 3)


def connect(run_dir: Path, seconds: float = 5.0) -> Client:
    """Connect to the backend that has published itself in a run folder.

    Raises:
        Unreachable: if there is none or it does not answer.
    """
    connection = find(run_dir)
    if connection is None:
        raise Unreachable(f"No backend runs in {run_dir}.")
    return Client(connection, seconds=seconds)
