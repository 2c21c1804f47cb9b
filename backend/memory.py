"""Keep memory that was freed, where the C library would hand it back to the kernel at once.

What a network makes of a picture is larger than glibc's threshold for that. Handed back, the next
map gets it page by page and cleared, which takes a fifth of the encoder's time.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Names of glibc's ``mallopt``."""
LARGEST_KEPT = 64 << 20
"""Bytes: what the encoder makes of a tile. Larger blocks, of large pictures, go back as before."""
OLD_LARGEST_KEPT = 32 << 20
"""What glibc takes before 2.35."""
KEPT = 256 << 20
"""Bytes that stay at the end of the heap."""


def keep_freed_memory() -> bool:
    """Ask for it, once a process; return whether the C library knows how (glibc does)."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    taken = mallopt(MMAP_THRESHOLD, LARGEST_KEPT) or mallopt(MMAP_THRESHOLD, OLD_LARGEST_KEPT)
    # only one heap can grow as large as that, so all threads share it
    return bool(taken and mallopt(TRIM_THRESHOLD, KEPT) and mallopt(ARENA_MAX, 1))
