"""Who may connect: the ZAP handler that CURVE asks about every key.

CURVE alone lets in anyone who knows the server's public key, so every listening socket names a
domain, and only keys allowed in that domain pass. The handler is polled by the broker's own loop:
no thread, and a decision never sees half an update.
"""

import logging

import zmq
from zmq.utils import z85

_log = logging.getLogger(__name__)
_ZAP_ADDRESS = "inproc://zeromq.zap.01"


class Gatekeeper:
    """Answer ZAP requests from an allow-list of (domain, public key)."""

    def __init__(self, context: zmq.Context) -> None:
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(_ZAP_ADDRESS)
        self._allowed: set[tuple[str, str]] = set()

    def allow(self, domain: str, key: str) -> None:
        """Let a public key (Z85) connect to the sockets of a domain."""
        self._allowed.add((domain, key))

    def revoke(self, domain: str, key: str) -> None:
        """Let a public key connect no more; open connections stay."""
        self._allowed.discard((domain, key))

    def answer(self) -> None:
        """Answer the one request that is waiting."""
        request = self.socket.recv_multipart()
        _version, request_id, domain, address, _identity, mechanism, *credentials = request
        key = z85.encode(credentials[0]).decode() if credentials and credentials[0] else ""
        known = mechanism == b"CURVE" and (domain.decode(errors="replace"), key) in self._allowed
        if not known:
            _log.warning("refused an unknown key from %s", address.decode(errors="replace"))
        # The key comes back with every message as its User-Id, which makes it the job's owner.
        verdict = [b"200", b"OK", key.encode()] if known else [b"400", b"unknown key", b""]
        self.socket.send_multipart([b"1.0", request_id, *verdict, b""])

    def close(self) -> None:
        """Stop answering."""
        self.socket.close()
