"""Time a 40 MB result on loopback between two processes: ``python -m benchmarks.wire``.

The clock runs from the question until all bytes lie in place, in memory made for them; only the
kernel socket's memory is there already. The ways take turns, so that the load meets them alike.
The broker's worker echoes the picture: once only the result it has kept, once there and back.
"""

import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import msgpack
import numpy as np
import tyro
import zmq

from backend.server import sockets
from shared.connection import find
from shared.messages import Chunk, Credit, Fetch, Result
from shared.transfer import CHUNK_BYTES, WINDOW, Assembly
from tests.server_tools import job, ready, wait_until

from .wire_sender import PICTURE, Keys, hear, say, send_framed, send_plainly, sender

GIGABYTES = PICTURE.nbytes / 1e9
WARM_UP, BASELINE = 2, "kernel socket, sendall to recv_into"
Receive = Callable[[], np.ndarray]


def main(runs: int = 15) -> None:
    """Time a 40 MB result on loopback between two processes.

    Args:
        runs: How often each way is timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(way()) for name, way in WAYS.items()}
        for _ in range(WARM_UP + runs):
            for name, receive in receivers.items():
                start = time.perf_counter()
                received = receive()
                seconds[name].append(time.perf_counter() - start)
                assert np.array_equal(received, PICTURE), f"{name}: the bytes have changed"
    sys.stdout.write(table({name: times[WARM_UP:] for name, times in seconds.items()}))


def table(seconds: dict[str, list[float]]) -> str:
    """Return the Markdown table; it says how busy the machine was meanwhile."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    rows = [
        f"{GIGABYTES * 1e3:.0f} MB on loopback, {len(seconds[BASELINE])} runs on {cores} core(s) "
        f"at load {load:.1f}; chunks of {CHUNK_BYTES / 2**20:g} MiB, a window of {WINDOW}\n",
        "| way | best GB/s | median GB/s | best ms | best : kernel | median : kernel |",
        "|---|---|---|---|---|---|",
    ]
    kernel, usual = min(seconds[BASELINE]), statistics.median(seconds[BASELINE])
    for name, times in seconds.items():
        best, median = min(times), statistics.median(times)
        speeds = f"{GIGABYTES / best:.2f} | {GIGABYTES / median:.2f} | {best * 1e3:.1f}"
        rows.append(f"| {name} | {speeds} | {kernel / best:.2f} | {usual / median:.2f} |")
    return "\n".join(rows) + "\n"


@contextmanager
def kernel_socket() -> Iterator[Receive]:
    """Receive with nothing between the kernel and the array."""
    target = np.zeros_like(PICTURE)

    def receive() -> np.ndarray:
        connection.sendall(b"?")
        left = target.data.cast("B")
        while left:
            left = left[connection.recv_into(left) :]
        return target

    with sender(send_plainly) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        yield receive


@contextmanager
def zeromq(receive: Callable[[zmq.Socket], np.ndarray], curve: bool = False) -> Iterator[Receive]:
    """Ask over a connection that is made as the service makes its own, or over a plain one."""
    keys: Keys = (sockets.make_keys(), sockets.make_keys()) if curve else None
    with sender(send_framed, keys) as port, zmq.Context() as context:
        endpoint = f"tcp://127.0.0.1:{port}"
        if keys:
            channel = sockets.dial(context, endpoint, keys[0].public, keys[1])
        else:
            channel = context.socket(zmq.DEALER)
            channel.connect(endpoint)
        with channel:
            yield partial(receive, channel)


def receive_chunks(channel: zmq.Socket) -> np.ndarray:
    """Receive as the client does."""
    say(channel, Fetch("chunks"))
    assembly = Assembly(())
    while not assembly.specs or not assembly.complete:
        message, frame = hear(channel)
        if isinstance(message, Result):
            assembly = Assembly(message.arrays)
        elif isinstance(message, Chunk):
            assembly.add(message, frame)
            say(channel, Credit(message.job, 1))
    return assembly.arrays()["picture"]


def receive_inline(channel: zmq.Socket) -> np.ndarray:
    say(channel, Fetch("inline"))
    fields = msgpack.unpackb(channel.recv(copy=False).buffer)
    return np.frombuffer(fields["picture"], np.float32).reshape(PICTURE.shape)


@contextmanager
def service(download_alone: bool) -> Iterator[Receive]:
    """Go through a broker and its worker, processes of their own."""
    arrays = {"picture": PICTURE}
    kept = job(arrays=arrays)

    def receive() -> np.ndarray:
        request = job(arrays=arrays)
        done = client.fetch(kept.job) if download_alone else client.run(request, arrays)
        return done.arrays["picture"]

    command = [sys.executable, "-m", "tests.server_backend", "--owned", "--run-dir"]
    with tempfile.TemporaryDirectory() as folder:
        with Popen([*command, folder], stdin=PIPE, stdout=DEVNULL):
            wait_until(lambda: find(Path(folder)) is not None)
            with ready(Path(folder)) as client:
                client.run(kept, arrays)
                yield receive


WAYS: dict[str, Callable[[], AbstractContextManager[Receive]]] = {
    BASELINE: kernel_socket,
    "our framing": partial(zeromq, receive_chunks),
    "our framing, CURVE and ZAP": partial(zeromq, receive_chunks, True),
    "broker, download alone": partial(service, True),
    "broker and worker, there and back": partial(service, False),
    "inline msgpack": partial(zeromq, receive_inline),
}

if __name__ == "__main__":
    tyro.cli(main)
