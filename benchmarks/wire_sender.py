"""The other end of ``benchmarks.wire``: a process that sends the picture whenever it is asked."""

import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe

import msgpack
import numpy as np
import zmq

from backend.server import sockets
from backend.server.gatekeeper import Gatekeeper
from backend.server.outgoing import Outgoing
from shared.messages import Credit, Fetch, Message, Result
from shared.transfer import specs_of
from shared.wire import Buffer, decode, encode
from tests.server_worker import REPORT

PICTURE = np.random.default_rng(0).random((1250, 2000, 4), np.float32)
DOMAIN = "benchmark"
SPAWN = multiprocessing.get_context("spawn")
Keys = tuple[sockets.KeyPair, sockets.KeyPair] | None
"""Of the sender and of the receiver; None is plain ZeroMQ."""


@contextmanager
def sender(serve: Callable[..., None], *arguments: object) -> Iterator[int]:
    """Run a sender in a process of its own; yields its port."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(there, *arguments), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def send_plainly(pipe: Pipe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        pipe.send(server.getsockname()[1])
        connection, _ = server.accept()
        while connection.recv(1):
            connection.sendall(PICTURE.data)


def send_framed(pipe: Pipe, keys: Keys) -> None:
    """Send as the broker does, raw frames as credit allows; or one msgpack message, if asked."""
    arrays, outgoing = {"picture": PICTURE}, Outgoing("", {})
    for channel in questions(pipe, keys):
        match hear(channel)[0]:
            case Fetch("inline"):
                channel.send(msgpack.packb({"picture": PICTURE.tobytes()}), copy=False)
            case Fetch(name):
                say(channel, Result(name, REPORT, specs_of(arrays)))
                outgoing = Outgoing(name, arrays)
            case Credit(_, chunks):
                outgoing.grant(chunks)
        outgoing.pump(partial(say, channel))


def questions(pipe: Pipe, keys: Keys) -> Iterator[zmq.Socket]:
    """Listen as the service does, and yield the socket whenever there is something to read."""
    context = zmq.Context()
    gatekeeper = Gatekeeper(context)
    if keys:
        gatekeeper.allow(DOMAIN, keys[1].public)
        channel = sockets.listen(context, zmq.DEALER, keys[0], DOMAIN)
    else:
        channel = context.socket(zmq.DEALER)
        channel.bind(sockets.LOOPBACK)
    pipe.send(sockets.endpoint_of(channel).rpartition(":")[2])
    while True:
        waiting, _, _ = zmq.select([gatekeeper.socket, channel], [], [])
        if gatekeeper.socket in waiting:
            gatekeeper.answer()
        if channel in waiting:
            yield channel


def say(channel: zmq.Socket, message: Message, frame: Buffer | None = None) -> bool:
    channel.send_multipart(encode(message, frame), copy=False)
    return True


def hear(channel: zmq.Socket) -> tuple[Message, Buffer | None]:
    return decode([frame.buffer for frame in channel.recv_multipart(copy=False)])
