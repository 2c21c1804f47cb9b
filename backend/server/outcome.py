"""What a worker asks of an engine, and what it gets back; no torch here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from shared.messages import Report, Submit

ReportProgress = Callable[[str, float], None]
"""Called by the engine with the stage it is in and the fraction done, 0 to 1."""
ShowNormals = Callable[[np.ndarray], None]
"""Called by the engine with the normal map so far, (H, W, 3) uint8, if previews were asked for."""
IsCancelled = Callable[[], bool]
"""Asked by the engine between steps; when true it raises ``errors.Stopped``."""


@dataclass(frozen=True)
class Outcome:
    """A finished estimate as it goes on the wire."""

    report: Report
    arrays: Mapping[str, np.ndarray]


Run = Callable[
    [Submit, Mapping[str, np.ndarray], ReportProgress, ShowNormals, IsCancelled], Outcome
]


@dataclass(frozen=True)
class Engine:
    """What a worker runs, and on what.

    ``run`` raises ``Stopped`` or ``Refused`` of ``backend.errors``, or ``MemoryError``; anything
    else is a fault.
    """

    device: str
    name: str
    run: Run
    notes: tuple[str, ...] = ()


LoadEngine = Callable[[str, int], Engine]
"""Make the engine for a device ("auto", "cpu", "cuda", "cuda:1") and a number of threads (0: all).

Raises ``Refused`` when that device cannot be used here.
"""
