"""What a broker tells a new worker: one line on its standard input, where no other user looks.

Arguments and environment of a process can be read by others; its standard input cannot.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .sockets import KeyPair


@dataclass(frozen=True)
class Orders:
    """Where a worker reports, with which keys (Z85), and what it computes on."""

    endpoint: str
    server_key: str
    public_key: str
    secret_key: str
    device: str
    threads: int
    log_path: str

    @property
    def keys(self) -> KeyPair:
        """The worker's own key pair."""
        return KeyPair(self.public_key, self.secret_key)

    @property
    def log(self) -> Path:
        """Where the user finds the log."""
        return Path(self.log_path)

    def to_line(self) -> bytes:
        """Write the orders as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def from_line(line: bytes) -> "Orders":
        """Read the orders a broker wrote."""
        values = json.loads(line)
        return Orders(**{field.name: values[field.name] for field in fields(Orders)})
