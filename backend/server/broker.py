"""The broker: one loop over the sockets of clients, worker and gatekeeper. It never loads torch.

It only passes bytes on and keeps the books, so it answers within milliseconds whatever happens to
a worker: cancel, crash, hang and a full memory are ordinary events here.
"""

import errno
import logging
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import zmq

from backend import __version__
from shared import PROTOCOL_VERSION
from shared.connection import FILE_NAME, Connection, publish, withdraw
from shared.messages import Ready

from . import sockets
from .devices import devices
from .front import Front
from .gatekeeper import Gatekeeper
from .jobs import Jobs
from .keys import artists, server_keys
from .lifetime import Lifetime
from .link import Workplace
from .lock import RunLock
from .log import TERMINAL, log_path
from .process import WORKER_COMMAND
from .seat import Seat
from .settings import Device

_log = logging.getLogger(__name__)
_terminal = logging.getLogger(TERMINAL)
_DOMAIN = "client"
_TICK_MS = 50  # how late the end of a worker process or a stop may be noticed
_ROUNDS_SECONDS = 1.0  # how often connections and kept results are looked through


class NotPublished(OSError):
    """The connection file cannot be written; the error names it."""


class NoNetwork(Exception):
    """The network address cannot be listened on; the text says why, and what to do."""


@dataclass(frozen=True)
class Service:
    """What a broker is to serve."""

    run_dir: Path
    device: Device = "auto"
    threads: int = 0
    worker_command: tuple[str, ...] = WORKER_COMMAND
    spare: bool = False
    lan: str = ""
    """ZeroMQ endpoint of a network to serve besides loopback; empty for none."""


