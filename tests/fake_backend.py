"""A backend that speaks the real protocol and answers with canned results; needs no torch.

python -m tests.fake_backend --run-dir DIR [--owned]     as a process, until stdin ends
"""

import argparse
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import zmq

from shared import PROTOCOL_VERSION
from shared.connection import Connection, publish, withdraw
from shared.messages import (
    Accepted,
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Hello,
    Message,
    Ping,
    Pong,
    Progress,
    Result,
    Shutdown,
    Submit,
    Welcome,
)
from shared.transfer import WINDOW, Assembly, chunks_of, specs_of
from shared.wire import decode, encode
from tests.canned import canned_arrays, canned_preview, canned_report

Outcome = Literal["result", "fail", "hold", "mute", "deaf", "vanish", "garbage"]


@dataclass(frozen=True)
class Behaviour:
    """What the fake does; ``hold`` runs until cancelled, ``mute`` stops answering after Welcome."""

    outcome: Outcome = "result"
    protocol: int = PROTOCOL_VERSION
    published_protocol: int = PROTOCOL_VERSION
    max_pixels: int = 4096 * 4096
    determined: bool = True
    pace: float = 0.0
    """Seconds between two progress messages."""


@dataclass
class Seen:
    """What the fake received, and the arrays it answered with."""

    submits: list[Submit] = field(default_factory=list)
    arrays: list[dict[str, np.ndarray]] = field(default_factory=list)
    answers: list[dict[str, np.ndarray]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    previews: list[np.ndarray] = field(default_factory=list)
    """Sent, in order."""
    most_in_flight: int = 0


class FakeBackend:
    """Serves one client at a time from a thread of its own."""

    def __init__(
        self, run_dir: Path, behaviour: Behaviour | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.run_dir, self.seen = run_dir, Seen()
        self.context = zmq.Context()
        self._socket = self.context.socket(zmq.ROUTER)
        self._socket.linger = 0
        public, secret = zmq.curve_keypair()
        client_public, client_secret = zmq.curve_keypair()
        self._socket.curve_server = True
        self._socket.curve_publickey, self._socket.curve_secretkey = public, secret
        self._socket.ipv6 = "[" in host
        port = self._socket.bind_to_random_port(f"tcp://{host}")
        self.connection = Connection(
            endpoint=f"tcp://{host}:{port}",
            server_public_key=public.decode(),
            client_public_key=client_public.decode(),
            client_secret_key=client_secret.decode(),
            pid=1,
            boot_id=f"boot-{port}",
            protocol=self.behaviour.published_protocol,
        )
        self._stopping = threading.Event()
        self._assembly: Assembly | None = None
        self._submit: Submit | None = None
        self._to_send: list = []
        self._progress: list[Progress] = []
        self._next_progress = 0.0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "FakeBackend":
        publish(self.connection, self.run_dir)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(5.0)
        withdraw(self.connection, self.run_dir)

    def wait(self) -> None:
        """Wait until the fake ends by itself."""
        self._thread.join()

    def _serve(self) -> None:
        try:
            while not self._stopping.is_set():
                if self._socket.poll(10):
                    peer, *frames = self._socket.recv_multipart()
                    if self._handle(peer, *decode(frames)):
                        return
                if self._progress and time.monotonic() >= self._next_progress:
                    self._send_progress(self._peer, self._progress.pop(0))
                    self._next_progress = time.monotonic() + self.behaviour.pace
                    if not self._progress:
                        self._conclude(self._peer)
        finally:
            self.context.destroy(linger=100)

    def _send(self, peer: bytes, message: Message, frame: object = None) -> None:
        self._socket.send_multipart([peer, *encode(message, frame)])

    def _send_progress(self, peer: bytes, progress: Progress) -> None:
        assert self._submit is not None
        if not self._submit.settings.previews or progress.stage != "fitting":
            self._send(peer, progress)
            return
        preview = canned_preview(self.seen.arrays[-1]["picture"])
        self.seen.previews.append(preview)
        rows, columns = preview.shape[:2]
        self._send(peer, replace(progress, preview=(rows, columns)), preview.tobytes())

    def _welcome(self, peer: bytes, device: str) -> None:
        known, limit = self.behaviour.protocol, self.behaviour.max_pixels
        self._send(peer, Welcome(known, "0.1.0", self.connection.boot_id, device, limit))

    def _handle(self, peer: bytes, message: Message, frame: bytes | None) -> bool:
        """Answer one message; true ends the fake."""
        outcome = self.behaviour.outcome
        match message:
            case Hello() if outcome != "deaf":
                self._welcome(peer, "")  # nothing computes yet
            case Ping() if outcome != "mute":
                self._send(peer, Pong(self.connection.boot_id))
            case Submit():
                self._submit, self._assembly = message, Assembly(message.arrays)
                self._peer = peer
                self._welcome(peer, "fake, quick")
            case Chunk() if self._assembly is not None:
                self._assembly.add(message, frame)
                self._send(peer, Credit(message.job, 1))
                if self._assembly.complete:
                    return self._run(peer)
            case Credit():
                self._stream(peer, message.chunks)
            case Cancel():
                self.seen.cancelled.append(message.job)
                self._progress, self._to_send = [], []
                self._send(peer, Cancelled(message.job))
            case Shutdown():
                return True
        return False

    def _run(self, peer: bytes) -> bool:
        assert self._submit is not None and self._assembly is not None
        self.seen.submits.append(self._submit)
        self.seen.arrays.append(self._assembly.arrays())
        self._assembly = None
        job, outcome = self._submit.job, self.behaviour.outcome
        if outcome == "mute":
            return False
        self._send(peer, Accepted(job, 0))
        if outcome == "vanish":
            return True
        if outcome == "garbage":
            self._socket.send_multipart([peer, b"\x93not a message"])
            return False
        steps = ("encoding", "fitting", "fitting", "fitting", "fusing")
        self._progress = [
            Progress(job, stage, index / len(steps), (len(steps) - index) * self.behaviour.pace)
            for index, stage in enumerate(steps)
        ]
        return False

    def _conclude(self, peer: bytes) -> None:
        assert self._submit is not None
        job = self._submit.job
        if self.behaviour.outcome == "fail":
            self._send(peer, Failed(job, "out_of_memory", "There is too little memory.", "Wait."))
        if self.behaviour.outcome != "result":
            return
        answer = canned_arrays(self.seen.arrays[-1]["picture"], self._submit.settings)
        self.seen.answers.append(answer)
        report = canned_report(len(answer["means"]), self.behaviour.determined)
        self._send(peer, Result(job, report, specs_of(answer)))
        self._to_send = list(chunks_of(job, answer))
        self._stream(peer, WINDOW)

    def _stream(self, peer: bytes, credit: int) -> None:
        for _ in range(min(credit, len(self._to_send))):
            self._send(peer, *self._to_send.pop(0))


def main() -> None:
    """Serve until standard input ends, or until asked to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--owned", action="store_true")
    parser.add_argument("--pace", type=float, default=0.0)
    options = parser.parse_args()
    with FakeBackend(options.run_dir, Behaviour(pace=options.pace)) as fake:
        sys.stdout.write(f"listening on {fake.connection.endpoint}\n")
        if options.owned:
            sys.stdin.read()
        else:
            fake.wait()


if __name__ == "__main__":
    main()
