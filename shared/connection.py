"""How a client finds a running backend: one private file in the run folder.

The broker binds a free port itself and then publishes address and keys by renaming a finished file
into place, so a reader never sees half of it. The folder is 0700 and the file 0600: whoever can
read it is the same user. The keys are made afresh at every launch.
"""

import json
import os
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE_NAME = "connection.json"


@dataclass(frozen=True)
class Connection:
    """Address and keys of a running backend (CURVE keys in Z85 text).

    An artist's key for a backend on another machine has the same form; process 0 and no boot id
    say that it outlives any one run of that backend.
    """

    endpoint: str
    server_public_key: str
    client_public_key: str
    client_secret_key: str
    pid: int
    boot_id: str
    protocol: int


def ipv6_alone(endpoint: str) -> bool:
    """Say whether an endpoint has no IPv4 address; looking a name up can take seconds.

    Where ZeroMQ is to speak IPv6, it takes the IPv6 address alone of a name that has both, and
    most servers listen at the other.
    """
    host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        return not socket.getaddrinfo(host, None, socket.AF_INET)
    except (OSError, ValueError):  # also where it is no name at all; the connection fails then
        return True


def default_run_dir() -> Path:
    """Return the folder where this user's backend publishes itself and keeps its log."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "clone-normals"


def publish(connection: Connection, run_dir: Path) -> Path:
    """Write the connection file of a run folder."""
    return write(connection, run_dir / FILE_NAME)


def write(connection: Connection, path: Path) -> Path:
    """Write a connection file atomically, readable by this user alone."""
    return write_private(path, json.dumps(asdict(connection)))


def write_private(path: Path, text: str) -> Path:
    """Write a file atomically, readable by this user alone; its folder too if it is new."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)  # it may hold a secret
        raise
    return path


def find(run_dir: Path) -> Connection | None:
    """Read the connection file of a run folder, or None when there is none of ours."""
    return read(run_dir / FILE_NAME)


def read(path: Path) -> Connection | None:
    """Read a connection file, or None when there is none or it is not one of ours."""
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    expected = {field.name: field.type for field in fields(Connection)}
    if not isinstance(values, dict) or set(values) != set(expected):
        return None
    if any(type(values[name]) is not kind for name, kind in expected.items()):
        return None
    return Connection(**values)


def withdraw(connection: Connection, run_dir: Path) -> None:
    """Remove the connection file if it is still this backend's."""
    published = find(run_dir)
    if published is not None and published.boot_id == connection.boot_id:
        (run_dir / FILE_NAME).unlink(missing_ok=True)
