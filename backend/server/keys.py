"""Keys that last: the server's own on a network, and one for each artist who may use it.

An artist's key is a connection file as the local backend publishes one, to be carried to the
artist's machine; only its public half stays here. Whoever has the file is that artist.
"""

import json
import os
import re
from dataclasses import asdict
from pathlib import Path

from shared import PROTOCOL_VERSION
from shared.connection import Connection, write, write_private

from .sockets import KeyPair, make_keys

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_SERVER = "server.key"
_ARTISTS = "artists"


class KeyProblem(Exception):
    """A key cannot be made or removed; the text says why."""


def server_keys(run_dir: Path) -> KeyPair:
    """Return the key pair this backend shows on a network, made at first use."""
    path = run_dir / _SERVER
    if not path.exists():
        write_private(path, json.dumps(asdict(make_keys())))
    return KeyPair(**json.loads(path.read_text()))


def artists(run_dir: Path) -> dict[str, str]:
    """Return name and public key of everybody who may use this backend over a network."""
    return {path.stem: path.read_text() for path in sorted((run_dir / _ARTISTS).glob("*.key"))}


def add_artist(run_dir: Path, name: str, address: str, out: Path) -> Path:
    """Make an artist's key; returns the file to carry to the artist.

    Raises:
        KeyProblem: when the name or the address is none, or the name is taken.
    """
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise KeyProblem("A name has 1 to 32 letters, digits, dots or dashes.")
    if name in artists(run_dir):
        raise KeyProblem(f"{name} has a key already. Remove it first: keys remove {name}")
    endpoint = endpoint_of_address(address)
    own, theirs = server_keys(run_dir), make_keys()
    write_private(run_dir / _ARTISTS / f"{name}.key", theirs.public)
    connection = Connection(
        endpoint, own.public, theirs.public, theirs.secret, 0, "", PROTOCOL_VERSION
    )
    return write(connection, out / f"{name}.clone-key.json")


def remove_artist(run_dir: Path, name: str) -> None:
    """Take an artist's key back; a running backend notices within a second.

    Raises:
        KeyProblem: when nobody of that name has a key.
    """
    if name not in artists(run_dir):
        raise KeyProblem(f"Nobody called {name} has a key here.")
    os.unlink(run_dir / _ARTISTS / f"{name}.key")


def endpoint_of_address(address: str) -> str:
    """Turn HOST:PORT into a ZeroMQ endpoint.

    Raises:
        KeyProblem: when it is none.
    """
    host, _, port = address.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]", host) or not port.isdecimal():
        raise KeyProblem(f"'{address}' is no address; it should look like studio-box:47800.")
    if not 1 <= int(port) <= 65535:
        raise KeyProblem(f"There is no port {port}; ports go from 1 to 65535.")
    return f"tcp://{host}:{port}"
