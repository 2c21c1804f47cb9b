"""The add-on's own client, staged without Blender, as the one that must notice and come back."""

import queue
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np

from shared.connection import Connection
from shared.messages import Submit
from tests.server_tools import SMALL
from tests.staging import staged


class Guest:
    """A connection of the add-on to a backend."""

    def __init__(self, connection: Connection) -> None:
        self._client = staged("client").Client(connection, "fault suite")
        self._welcomed = False

    def __enter__(self) -> "Guest":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def submit(self, request: Any) -> None:
        """Send a job, first of all waiting for the backend's welcome as the add-on does."""
        if not self._welcomed:
            self.until("Connected", 10.0)
            self._welcomed = True
        self._client.submit(request)

    def until(self, kind: str, seconds: float) -> Any:
        """Return the next event of a kind; fails when another comes that ends everything."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.next(deadline - time.monotonic())
            assert event is not None, f"no {kind} within {seconds} s"
            if type(event).__name__ == kind:
                return event
            assert type(event).__name__ not in {"Ended", "Failed"}, f"{event} instead of {kind}"

    def next(self, seconds: float) -> Any:
        """Return the next event, or None when none comes in time."""
        try:
            return self._client.events.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None


def request(submit: Submit, arrays: Mapping[str, np.ndarray] = SMALL) -> Any:
    """Make of a job what the add-on's client takes."""
    ready: Future[Mapping[str, np.ndarray]] = Future()
    ready.set_result(arrays)
    kind = staged("conversation").Request
    return kind(submit.job, submit.settings, submit.transfer, ready)
