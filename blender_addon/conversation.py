# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversation with a backend, as the thread that owns the socket holds it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

import numpy as np
import zmq
from zmq.utils.monitor import recv_monitor_message

from .preview import Preview, preview_of
from .shared import PROTOCOL_VERSION
from .shared.connection import Connection, ipv6_alone
from .shared.messages import (
    Accepted,
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Hello,
    Message,
    Ping,
    Progress,
    Result,
    Shutdown,
    Submit,
    Transfer,
    Welcome,
)
from .shared.settings import EstimateSettings
from .shared.transfer import WINDOW, Assembly, chunks_of, specs_of
from .shared.wire import MAX_FRAME_BYTES, Buffer, decode, encode

TURN_MILLISECONDS = 20
"""The longest wait for something to happen, so how late a command can be taken."""


@dataclass(frozen=True)
class Patience:
    """How long the client waits, in seconds."""

    ping: float = 1.0
    silent: float = 3.0
    """After this long without a byte the backend counts as not answering."""
    lost: float = 60.0
    """After this long without a byte it counts as gone."""


@dataclass(frozen=True)
class Request:
    """One job as it goes out; the arrays are sent from where they lie and must not change."""

    job: str
    settings: EstimateSettings
    transfer: Transfer
    arrays: Future[dict[str, np.ndarray]]


@dataclass(frozen=True)
class Connected:
    """The backend is there and speaks this protocol."""

    welcome: Welcome


@dataclass(frozen=True)
class Finished:
    """A job's result has arrived as a whole."""

    result: Result
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Silence:
    """The backend stopped answering, or answers again."""

    silent: bool


@dataclass(frozen=True)
class Ended:
    """The conversation is over: nobody there, turned away, or broken off."""

    reason: Literal["unreachable", "refused", "lost"]
    message: str
    advice: str = ""


Event = Connected | Accepted | Progress | Preview | Finished | Failed | Cancelled | Silence | Ended


class Over(Exception):
    """Ends the conversation with its last event."""

    def __init__(self, event: Ended) -> None:
        super().__init__(event.message)
        self.event = event


