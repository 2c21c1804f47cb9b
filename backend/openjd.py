"""How far a job is, in the lines that an Open Job Description runner looks for."""

import sys
from collections.abc import Callable


def progress(label: str, number: int, total: int) -> Callable[[str, float], None]:
    """Return what a picture's progress is reported to, for picture ``number`` of ``total``."""
    said = -1

    def report(stage: str, fraction: float) -> None:
        nonlocal said
        percent = int(100.0 * (number - 1 + min(max(fraction, 0.0), 1.0)) / max(total, 1))
        if percent > said:
            said = percent
            sys.stdout.write(f"openjd_progress: {percent}\nopenjd_status: {label} {stage}\n")
            sys.stdout.flush()

    return report
