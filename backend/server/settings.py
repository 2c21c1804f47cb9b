"""Options of ``python -m backend.server`` and the figures the service keeps to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro

from shared.connection import default_run_dir

Device = Literal["auto", "cpu", "cuda"]

CANCEL_SECONDS = 5.0
"""A worker that has not let go of a cancelled job after this long is killed and replaced."""
GONE_SECONDS = 4.0
"""A client that lost its connection has this long to come back before its job is stopped."""
SILENT_SECONDS = 30.0
"""A client with an unfinished job that sends nothing, not even a ping, for this long is gone."""
KEEP_SECONDS = 600.0
"""Finished jobs can be fetched by their id for this long."""
KEEP_BYTES = 2 * 1024**3
"""Finished results together take no more memory than this; the oldest go first."""
KEEP_JOBS = 1000
"""No more finished jobs than this are remembered."""
WAITING_JOBS = 16
"""More unfinished jobs than this are refused as busy."""
WAITING_BYTES = 2 * 1024**3
"""Pictures of unfinished jobs together take no more memory than this."""
ATTEMPTS = 2
"""A job is given to a worker at most this often."""
CRASHES = 5
CRASH_SECONDS = 60.0
"""That many unexpected ends of the worker within that time, and it is not started again."""


@dataclass(frozen=True)
class ServerConfig:
    """Run, inspect or stop the CLONE Normals compute backend."""

    command: tyro.conf.Positional[Literal["serve", "status", "stop"]] = "serve"
    """serve runs a backend; status and stop talk to the one that is running."""
    run_dir: Path = field(default_factory=default_run_dir)
    """Private folder for the connection file and the log."""
    device: Device = "auto"
    """Where to compute; auto takes CUDA when it works."""
    threads: int = 0
    """CPU threads of the engine; 0 means all."""
    owned: bool = False
    """End when standard input closes: for programs that start a backend for themselves."""