class Conversation:
    """The socket, what is to be sent through it and what is arriving."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        connection: Connection,
        peer: str,
        patience: Patience,
        tell: Callable[[Event], None],
    ) -> None:
        self.patience, self.tell = patience, tell
        self.elsewhere = not connection.boot_id  # a key for a server, not what a backend published
        self.hello = Hello(PROTOCOL_VERSION, peer)
        self.outbox: deque[list[Buffer]] = deque()
        self.job = ""
        self.upload: Iterator[tuple[Chunk, memoryview]] = iter(())
        self.uploading = False
        self.credit = 0
        self.result: Result | None = None
        self.assembly: Assembly | None = None
        self.welcomed = self.silent = False
        self.socket = _open(context, connection)
        self.heard = self.pinged = time.monotonic()  # not before: a name has been looked up
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(connection.endpoint)
        self.poller = zmq.Poller()
        self.poller.register(self.monitor, zmq.POLLIN)

    def command(self, command: Request | Cancel | Shutdown) -> None:
        """Do what the main thread asks."""
        if isinstance(command, Request):
            arrays = command.arrays.result()
            specs = specs_of(arrays)
            self._forget_job(command.job)
            self.upload, self.uploading = chunks_of(command.job, arrays), True
            self.credit = WINDOW
            self._post(Submit(command.job, command.settings, command.transfer, specs))
            return
        if isinstance(command, Cancel):
            self._forget_job()
        self._post(command)

    def turn(self) -> None:
        """Send what may be sent, take in what has arrived, and keep an eye on the other side."""
        self._flush()
        waiting = self.outbox or (self.uploading and self.credit > 0)
        self.poller.register(self.socket, zmq.POLLIN | (zmq.POLLOUT if waiting else 0))
        ready = dict(self.poller.poll(TURN_MILLISECONDS))
        if ready.get(self.socket, 0) & zmq.POLLIN:
            self._receive()
        if self.monitor in ready:
            self._watch(recv_monitor_message(self.monitor)["event"])
        self._look_at_clock(time.monotonic())

    def _post(self, message: Message, frame: Buffer | None = None) -> None:
        self.outbox.append(encode(message, frame))

    def _forget_job(self, successor: str = "") -> None:
        self.job, self.result, self.assembly = successor, None, None
        self.upload, self.uploading = iter(()), False

    def _flush(self) -> None:
        while True:
            if not self.outbox and self.uploading and self.credit > 0:
                self._post_next_chunk()
            if not self.outbox:
                return
            try:
                self.socket.send_multipart(self.outbox[0], zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self.outbox.popleft()

    def _post_next_chunk(self) -> None:
        following = next(self.upload, None)
        if following is None:
            self.uploading = False
            return
        self.credit -= 1
        self._post(*following)

    def _receive(self) -> None:
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self.heard = time.monotonic()
            if self.silent:
                self.silent = False
                self.tell(Silence(False))
            self._handle(*decode([frame.buffer for frame in frames]))

    def _handle(self, message: Message, frame: Buffer | None) -> None:
        match message:
            case Welcome():
                self._check_version(message.protocol)
                self.welcomed = True
                self.tell(Connected(message))
            case Failed(code="version"):
                raise Over(Ended("refused", message.message, message.advice))
            case Credit(job=self.job):
                self.credit += message.chunks
            case Accepted(job=self.job):
                self.tell(message)
            case Progress(job=self.job):
                self.tell(message)
                if (preview := preview_of(message, frame)) is not None:
                    self.tell(preview)
            case Result(job=self.job):
                self.result, self.assembly = message, Assembly(message.arrays)
                self._finish_if_complete()
            case Chunk(job=self.job) if self.assembly is not None:
                self.assembly.add(message, frame)
                self._post(Credit(self.job, 1))
                self._finish_if_complete()
            case Failed() if self.job and message.job in {self.job, ""}:
                self._forget_job()
                self.tell(message)
            case Cancelled(job=self.job) if self.job:
                self._forget_job()
                self.tell(message)

    def _finish_if_complete(self) -> None:
        if self.result is not None and self.assembly is not None and self.assembly.complete:
            finished = Finished(self.result, self.assembly.arrays())
            self._forget_job()
            self.tell(finished)

    def _check_version(self, protocol: int) -> None:
        if protocol != PROTOCOL_VERSION:
            raise Over(Ended("refused", *version_trouble(protocol)))

    def _watch(self, event: int) -> None:
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._post(self.hello)
        elif event in {zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL}:
            advice = "Stop the backend and start it again from here."
            if self.elsewhere:
                advice = "Ask whoever looks after it for a new one."
            message = "The backend did not accept this Blender's key."
            raise Over(Ended("refused", message, advice))
        elif event in {zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED, zmq.EVENT_CONNECT_RETRIED}:
            self._receive()  # last words may still lie in the pipe
            if self.welcomed:
                raise Over(Ended("lost", "The backend ended."))
            raise Over(Ended("unreachable", "The backend is not running."))

    def _look_at_clock(self, now: float) -> None:
        quiet = now - self.heard
        if not self.welcomed:
            if quiet > self.patience.silent:
                raise Over(Ended("unreachable", "The backend does not answer."))
            return
        if now - self.pinged > self.patience.ping:
            self.pinged = now
            self._post(Ping())
        if quiet > self.patience.lost:
            raise Over(Ended("lost", f"The backend has not answered for {quiet:.0f} seconds."))
        if quiet > self.patience.silent and not self.silent:
            self.silent = True
            self.tell(Silence(True))


def version_trouble(protocol: int) -> tuple[str, str]:
    """Say which side is out of date, and what to update."""
    message = f"The backend speaks protocol {protocol} and this add-on {PROTOCOL_VERSION}."
    if protocol > PROTOCOL_VERSION:
        return message, "Update the CLONE Normals add-on."
    return message, "Update the backend."


def _open(context: zmq.Context[zmq.Socket[bytes]], connection: Connection) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing queues for a backend that is not there
    socket.setsockopt(zmq.MAXMSGSIZE, 2 * MAX_FRAME_BYTES)
    socket.setsockopt(zmq.IPV6, ipv6_alone(connection.endpoint))
    socket.curve_serverkey = connection.server_public_key.encode()
    socket.curve_publickey = connection.client_public_key.encode()
    socket.curve_secretkey = connection.client_secret_key.encode()
    return socket
