"""Backends for tests: real sockets on loopback, real worker processes, everything ended after."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from backend.server import sockets
from backend.server.broker import Broker, Service
from backend.server.client import Client, connect
from shared.connection import Connection, find
from shared.messages import Message, Submit
from shared.settings import EstimateSettings
from shared.transfer import chunks_of, specs_of

from .server_backend import WORKER
from .server_worker import ECHO

SMALL = {"picture": np.arange(24, dtype=np.uint8).reshape(2, 4, 3)}


@contextmanager
def running(run_dir: Path, command: tuple[str, ...] = WORKER, **service) -> Iterator[Broker]:
    """Run a broker on a thread of this process."""
    broker = Broker(Service(run_dir, "cpu", 1, command, **service))
    thread = threading.Thread(target=broker.serve, daemon=True)
    thread.start()
    try:
        wait_until(lambda: find(run_dir) == broker.connection)
        yield broker
    finally:
        broker.stop()
        thread.join(10.0)
        assert not thread.is_alive(), "the broker does not end"


def job(seed: int = ECHO, arrays: Mapping[str, np.ndarray] = SMALL, steps: int = 3000) -> Submit:
    """Make a request with a fresh id; ``seed`` says how the stand-in engine behaves."""
    settings = EstimateSettings(seed=seed, steps=steps)
    return Submit(uuid.uuid4().hex, settings, "srgb", specs_of(arrays))


def start(client: Client, submit: Submit) -> None:
    """Send a small job and wait until it runs."""
    client.send(submit)
    send_chunks(client, submit)
    wait_until(lambda: client.status().worker == f"running {submit.job}")


def send_chunks(client: Client, submit: Submit, arrays: Mapping[str, np.ndarray] = SMALL) -> None:
    """Send all chunks of a job that fits into a window."""
    for chunk, frame in chunks_of(submit.job, arrays):
        client.send(chunk, frame)


def until(client: Client, kind: type[Message], seconds: float = 10.0) -> Message:
    """Receive until a message of one kind comes."""
    deadline = time.monotonic() + seconds
    while True:
        message, _ = client.receive(deadline - time.monotonic())
        if isinstance(message, kind):
            return message


def wait_until(condition: Callable[[], bool], seconds: float = 15.0) -> float:
    """Wait for a condition; returns the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.01)
    return time.monotonic() - began


def stranger(connection: Connection) -> Client:
    """Connect with a key that nobody allowed."""
    keys = sockets.make_keys()
    theirs = {"client_public_key": keys.public, "client_secret_key": keys.secret}
    return Client(Connection(**{**vars(connection), **theirs}), seconds=1.0)


def silent_client(connection: Connection) -> Client:
    """Connect without saying Hello."""
    with patch.object(Client, "send"), patch.object(Client, "_answer"):
        return Client(connection)


def ready(run_dir: Path, seconds: float = 15.0) -> Client:
    """Connect, and wait until the worker can take a job."""
    client = connect(run_dir)
    wait_until(lambda: client.status().worker == "idle", seconds)
    return client


def marked_processes(marker: str) -> list[int]:
    """List processes that were started with a certain text in their environment (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