class Broker:
    """A backend in one run folder: made, then ``serve`` until ``stop``."""

    def __init__(self, service: Service) -> None:
        """Take the run folder and bind the socket.

        Raises:
            AlreadyRunning: if a live backend has that folder.
            OSError: if the folder cannot be used.
            NoNetwork: if the network address cannot be used.
        """
        run_dir = self._run_dir = service.run_dir
        self._lan = service.lan
        self._lock = RunLock(run_dir)
        self._context = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context)
        keys = server_keys(run_dir) if service.lan else sockets.make_keys()
        local_keys = sockets.make_keys()
        self._gatekeeper.allow(_DOMAIN, local_keys.public)
        self._artists: dict[str, str] = {}
        self._socket = sockets.listen(self._context, zmq.ROUTER, keys, _DOMAIN)
        self.connection = Connection(
            sockets.endpoint_of(self._socket),
            keys.public,
            local_keys.public,
            local_keys.secret,
            os.getpid(),
            uuid.uuid4().hex,
            PROTOCOL_VERSION,
        )
        self._jobs = Jobs()
        self._seats = [
            Seat(self._context, self._gatekeeper, self._jobs, workplace)
            for workplace in _workplaces(service)
        ]
        self._front = Front(
            self._socket, self._jobs, self._seats, self.connection.boot_id, local_keys.public
        )
        self._lifetime = Lifetime()
        # plain flags: they are set from signal handlers, where a lock could be taken twice
        self._stopping = self._starter_gone = False
        self._announced: list[Ready] = []
        self._next_rounds = 0.0
        if service.lan:
            self._open_network()

    def stop(self) -> None:
        """End ``serve`` soon; may be called from any thread or signal handler."""
        self._stopping = True

    def starter_gone(self) -> None:
        """Note that the owner of this backend has ended; may be called from any thread."""
        self._starter_gone = True

    def serve(self) -> None:
        """Publish the connection file and work until told to end; leaves nothing behind.

        Raises:
            NotPublished: if the file cannot be written.
        """
        try:
            self._publish()
            self._announce()
            while not self._over(time.monotonic()):
                self._poll()
                self._announce_worker()
        finally:
            self._close()

    def _publish(self) -> None:
        try:
            publish(self.connection, self._run_dir)
        except OSError as error:  # it names the file that was to be renamed
            path = str(self._run_dir / FILE_NAME)
            raise NotPublished(error.errno, error.strerror, path) from error

    def _poll(self) -> None:
        """Wait for messages or the next tick, then do everything that is due."""
        poller = zmq.Poller()
        links = [(seat, link) for seat in self._seats for link in seat.links]
        worker_sockets = (link.socket for _, link in links)
        for socket in (self._gatekeeper.socket, self._socket, *worker_sockets):
            poller.register(socket, zmq.POLLIN)
        events = dict(poller.poll(_TICK_MS))
        now = time.monotonic()
        if self._gatekeeper.socket in events:
            self._gatekeeper.answer()
        if self._socket in events:
            self._front.receive(now)
        for seat, link in links:
            if link.socket in events:
                seat.receive(link, now)
        for seat in self._seats:
            seat.step(now)
        if all(seat.gave_up for seat in self._seats):
            self._seats[0].refuse_all(now)
        self._front.step()
        if now >= self._next_rounds:
            self._next_rounds = now + _ROUNDS_SECONDS
            self._go_round(now)

    def _go_round(self, now: float) -> None:
        """Look through connections, kept results and keys."""
        if self._lan:
            self._read_artists()
        self._front.probe(now)
        self._jobs.expire(now)

    def _open_network(self) -> None:
        self._read_artists()
        try:
            self._socket.bind(self._lan)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            self._lock.release()
            raise NoNetwork(_no_network(self._lan, error)) from error

    def _read_artists(self) -> None:
        """Let in whoever has got a key, and put out whoever has lost it."""
        present = artists(self._run_dir, self._artists)
        allowed, before = set(present.values()), set(self._artists.values())
        for key in allowed - before:
            self._gatekeeper.allow(_DOMAIN, key)
        for key in before - allowed:
            self._gatekeeper.revoke(_DOMAIN, key)
            self._front.dismiss(key)
        self._artists = present

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
        if self._lan:
            _terminal.info("  network       %s, %d keys", self._lan, len(self._artists))
        _terminal.info("  keys          %s", self._run_dir / FILE_NAME)
        _terminal.info("  log           %s", log_path(self._run_dir))

    def _announce_worker(self) -> None:
        """Say once what computes, and again only if a new worker differs."""
        for seat in self._seats:
            if seat.ready is not None and seat.ready not in self._announced:
                self._announced.append(seat.ready)
                _terminal.info("  device        %s", seat.ready.device)
                words = (seat.ready.engine, *seat.ready.notes)
                _terminal.info("  engine        %s", "; ".join(words))

    def _close(self) -> None:
        """Tell clients what becomes of their jobs, end the worker, give the folder free."""
        now = time.monotonic()
        for job in self._jobs.unfinished():
            self._jobs.cancel(job, now)
        self._front.step()
        for seat in self._seats:
            seat.close()
        self._context.destroy(linger=200)  # a moment for the last words; nothing waits for ever
        self._lock.release()
        withdraw(self.connection, self._run_dir)
        _terminal.info("backend ended")


def _no_network(lan: str, error: zmq.ZMQError) -> str:
    """Say why a network address cannot be listened on, and what to do."""
    address = lan.removeprefix("tcp://")
    host, _, port = address.rpartition(":")
    assert error.errno is not None
    match error.errno:
        case zmq.EADDRINUSE:
            advice = "End it, or choose another port; artists' keys name the port too."
            return f"Another program listens at {address}. {advice}"
        case zmq.EADDRNOTAVAIL | errno.ENODEV:  # the latter for names, also of other machines
            advice = f"Serve every network it is on with --lan 0.0.0.0:{port}"
            return f"This machine has no address {host}. {advice}"
        case errno.EACCES:
            return f"You may not listen at port {port}. Choose one from 1024 on."
    advice = "See that --lan names an address of this machine."
    return f"{address} cannot be used: {zmq.strerror(error.errno)}. {advice}"


def _workplaces(service: Service) -> list[Workplace]:
    """Return one workplace for each device."""
    return [
        Workplace(
            service.worker_command,
            device,
            service.threads,
            log_path(service.run_dir),
            service.spare,
        )
        for device in devices(service.device)
    ]
