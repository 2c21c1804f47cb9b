"""Uploads that are not what was declared: too little, too much, out of order, far too big."""

import uuid
from pathlib import Path

import zmq

from backend.server.client import Client, connect
from shared.messages import ArraySpec, Chunk, Failed, Fetch, Submit
from shared.settings import EstimateSettings
from shared.wire import MAX_FRAME_BYTES, Buffer, encode
from tests.server_tools import SMALL, job, until, wait_until

from .backend import Backend, backend
from .row import Row, exactly, row
from .watch import watching

_DECLARED = (ArraySpec("picture", "float32", (4096, 4096, 4)),)  # 256 MiB, of which little comes
_NBYTES = 4096 * 4096 * 4 * 4
_TINY = (ArraySpec("picture", "uint8", (2, 4, 3)),)
Pieces = tuple[tuple[int, int, Buffer | None], ...]  # index of the array, offset, bytes

BROKEN: dict[str, tuple[tuple[ArraySpec, ...], Pieces]] = {
    "too long": (_TINY, ((0, 0, bytes(25)),)),
    "too long at the end": (_TINY, ((0, 0, bytes(23)), (0, 23, bytes(2)))),
    "out of order": (_DECLARED, ((0, 4096, bytes(4096)),)),
    "twice": (_DECLARED, ((0, 0, bytes(4096)), (0, 0, bytes(4096)))),
    "behind the end": (_DECLARED, ((0, _NBYTES, bytes(1)),)),
    "before the start": (_DECLARED, ((0, -1, bytes(4096)),)),
    "of no array": (_DECLARED, ((7, 0, bytes(4096)),)),
    "without bytes": (_DECLARED, ((0, 0, None),)),
    "empty": (_DECLARED, ((0, 0, b""),)),
}


def broken_uploads(count: int, folder: Path) -> Row:
    """Break uploads in every way, ``count`` times each; then one that stops, and one too big."""
    named = 0
    with backend(folder) as served, served.ready() as client:
        with watching(served) as watch:
            for specs, pieces in list(BROKEN.values()) * count:
                named += _failure(client, specs, pieces) == "bad_request"
            forgotten = sum(_stops_short(served, client) for _ in range(count))
            cut_off = sum(_too_big(served) for _ in range(count))
        client.run(job(), SMALL)
    checks = (
        exactly("named errors", named, len(BROKEN) * count),
        exactly("short uploads forgotten", forgotten, count),
        exactly("frames over the limit cut off", cut_off, count),
        *watch.checks(),
    )
    injected = f"{', '.join(BROKEN)}, stopped short, a frame too large: {count} times each"
    return row("Broken uploads", injected, checks, watch.aside())


def _failure(client: Client, specs: tuple[ArraySpec, ...], pieces: Pieces) -> str:
    name = _send(client, specs, pieces)
    failed = until(client, Failed)
    return failed.code if failed.job == name else f"{failed.code} of another job"


def _send(client: Client, specs: tuple[ArraySpec, ...], pieces: Pieces) -> str:
    submit = Submit(uuid.uuid4().hex, EstimateSettings(), "srgb", specs)
    client.send(submit)
    for index, offset, frame in pieces:
        client.send(Chunk(submit.job, index, offset), frame)
    return submit.job


def _stops_short(served: Backend, other: Client) -> bool:
    """Leave in the middle of an upload: the broker keeps nothing of it, and says so."""
    with connect(served.run_dir) as leaver:
        name = _send(leaver, _DECLARED, ((0, 0, bytes(4096)),))
        wait_until(lambda: name in _known(other))
    wait_until(lambda: name not in _known(other))
    other.send(Fetch(name))
    return until(other, Failed).code == "unknown_job"


def _too_big(served: Backend) -> bool:
    """Send a frame that no peer may send: it is not taken in, the connection ends."""
    with connect(served.run_dir) as client:
        monitor = client._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        client._socket.send_multipart(encode(Chunk("any", 0, 0), bytes(2 * MAX_FRAME_BYTES)))
        disconnected = bool(monitor.poll(5000))
        client._socket.disable_monitor()
        return disconnected


def _known(client: Client) -> set[str]:
    return {line.job for line in client.status().jobs}
