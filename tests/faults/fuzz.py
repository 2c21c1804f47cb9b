"""Messages that nearly are some: valid ones with bytes flipped, frames cut and swapped, noise."""

import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import zmq

from backend.server.client import Client, connect
from shared import PROTOCOL_VERSION, messages
from shared.settings import EstimateSettings
from shared.transfer import specs_of
from shared.wire import encode
from tests.server_tools import SMALL, job, until, wait_until

from .backend import backend
from .row import Row, exactly, row
from .watch import ping_once, watching

Frames = list[bytes]

_NO_BEHAVIOUR = 2**40  # the stand-in engine echoes; one flipped byte makes none of its crashes
_PICTURE = SMALL["picture"].tobytes()
_DRAIN_EVERY = 50
_GONE_MS = 10_000  # a broker that takes nothing for so long has ended
_PER_JOB = 500  # messages about one job: once it has failed it takes no more chunks


def fuzz(count: int, folder: Path) -> Row:
    """Send ``count`` messages of a seeded generator as a client that was let in."""
    with backend(folder) as served, served.ready() as good:
        with watching(served) as watch, connect(served.run_dir) as fuzzer:
            flood(fuzzer, generated(count, seed=3))
            same = until(fuzzer, messages.Welcome, 60.0).boot_id == good.welcome.boot_id
        wait_until(lambda: good.status().worker == "idle", 60.0)
        wait_until(lambda: not any(_unfinished(line) for line in good.status().jobs))
        answer = ping_once(served)
        good.run(job(), SMALL)
    checks = (exactly("broker crashes", int(not same), 0), *watch.checks())
    aside = f"{watch.aside()}; afterwards {answer * 1e3:.0f} ms, and a job went through"
    return row("Fuzzed messages", f"{count:,} from an authenticated client", checks, aside)


def flood(client: Client, multiparts: Iterator[Frames]) -> None:
    """Send as fast as the other side takes it, and read what it answers; ends with a Hello.

    Raises:
        zmq.Again: when the other side is gone.
    """
    socket = client._socket
    socket.sndtimeo = _GONE_MS
    for index, frames in enumerate(multiparts):
        socket.send_multipart(frames)
        if index % _DRAIN_EVERY == 0:
            while socket.poll(0):
                socket.recv_multipart(zmq.DONTWAIT)
    while socket.poll(200):
        socket.recv_multipart()
    client.send(messages.Hello(PROTOCOL_VERSION, "fuzzer"))


def generated(count: int, seed: int) -> Iterator[Frames]:
    """Generate messages; the same seed makes the same ones."""
    dice = random.Random(seed)
    valid: list[Frames] = []
    for index in range(count):
        if index % _PER_JOB == 0:
            valid = _valid(uuid.UUID(int=dice.getrandbits(128)).hex)
        yield dice.choice(_MUTATIONS)(dice, dice.choice(valid))


def _valid(job_id: str) -> list[Frames]:
    """List what a client may say of a job; all but Shutdown, which is no fault."""
    settings = EstimateSettings(seed=_NO_BEHAVIOUR)
    chunk = encode(messages.Chunk(job_id, 0, 0), _PICTURE)
    others = (
        messages.Submit(job_id, settings, "srgb", specs_of(SMALL)),
        messages.Hello(PROTOCOL_VERSION, "fuzzer"),
        messages.Credit(job_id, 1),
        messages.Cancel(job_id),
        messages.Fetch(job_id),
        messages.Ping(),
        messages.StatusRequest(),
    )
    return [chunk, chunk, *map(encode, others)]


def _unchanged(_: random.Random, frames: Frames) -> Frames:
    return frames


def _flip(dice: random.Random, frames: Frames) -> Frames:
    which = dice.randrange(len(frames))
    flipped = bytearray(frames[which])
    for _ in range(dice.randrange(1, 4)):
        flipped[dice.randrange(len(flipped))] = dice.randrange(256)
    return [*frames[:which], bytes(flipped), *frames[which + 1 :]]


def _truncate(dice: random.Random, frames: Frames) -> Frames:
    which = dice.randrange(len(frames))
    return [*frames[:which], frames[which][: dice.randrange(len(frames[which]))]]


def _swap(dice: random.Random, frames: Frames) -> Frames:
    extra = [dice.randbytes(dice.randrange(40)) for _ in range(dice.randrange(3))]
    return dice.sample([*frames, *extra], len(frames) + len(extra))


def _random_bytes(dice: random.Random, _: Frames) -> Frames:
    return [dice.randbytes(dice.randrange(200)) for _ in range(dice.randrange(1, 5))]


def _random_msgpack(dice: random.Random, frames: Frames) -> Frames:
    """Put any value in the place of one field, or of all."""
    fields = msgpack.unpackb(frames[0])
    name = dice.choice(list(fields))
    anything = {**fields, name: _value(dice, 3)}
    return [msgpack.packb(anything if dice.random() < 0.8 else _value(dice, 3)), *frames[1:]]


def _bomb(dice: random.Random, _: Frames) -> Frames:
    """Claim far more than follows, or nest without end."""
    claim = dice.choice([b"\xdd", b"\xdf", b"\xc6", b"\xdb", b"\xc9"]) + b"\xff\xff\xff\xff"
    nested = dice.choice([b"\x91", b"\x81"]) * dice.randrange(1, 5000)
    return [dice.choice([claim, nested, b"\xdc\xff\xff" + b"\xc0" * 0xFFFF])]


_MUTATIONS: tuple[Callable[[random.Random, Frames], Frames], ...] = (
    _unchanged,
    _flip,
    _flip,
    _truncate,
    _swap,
    _random_bytes,
    _random_msgpack,
    _random_msgpack,
    _bomb,
)


def _value(dice: random.Random, depth: int) -> object:
    leaves = (None, True, -1, 0, 2**63 - 1, 1e308, float("nan"), "", "a" * 70, b"\xff" * 9, "é")
    if depth == 0 or dice.random() < 0.5:
        return dice.choice(leaves)
    values = [_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    return values if dice.random() < 0.5 else {str(i): each for i, each in enumerate(values)}


def _unfinished(line: messages.JobStatus) -> bool:
    return line.state in {"receiving", "queued", "running"}
