"""How much memory there is, and how much of it the backend has."""

import psutil

from .settings import SPARE_BYTES


def room_for_another() -> bool:
    """Whether another worker fits into memory without pushing anything else out."""
    return psutil.virtual_memory().available >= SPARE_BYTES


def backend_bytes() -> int:
    """Return the memory held by this process and the workers it started."""
    own = psutil.Process()
    total = 0
    for process in (own, *own.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # it has just ended
    return total
