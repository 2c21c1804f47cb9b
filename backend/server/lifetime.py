"""How long a backend that was started by another program outlives it."""

SETTLE_SECONDS = 0.5
"""After the starter's end its own connection needs a moment to be seen as closed."""
LINGER_SECONDS = 30.0
"""After the last other client has left, somebody may still come back for this long."""


class Lifetime:
    """Decide when to end; times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._starter_gone: float | None = None
        self._last_client: float | None = None

    def starter_gone(self, now: float) -> None:
        """Note that the program that started this backend has ended."""
        if self._starter_gone is None:
            self._starter_gone = now

    def settled(self, now: float) -> bool:
        """Whether the starter is gone and its connection is certainly closed as well."""
        return self._starter_gone is not None and now >= self._starter_gone + SETTLE_SECONDS

    def over(self, now: float, clients: int) -> bool:
        """Whether nobody needs this backend any more, given how many clients are connected."""
        if not self.settled(now):
            return False
        if clients:
            self._last_client = now
        return self._last_client is None or now > self._last_client + LINGER_SECONDS
