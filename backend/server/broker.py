"""The broker: one loop over the sockets of clients, worker and gatekeeper. It never loads torch.

It only passes bytes on and keeps the books, so it answers within milliseconds whatever happens to
a worker: cancel, crash, hang and a full memory are ordinary events here.
"""

import logging
import os
import time
import uuid
from pathlib import Path

import zmq

from backend import __version__
from shared import PROTOCOL_VERSION
from shared.connection import FILE_NAME, Connection, publish, withdraw
from shared.messages import Ready

from . import sockets
from .front import Front
from .gatekeeper import Gatekeeper
from .jobs import Jobs
from .lifetime import Lifetime
from .lock import RunLock
from .log import TERMINAL, log_path
from .process import WORKER_COMMAND
from .seat import Seat, Workplace
from .settings import Device

_log = logging.getLogger(__name__)
_terminal = logging.getLogger(TERMINAL)
_DOMAIN = "client"
_TICK_MS = 50  # how late the end of a worker process or a stop may be noticed
_ROUNDS_SECONDS = 1.0  # how often connections and kept results are looked through


class Broker:
    """A backend in one run folder: made, then ``serve`` until ``stop``."""

    def __init__(
        self,
        run_dir: Path,
        device: Device = "auto",
        threads: int = 0,
        worker_command: tuple[str, ...] = WORKER_COMMAND,
    ) -> None:
        """Take the run folder and bind the socket.

        Raises:
            AlreadyRunning: if a live backend has that folder.
        """
        self._run_dir = run_dir
        self._lock = RunLock(run_dir)
        self._context = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context)
        keys, client_keys = sockets.make_keys(), sockets.make_keys()
        self._gatekeeper.allow(_DOMAIN, client_keys.public)
        socket = sockets.listen(self._context, zmq.ROUTER, keys, _DOMAIN)
        self.connection = Connection(
            sockets.endpoint_of(socket),
            keys.public,
            client_keys.public,
            client_keys.secret,
            os.getpid(),
            uuid.uuid4().hex,
            PROTOCOL_VERSION,
        )
        self._jobs = Jobs()
        workplace = Workplace(worker_command, device, threads, log_path(run_dir))
        self._seat = Seat(self._context, self._gatekeeper, self._jobs, workplace)
        self._front = Front(socket, self._jobs, self._seat, self.connection.boot_id)
        self._lifetime = Lifetime()
        # plain flags: they are set from signal handlers, where a lock could be taken twice
        self._stopping = self._starter_gone = False
        self._announced: Ready | None = None
        self._next_rounds = 0.0

    def stop(self) -> None:
        """End ``serve`` soon; may be called from any thread or signal handler."""
        self._stopping = True

    def starter_gone(self) -> None:
        """Note that the owner of this backend has ended; may be called from any thread."""
        self._starter_gone = True

    def serve(self) -> None:
        """Publish the connection file and work until told to end; leaves nothing behind."""
        try:
            publish(self.connection, self._run_dir)
            self._announce()
            while not self._over(time.monotonic()):
                self._poll()
                self._announce_worker()
        finally:
            self._close()

    def _poll(self) -> None:
        """Wait for messages or the next tick, then do everything that is due."""
        poller = zmq.Poller()
        for socket in (self._gatekeeper.socket, self._front.socket, self._seat.socket):
            if socket is not None:
                poller.register(socket, zmq.POLLIN)
        events = dict(poller.poll(_TICK_MS))
        now = time.monotonic()
        if self._gatekeeper.socket in events:
            self._gatekeeper.answer()
        if self._front.socket in events:
            self._front.receive(now)
        if self._seat.socket in events:
            self._seat.receive(now)
        self._seat.step(now)
        self._front.step()
        if now >= self._next_rounds:
            self._next_rounds = now + _ROUNDS_SECONDS
            self._front.probe(now)
            self._jobs.expire(now)

    def _over(self, now: float) -> bool:
        if self._stopping or self._front.shutdown_asked:
            return True
        if self._starter_gone:
            self._lifetime.starter_gone(now)
        if self._lifetime.settled(now):
            self._front.probe(now, quiet=0.0)
        return self._lifetime.over(now, self._front.clients)

    def _announce(self) -> None:
        _terminal.info("CLONE Normals backend %s", __version__)
        _terminal.info("  listening on  %s", self.connection.endpoint)
        _terminal.info("  keys          %s", self._run_dir / FILE_NAME)
        _terminal.info("  log           %s", log_path(self._run_dir))

    def _announce_worker(self) -> None:
        """Say once what computes, and again only if a new worker differs."""
        ready = self._seat.ready
        if ready is not None and ready != self._announced:
            self._announced = ready
            _terminal.info("  device        %s", ready.device)
            _terminal.info("  engine        %s", "; ".join((ready.engine, *ready.notes)))

    def _close(self) -> None:
        """Tell clients what becomes of their jobs, end the worker, give the folder free."""
        now = time.monotonic()
        for job in self._jobs.unfinished():
            self._jobs.cancel(job, now)
        self._front.step()
        self._seat.close()
        self._context.destroy(linger=200)  # a moment for the last words; nothing waits for ever
        self._lock.release()
        withdraw(self.connection, self._run_dir)
        _terminal.info("backend ended")
