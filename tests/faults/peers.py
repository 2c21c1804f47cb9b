"""TCP peers that do not speak ZMTP to the end, or at all: nobody else may notice them."""

import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.connection import Connection
from tests.server_tools import SMALL, job

from .backend import backend
from .row import Row, exactly, row
from .watch import watching

# ZMTP 3.0: signature, version, the mechanism in 20 bytes, client, 31 bytes of filler
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)
_COMMAND, _MORE, _LONG = 4, 1, 2
_MEGABYTE = 1 << 20
_WAVE_SECONDS = 3.0  # a peer that has not shaken hands within 2 s is to be thrown out
_CLAIM = struct.pack(">Q", 8 << 30) + bytes(1000)
_ENDLESS = bytes([_MORE | _LONG]) + struct.pack(">Q", _MEGABYTE) + bytes(_MEGABYTE)

Peers = Sequence[socket.socket]


@dataclass(frozen=True)
class Attack:
    """What so many peers do all at once, and do again until the time is up."""

    peers: int
    first: bytes
    again: bytes = b""
    pause: float = 0.1


ATTACKS = {
    "Half a greeting": Attack(10, GREETING[:33]),
    "Half a frame": Attack(10, GREETING + bytes([_COMMAND, 200]) + b"\x05HELLO" + bytes(50)),
    "Command of 8 GiB": Attack(10, GREETING + bytes([_COMMAND | _LONG]) + _CLAIM),
    "Frame of 8 GiB": Attack(10, GREETING + bytes([_LONG]) + _CLAIM),
    "Message without end": Attack(4, GREETING, _ENDLESS, 0.0),
    "Silent peers": Attack(200, b""),
    "One byte a second": Attack(20, GREETING[:1], GREETING[1:2], 1.0),
}


def hostile_peers(name: str, count: int, folder: Path) -> Row:
    """Let ``count`` waves of one kind of peers in, while another client wants signs of life."""
    attack = ATTACKS[name]
    with backend(folder) as served, served.ready() as client:
        with watching(served) as watch:
            staying = sum(_wave(attack, served.connection) for _ in range(count))
        client.run(job(), SMALL)
    checks = (*watch.checks(), exactly("peers not thrown out", staying, 0))
    injected = f"{count} × {attack.peers} peers, {_WAVE_SECONDS:.0f} s each"
    return row(name, injected, checks, watch.aside())


def _wave(attack: Attack, connection: Connection) -> int:
    """Carry out an attack once; returns how many of its peers are connected after it."""
    with contextlib.ExitStack() as opened:
        peers = [opened.enter_context(_connect(connection)) for _ in range(attack.peers)]
        _carry_out(attack, peers)
        return sum(not _thrown_out(peer) for peer in peers)


def _connect(connection: Connection) -> socket.socket:
    port = int(connection.endpoint.rsplit(":", 1)[1])
    peer = socket.create_connection(("127.0.0.1", port), timeout=5.0)
    peer.settimeout(0.2)
    return peer


def _carry_out(attack: Attack, peers: Peers) -> None:
    deadline = time.monotonic() + _WAVE_SECONDS
    _send_all(peers, attack.first)
    while time.monotonic() < deadline:
        _send_all(peers, attack.again)
        time.sleep(attack.pause)


def _send_all(peers: Peers, data: bytes) -> None:
    for peer in peers:
        with contextlib.suppress(OSError):  # thrown out, or not read from
            peer.sendall(data)


def _thrown_out(peer: socket.socket) -> bool:
    try:
        while peer.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
