"""A good client that asks for signs of life while something bad goes on."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.server.client import Client, connect
from shared.messages import Ping, Pong
from tests.server_tools import until

from .backend import Backend
from .row import Check, most

ANSWER_SECONDS = 0.1
GROWTH_MEGABYTES = 20.0
_PAUSE = 0.02


@dataclass
class Watch:
    """The waits for an answer, and the broker's memory before and at its highest."""

    before: float
    waits: list[float] = field(default_factory=list)
    peak: float = 0.0

    def checks(self) -> list[Check]:
        """Hold the broker to its promises to the others."""
        growth = max(self.peak - self.before, 0.0)
        return [
            most("memory +", growth, GROWTH_MEGABYTES, "MB"),
            most("slowest answer to another client", max(self.waits) * 1e3, 100, "ms"),
        ]

    def aside(self) -> str:
        """Say what is usual beside the worst."""
        median = sorted(self.waits)[len(self.waits) // 2]
        return f"median answer {median * 1e3:.1f} ms of {len(self.waits)}"


@contextmanager
def watching(backend: Backend) -> Iterator[Watch]:
    """Keep pinging and weighing the broker until the block ends."""
    ping_once(backend)  # what the first client costs is not the guest's doing
    watch, stop = Watch(backend.megabytes()), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        pinging = threads.submit(_keep_pinging, backend, watch, stop)
        try:
            yield watch
        finally:
            stop.set()
        pinging.result()


def ping(client: Client) -> float:
    """Return how long a sign of life takes."""
    began = time.monotonic()
    client.send(Ping())
    until(client, Pong)
    return time.monotonic() - began


def ping_once(backend: Backend) -> float:
    """Connect and return how long a sign of life takes then."""
    with connect(backend.run_dir) as client:
        return ping(client)


def _keep_pinging(backend: Backend, watch: Watch, stop: threading.Event) -> None:
    with connect(backend.run_dir) as client:
        while True:
            watch.waits.append(ping(client))
            watch.peak = max(watch.peak, backend.megabytes())
            if stop.wait(_PAUSE):
                return
