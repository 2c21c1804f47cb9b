"""Keys that last: the server's own on a network, and one for each artist who may use it.

An artist's key is a connection file as the local backend publishes one, to be carried to the
artist's machine; only its public half stays here. Whoever has the file is that artist.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import MappingProxyType

import zmq

from shared import PROTOCOL_VERSION
from shared.connection import Connection, write, write_private

from .sockets import KeyPair, make_keys

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_SERVER = "server.key"
_ARTISTS = "artists"
_NOBODY: Mapping[str, str] = MappingProxyType({})


class KeyProblem(Exception):
    """A key cannot be made, read or removed; the text says why."""


def server_keys(run_dir: Path) -> KeyPair:
    """Return the key pair this backend shows on a network, made at first use.

    Raises:
        KeyProblem: when its file is damaged, or cannot be read or written.
    """
    path = run_dir / _SERVER
    with _named(path):
        if not path.exists():
            write_private(path, json.dumps(asdict(make_keys())))
        text = path.read_bytes()
    try:
        keys = KeyPair(**json.loads(text))
        if not keys.belong_together:
            raise ValueError
    except (ValueError, TypeError, AttributeError, zmq.ZMQError) as error:
        raise KeyProblem(
            f"{path} is damaged. Put a copy of it back; or delete it and make every artist's key "
            "anew: keys remove NAME, then keys add NAME."
        ) from error
    return keys


def artists(run_dir: Path, known: Mapping[str, str] = _NOBODY) -> dict[str, str]:
    """Return name and public key of everybody who may use this backend over a network.

    What is there but cannot be read stays what is ``known``: a key that is missed once is refused
    for as long as the backend runs.
    """
    try:
        found = {path.stem: _read_key(path, known) for path in _key_files(run_dir)}
    except OSError as error:
        _complain(run_dir / _ARTISTS, str(error))
        return dict(known)
    return {name: key for name, key in found.items() if key}


def add_artist(run_dir: Path, name: str, address: str, out: Path) -> Path:
    """Make an artist's key; returns the file to carry to the artist.

    Raises:
        KeyProblem: when the name or the address is none, the name is taken, or a file cannot be
            written.
    """
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise KeyProblem("A name has 1 to 32 letters, digits, dots or dashes.")
    if name in _names(run_dir):
        raise KeyProblem(f"{name} has a key already. Remove it first: keys remove {name}")
    endpoint = endpoint_of_address(address)
    own, theirs = server_keys(run_dir), make_keys()
    connection = Connection(
        endpoint, own.public, theirs.public, theirs.secret, 0, "", PROTOCOL_VERSION
    )
    carried, kept = out / f"{name}.clone-key.json", run_dir / _ARTISTS / f"{name}.key"
    try:
        _write_both(connection, carried, kept)
    except KeyProblem as problem:
        raise KeyProblem(f"No key was made for {name}. {problem}") from problem
    return carried


def remove_artist(run_dir: Path, name: str) -> None:
    """Take an artist's key back; a running backend notices within a second.

    Raises:
        KeyProblem: when nobody of that name has a key, or its file cannot be deleted.
    """
    if name not in _names(run_dir):
        raise KeyProblem(f"Nobody called {name} has a key here.")
    path = run_dir / _ARTISTS / f"{name}.key"
    with _named(path):
        path.unlink()


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


def _write_both(connection: Connection, carried: Path, kept: Path) -> None:
    """Write what an artist carries and what stays here; neither without the other."""
    # what stays goes first: its name was free, so taking it back restores what was there before,
    # while a file to carry may replace an older one, perhaps another server's
    with _named(kept):
        write_private(kept, connection.client_public_key)
    try:
        with _named(carried):
            write(connection, carried)
    except BaseException:
        with _named(kept):
            kept.unlink()
        raise


def _names(run_dir: Path) -> set[str]:
    """Return whose keys are there, whether they can be read or not."""
    with _named(run_dir / _ARTISTS):
        return {path.stem for path in _key_files(run_dir)}


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Have an error of the system name the file it is about; not all do."""
    try:
        yield
    except OSError as error:
        raise KeyProblem(
            f"{path} cannot be used: {error.strerror or error}. See that you may read and write "
            "there, and try again."
        ) from error


def _key_files(run_dir: Path) -> list[Path]:
    try:
        return sorted(path for path in (run_dir / _ARTISTS).iterdir() if path.suffix == ".key")
    except FileNotFoundError:
        return []


def _read_key(path: Path, known: Mapping[str, str]) -> str:
    """Return the public key in a file, or the known one where the file cannot be read."""
    try:
        return path.read_text()
    except FileNotFoundError:  # removed since the folder was listed
        return ""
    except (OSError, ValueError) as error:
        _complain(path, str(error))
        return known.get(path.stem, "")


@cache
def _complain(path: Path, why: str) -> None:
    """Log, once, that something cannot be read; the keys are looked through every second."""
    _log.warning("%s cannot be read; what is known from before stays good: %s", path, why)
