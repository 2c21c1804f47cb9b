"""The broker's side of one worker: its process, the socket made for it, what it said of itself.

Every worker gets a socket of its own, made with fresh keys and closed with the process. So nothing
a dead worker left behind can reach its successor, and no message needs an address.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zmq

from shared.messages import Message, Ready
from shared.wire import Buffer, decode, encode

from . import sockets
from .gatekeeper import Gatekeeper
from .orders import Orders
from .process import WorkerProcess

_log = logging.getLogger(__name__)
_DOMAIN = "worker"
_TURN = 64  # messages taken before somebody else gets a turn


@dataclass(frozen=True)
class Workplace:
    """What the workers of a seat are started with."""

    command: tuple[str, ...]
    device: str
    threads: int
    log_path: Path
    spare: bool = False
    """Keep a second worker loaded, which takes over at once when the first ends."""


class Link:
    """A worker that was started, until ``let_go``."""

    def __init__(
        self, context: zmq.Context, gatekeeper: Gatekeeper, workplace: Workplace, now: float
    ) -> None:
        """Start a worker.

        Raises:
            OSError: when the process cannot be started.
        """
        self._gatekeeper = gatekeeper
        keys, own = sockets.make_keys(), sockets.make_keys()
        self._key = keys.public
        self.socket = sockets.listen(context, zmq.DEALER, own, _DOMAIN)
        orders = Orders(
            sockets.endpoint_of(self.socket),
            own.public,
            keys.public,
            keys.secret,
            workplace.device,
            workplace.threads,
            str(workplace.log_path),
        )
        try:
            self.process = WorkerProcess(workplace.command, orders)
        except OSError:
            self.socket.close()
            raise
        gatekeeper.allow(_DOMAIN, keys.public)
        self.started = self.heard = now
        self.ready: Ready | None = None
        _log.info("worker %d started", self.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def receive(self) -> Iterator[tuple[Message, Buffer | None]]:
        """Take some of the messages that wait.

        Raises:
            WireError: when the worker does not speak the protocol.
        """
        for _ in range(_TURN):
            if self.socket.closed:
                return
            try:
                frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            self.heard = time.monotonic()
            yield decode([frame.buffer for frame in frames])

    def send(self, message: Message, frame: Buffer | None = None) -> bool:
        """Send if the worker reads; its death is noticed elsewhere."""
        try:
            self.socket.send_multipart(encode(message, frame), zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False
        return True

    def let_go(self) -> WorkerProcess:
        """Hear nothing more of the worker; its process is the caller's to end."""
        self._gatekeeper.revoke(_DOMAIN, self._key)
        self.socket.close()
        return self.process
