"""Chunks on their way out, never more of them than the receiver has room for."""

from collections.abc import Callable, Mapping

import numpy as np

from shared.messages import Chunk
from shared.transfer import WINDOW, chunks_of
from shared.wire import Buffer

SendChunk = Callable[[Chunk, Buffer], bool]


class Outgoing:
    """The arrays of one job, sent as credit allows."""

    def __init__(self, job: str, arrays: Mapping[str, np.ndarray]) -> None:
        self._chunks = chunks_of(job, arrays)
        self._credit = WINDOW
        self._next = next(self._chunks, None)

    @property
    def finished(self) -> bool:
        """Whether everything has been sent."""
        return self._next is None

    def grant(self, chunks: int) -> None:
        """Take credit from the receiver; more than a window is never outstanding."""
        self._credit = min(self._credit + max(chunks, 0), WINDOW)

    def pump(self, send: SendChunk) -> None:
        """Send while there is credit and ``send`` takes it (it returns False when it cannot)."""
        while self._next is not None and self._credit and send(*self._next):
            self._credit -= 1
            self._next = next(self._chunks, None)
