"""How far a job is, in the lines that an Open Job Description runner looks for."""

import sys
from collections.abc import Callable


def progress() -> Callable[[str, float], None]:
    """Return what a job's progress is reported to, in words and as a fraction of all of it."""
    told = -1

    def report(words: str, fraction: float) -> None:
        nonlocal told
        percent = int(100.0 * min(max(fraction, 0.0), 1.0))
        if percent > told:
            told = percent
            sys.stdout.write(f"openjd_progress: {percent}\nopenjd_status: {words}\n")
            sys.stdout.flush()

    return report
