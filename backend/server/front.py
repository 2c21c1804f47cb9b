"""The side of the broker that clients see: who is connected, what they ask, what they are sent."""

import logging
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import zmq

from backend import __version__
from shared import PROTOCOL_VERSION
from shared.messages import (
    Cancel,
    Chunk,
    Credit,
    Failed,
    Fetch,
    Hello,
    Message,
    Ping,
    Pong,
    Result,
    Shutdown,
    Status,
    StatusRequest,
    Submit,
    Welcome,
)
from shared.transfer import MAX_PIXELS
from shared.wire import Buffer, WireError, decode, encode

from .admission import failed
from .jobs import Jobs, Key
from .memory import backend_bytes
from .outgoing import Outgoing
from .seat import Seat
from .settings import SILENT_SECONDS

_log = logging.getLogger(__name__)
_TURN = 64  # messages taken before somebody else gets a turn
_QUIET_SECONDS = 2.0  # a peer this quiet is sent a sign of life, which shows whether it is there


@dataclass(frozen=True)
class Peer:
    """A connection that has said Hello; ``owner`` is its CURVE key."""

    owner: str
    name: str
    heard: float


class Front:
    """Answer clients and send them what happens to their jobs; times are monotonic seconds."""

    def __init__(
        self,
        socket: zmq.Socket,
        jobs: Jobs,
        seats: Sequence[Seat],
        boot_id: str,
        local_owner: str,
    ) -> None:
        self._socket = socket
        self.shutdown_asked, self._announced = False, ""
        self._jobs = jobs
        self._seats = seats
        self._boot_id = boot_id
        self._local_owner = local_owner
        self._started = time.monotonic()
        self._peers: dict[bytes, Peer] = {}
        self._sending: dict[Key, tuple[bytes, Outgoing]] = {}
        self._dismissed: set[str] = set()

    @property
    def clients(self) -> int:
        """How many clients are connected, as far as is known; ``probe`` makes it certain."""
        return len(self._peers)

    def receive(self, now: float) -> None:
        """Take what clients have sent."""
        for _ in range(_TURN):
            try:
                route, *frames = self._socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            peer, owner = route.bytes, frames[-1].get("User-Id") if frames else ""
            try:
                message, frame = decode([part.buffer for part in frames])
            except WireError as error:
                _log.warning("undecodable message: %s", error)
                self._send(peer, failed("", "bad_request", f"Not understood: {error}."))
                continue
            try:
                self._take(peer, str(owner), message, frame, now)
            except Exception:  # noqa: BLE001  one client's message must not end the service of all
                _log.exception("%s could not be served", type(message).__name__)
                job = getattr(message, "job", "")
                self._send(peer, failed(job, "internal", "The backend could not serve this."))

    def step(self) -> None:
        """Send the news of workers and jobs, and go on with results that waited for room."""
        if self._announced != (device := self._device()):
            self._announced = device
            for route in list(self._peers) if device else ():
                self._send(route, self._welcome())
        for news in self._jobs.take_news():
            self._send(news.job.peer, news.message, news.frame)
            if isinstance(news.message, Result):
                outgoing = Outgoing(news.job.id, news.job.results)
                self._sending[news.job.key] = news.job.peer, outgoing
            elif news.job.over:
                self._sending.pop(news.job.key, None)
        for key in list(self._sending):
            self._pump(key)

    def probe(self, now: float, quiet: float | None = None) -> None:
        """Find out which of the quiet clients are still connected, and give up the silent ones."""
        quiet = _QUIET_SECONDS if quiet is None else quiet
        for route, peer in list(self._peers.items()):
            if now - peer.heard > SILENT_SECONDS and any(self._jobs.unfinished(route)):
                _log.warning("%s has been silent for %.0f s", peer.name, now - peer.heard)
                self._lose(route)
            elif now - peer.heard > quiet:
                self._send(route, Pong(self._boot_id))

    def dismiss(self, owner: str) -> None:
        """Serve an owner whose key was taken back no more; connections that are open stay so."""
        self._dismissed.add(owner)
        for route, peer in list(self._peers.items()):
            if peer.owner == owner:
                self._send(route, _dismissal())
                self._lose(route)

    def _take(
        self, peer: bytes, owner: str, message: Message, frame: Buffer | None, now: float
    ) -> None:
        if owner in self._dismissed:
            self._send(peer, _dismissal())
        elif isinstance(message, Hello):
            self._greet(peer, owner, message, now)
        elif peer not in self._peers:
            reason = "The first message of a connection must be Hello."
            job = getattr(message, "job", "")
            self._send(peer, failed(job, "bad_request", reason, "Connect again.", retryable=True))
        else:
            self._peers[peer] = replace(self._peers[peer], heard=now)
            self._serve(peer, owner, message, frame, now)

    def _greet(self, peer: bytes, owner: str, hello: Hello, now: float) -> None:
        if hello.protocol != PROTOCOL_VERSION:
            self._send(peer, _version_failure(hello))
            return
        _log.info("%s connected", hello.peer[:64])
        self._peers[peer] = Peer(owner, hello.peer[:64], now)
        self._send(peer, self._welcome())

    def _serve(
        self, peer: bytes, owner: str, message: Message, frame: Buffer | None, now: float
    ) -> None:
        match message:
            case Ping():
                self._send(peer, Pong(self._boot_id))
            case Submit():
                self._submit(peer, owner, message)
            case Chunk():
                self._store(peer, owner, message, frame, now)
            case Credit(job=job, chunks=chunks):
                self._grant(peer, (owner, job), chunks)
            case Cancel(job=job):
                self._cancel(peer, owner, job, now)
            case Fetch(job=job):
                self._fetch(peer, owner, job)
            case StatusRequest():
                self._send(peer, self._status(owner, now))
            case Shutdown():
                self._shut_down(peer, owner)
            case _:
                reason = f"{type(message).__name__} is not for clients to send."
                self._send(peer, failed("", "bad_request", reason))

    def _shut_down(self, peer: bytes, owner: str) -> None:
        """End for whoever runs this machine, not for guests from the network."""
        _log.info("%s asks to end", self._peers[peer].name)
        if owner == self._local_owner:
            self.shutdown_asked = True
        else:
            reason = "Only somebody on the backend's own machine can end it."
            self._send(peer, failed("", "bad_request", reason))

    def _submit(self, peer: bytes, owner: str, submit: Submit) -> None:
        if refused := self._jobs.submit(submit, owner, peer):
            _log.info("job=%s refused: %s", submit.job[:64], refused.code)
            self._send(peer, refused)

    def _store(
        self, peer: bytes, owner: str, chunk: Chunk, frame: Buffer | None, now: float
    ) -> None:
        job = self._jobs.find(chunk.job, owner)
        if job is None or job.state != "receiving" or job.inputs is None or job.peer != peer:
            return  # of a job that was refused, cancelled or known: a window of them may come late
        try:
            job.inputs.add(chunk, frame)
        except WireError as error:
            reason = failed(job.id, "bad_request", f"The picture arrived broken: {error}.")
            self._jobs.fail(job, reason, now)
            return
        self._send(peer, Credit(job.id, 1))
        if job.inputs.complete:
            self._jobs.enqueue(job)

    def _grant(self, peer: bytes, key: Key, chunks: int) -> None:
        route, outgoing = self._sending.get(key, (None, None))
        if outgoing is not None and route == peer:
            outgoing.grant(chunks)
            self._pump(key)

    def _cancel(self, peer: bytes, owner: str, name: str, now: float) -> None:
        job = self._jobs.find(name, owner)
        if job is None:
            self._send(peer, _unknown(name))
            return
        _log.info("job=%s cancelled while %s", job.id, job.state)
        job.peer = peer  # whoever cancels hears that it is done
        self._jobs.cancel(job, now)

    def _fetch(self, peer: bytes, owner: str, name: str) -> None:
        job = self._jobs.find(name, owner)
        if job is None or job.state == "receiving":
            self._send(peer, _unknown(name))
        else:
            self._jobs.resume(job, peer)

    def _status(self, owner: str, now: float) -> Status:
        return Status(
            version=__version__,
            boot_id=self._boot_id,
            device=self._device() or "starting",
            uptime_seconds=now - self._started,
            worker="; ".join(seat.state for seat in self._seats),
            jobs=self._jobs.statuses(owner),
            waiting=self._jobs.waiting,
            clients=self.clients,
            memory_bytes=backend_bytes(),
            versions=f"protocol {PROTOCOL_VERSION}, Python {platform.python_version()}, "
            f"ZeroMQ {zmq.zmq_version()}",
        )

    def _welcome(self) -> Welcome:
        return Welcome(PROTOCOL_VERSION, __version__, self._boot_id, self._device(), MAX_PIXELS)

    def _device(self) -> str:
        known = [seat.ready for seat in self._seats if seat.ready]
        return "; ".join(f"{ready.device}, {ready.engine}" for ready in known)

    def _pump(self, key: Key) -> None:
        route, outgoing = self._sending[key]
        outgoing.pump(lambda chunk, frame: self._send(route, chunk, frame))
        if outgoing.finished or route not in self._peers:
            self._sending.pop(key, None)

    def _send(self, peer: bytes, message: Message, frame: Buffer | None = None) -> bool:
        try:
            self._socket.send_multipart([peer, *encode(message, frame)], zmq.DONTWAIT, copy=False)
        except zmq.Again:
            if frame is None:
                _log.warning("a client does not read; %s is dropped", type(message).__name__)
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._lose(peer)
            return False
        return True

    def _lose(self, route: bytes) -> None:
        peer = self._peers.pop(route, None)
        if peer is not None:
            _log.info("%s has gone", peer.name)
            self._jobs.abandon(route, time.monotonic())


def _version_failure(hello: Hello) -> Failed:
    theirs, ours = hello.protocol, PROTOCOL_VERSION
    old = "add-on" if theirs < ours else "backend"
    message = f"The add-on speaks protocol {theirs} and the backend {ours}: update the {old}."
    return failed("", "version", message, f"Update the {old}, then connect again.")


def _dismissal() -> Failed:
    advice = "Ask whoever looks after it for a new one."
    return failed("", "bad_request", "Your key for this backend was taken back.", advice)


def _unknown(job: str) -> Failed:
    message = "The backend does not know this job (any more)."
    return failed(job, "unknown_job", message, "Start it again.", retryable=True)
