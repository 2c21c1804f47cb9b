"""How sockets of the service are made: CURVE on every one, and every limit with its reason."""

from dataclasses import dataclass
from typing import Any

import zmq

from shared.connection import ipv6_alone
from shared.wire import MAX_FRAME_BYTES

LOOPBACK = "tcp://127.0.0.1:0"
"""Port 0: the system picks a free port while binding, so no other process can take it between."""

# Enough for a full window of chunks and the small messages around it. Memory is bounded by credit,
# not by this: a peer with so many unread messages does not read at all.
_HIGH_WATER = 64


@dataclass(frozen=True)
class KeyPair:
    """A CURVE key pair in Z85 text."""

    public: str
    secret: str

    @property
    def belong_together(self) -> bool:
        """Whether these are a pair."""
        return zmq.curve_public(self.secret.encode()) == self.public.encode()


def make_keys() -> KeyPair:
    """Make a fresh CURVE key pair."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def listen(context: zmq.Context, kind: int, keys: KeyPair, domain: str) -> zmq.Socket:
    """Bind a socket on loopback that only lets in keys the gatekeeper knows for ``domain``.

    A ROUTER may be bound to a network address as well (``bind``); its locks are the same there.
    """
    socket = _socket(context, kind)
    socket.curve_server = True
    socket.curve_publickey = keys.public.encode()
    socket.curve_secretkey = keys.secret.encode()
    socket.zap_domain = domain.encode()
    # A peer that connects and says nothing would hold its descriptor for 30 s by default.
    socket.handshake_ivl = 2000
    # Without it a peer can claim a frame of 8 GiB and have it allocated. The slack is CURVE's own.
    socket.maxmsgsize = MAX_FRAME_BYTES + 1024
    if kind == zmq.ROUTER:
        # Else a message to a client that has gone is dropped without a word, and its job runs on.
        socket.router_mandatory = True
    socket.bind(LOOPBACK)
    return socket


def endpoint_of(socket: zmq.Socket) -> str:
    """Return where a listening socket can be reached."""
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def dial(context: zmq.Context, endpoint: str, server_key: str, keys: KeyPair) -> zmq.Socket:
    """Connect a DEALER socket to a listening one whose public key is known."""
    socket = _socket(context, zmq.DEALER)
    socket.curve_serverkey = server_key.encode()
    socket.curve_publickey = keys.public.encode()
    socket.curve_secretkey = keys.secret.encode()
    # Else messages queue silently for a peer that does not exist; so sending says "not connected".
    socket.immediate = True
    # A refused handshake is retried; back off instead of hammering ten times a second.
    socket.reconnect_ivl = 100
    socket.reconnect_ivl_max = 2000
    socket.connect(endpoint)
    return socket


class _Socket(zmq.Socket):
    """A socket that speaks IPv6 where there is nothing else.

    Where it is on, ZeroMQ takes the IPv6 address alone of a network card that has both.
    """

    def bind(self, addr: str) -> Any:
        self.ipv6 = "[" in addr
        return super().bind(addr)

    def connect(self, addr: str) -> Any:
        self.ipv6 = ipv6_alone(addr)
        return super().connect(addr)


def _socket(context: zmq.Context, kind: int) -> zmq.Socket:
    socket = context.socket(kind, socket_class=_Socket)
    # The default waits for ever on close for an absent peer: the process would hang at exit.
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = _HIGH_WATER
    # ZMTP heartbeats stay off: they cut connections in the middle of large transfers and lose the
    # message. Pings of the protocol and TCP's own keepalive find dead peers instead.
    socket.tcp_keepalive = 1
    socket.tcp_keepalive_idle = 30
    return socket
