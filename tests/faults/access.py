"""Who may come in, and who speaks another protocol."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import zmq

from backend.server import sockets
from backend.server.client import Client
from backend.server.keys import add_artist
from backend.server.outcome import Outcome
from shared import PROTOCOL_VERSION
from shared.connection import Connection, read
from shared.messages import Cancel, Failed, Fetch, Hello, Shutdown
from shared.wire import encode
from tests.server_tools import SMALL, job, start, until
from tests.server_worker import SLOW
from tests.staging import staged

from .addon import Guest
from .backend import backend, launched
from .row import Row, exactly, row

_PATIENCE = 1.0  # a handshake takes milliseconds


def strangers(count: int, folder: Path) -> Row:
    """Let three kinds of strangers each say Hello and Shutdown; nobody may hear them."""
    with backend(folder) as served, served.ready() as client:
        connection, unknown = served.connection, sockets.make_keys()
        keyless = replace(connection, server_public_key="")
        theirs = replace(
            connection, client_public_key=unknown.public, client_secret_key=unknown.secret
        )
        misled = replace(connection, server_public_key=sockets.make_keys().public)
        answered = [_answers(kind, count) for kind in (keyless, theirs, misled)]
        boot = client.welcome.boot_id
        alive = served.alive and client.status().boot_id == boot
        client.run(job(), SMALL)
    checks = (
        exactly("answers without a key", answered[0], 0),
        exactly("with an unknown key", answered[1], 0),
        exactly("with a wrong server key", answered[2], 0),
        exactly("backend still there", int(alive), 1),
    )
    injected = f"{count} peers each without key, with an unknown key, with a wrong server key"
    return row("Strangers", injected, checks)


def other_artists(count: int, folder: Path) -> Row:
    """Let one artist try everything with ``count`` jobs of another that run."""
    run_dir, mine = folder / "studio", {"picture": SMALL["picture"] + 1}
    address = f"127.0.0.1:{_free_port()}"
    keys = [read(add_artist(run_dir, name, address, run_dir)) for name in ("ada", "ben")]
    refused = apart = finished = seen = 0
    with launched(run_dir, "--lan", address) as served:
        served.ready().close()
        with Client(keys[0], "ada") as ada, Client(keys[1], "ben") as ben:
            for _ in range(count):
                submit = job(SLOW, steps=30)
                start(ada, submit)
                for attempt in (Cancel(submit.job), Fetch(submit.job), Shutdown()):
                    ben.send(attempt)
                    refused += until(ben, Failed).code in {"unknown_job", "bad_request"}
                seen += submit.job in {line.job for line in ben.status().jobs}
                finished += _same(ada.fetch(submit.job), SMALL)
                apart += _same(ben.run(submit, mine), mine) and _same(ada.fetch(submit.job), SMALL)
    checks = (
        exactly("jobs that went on", finished, count),
        exactly("cancels, fetches and shutdowns refused", refused, 3 * count),
        exactly("jobs seen by the other", seen, 0),
        exactly("jobs of the same name kept apart", apart, count),
    )
    return row("Another artist's job", f"a second key, {count} jobs of the first", checks)


def versions(count: int, folder: Path) -> Row:
    """Meet an add-on of the protocol before and one of the protocol after, ``count`` times."""
    told = {-1: 0, 1: 0}
    with backend(folder) as served:
        for _ in range(count):
            for age in told:
                side = "update the add-on" if age < 0 else "update the backend"
                told[age] += side in _refusal(served.connection, PROTOCOL_VERSION + age)
    checks = (
        exactly("older add-ons told to update the add-on", told[-1], count),
        exactly("newer add-ons told to update the backend", told[1], count),
    )
    injected = f"add-on speaking protocol {PROTOCOL_VERSION - 1} and {PROTOCOL_VERSION + 1}"
    return row("Other versions", injected, checks)


def _same(outcome: Outcome, arrays: Mapping[str, np.ndarray]) -> bool:
    return outcome.arrays["picture"].tobytes() == arrays["picture"].tobytes()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _refusal(connection: Connection, protocol: int) -> str:
    with patch.object(staged("conversation"), "PROTOCOL_VERSION", protocol):
        with Guest(connection) as guest:
            ended = guest.next(10.0)
    assert type(ended).__name__ == "Ended", f"{ended} instead of a refusal"
    return ended.message if ended.reason == "refused" else ""


def _answers(connection: Connection, count: int) -> int:
    """Count how many of these peers hear anything at all."""
    with zmq.Context() as context, _peers(context, connection, count) as peers:
        for peer in peers:
            for message in (Hello(PROTOCOL_VERSION, "stranger"), Shutdown()):
                # queued until the handshake, if ever; who was refused already has no queue
                with suppress(zmq.Again):
                    peer.send_multipart(encode(message), zmq.NOBLOCK)
        time.sleep(_PATIENCE)
        return sum(bool(peer.poll(0)) for peer in peers)


@contextmanager
def _peers(
    context: zmq.Context[zmq.Socket[bytes]], connection: Connection, count: int
) -> Iterator[list[zmq.Socket[bytes]]]:
    peers = [context.socket(zmq.DEALER) for _ in range(count)]
    for peer in peers:
        peer.linger = 0
        if connection.server_public_key:
            peer.curve_serverkey = connection.server_public_key.encode()
            peer.curve_publickey = connection.client_public_key.encode()
            peer.curve_secretkey = connection.client_secret_key.encode()
        peer.connect(connection.endpoint)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()
