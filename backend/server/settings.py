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
"""More unfinished jobs than this are refused as busy, but for the first one of each key."""
WAITING_BYTES = 2 * 1024**3
"""Pictures of unfinished jobs together take no more memory than this, with the same exception."""
ATTEMPTS = 2
"""A job is given to a worker at most this often."""
PING_SECONDS = 1.0
"""A worker with a job is asked for a sign of life this often."""
QUIET_SECONDS = 3.0
"""A worker that has given none for this long is said not to answer."""
HANG_SECONDS = 60.0
"""And after this long it is killed, and its job given to the next."""
LOAD_SECONDS = 600.0
"""A worker that is not ready after this long is killed; compiling kernels takes up to a minute."""
SPARE_BYTES = 4 * 1024**3
"""A spare worker is loaded when at least this much memory is free."""
SPARE_SECONDS = 30.0
"""Whether there is room for one is looked at this often."""
CRASHES = 5
CRASH_SECONDS = 60.0
"""That many unexpected ends of the worker within that time, and it is not started again."""


@dataclass(frozen=True)
class ServerConfig:
    """Run, inspect or stop the CLONE Normals compute backend."""

    command: tyro.conf.Positional[Literal["serve", "status", "stop", "keys"]] = "serve"
    """serve runs a backend; status and stop talk to the one that is running; keys says who may
    use it over a network: keys add NAME --address HOST:PORT, keys remove NAME, keys list."""
    run_dir: Path = field(default_factory=default_run_dir)
    """Private folder for the connection file and the log."""
    device: Device = "auto"
    """Where to compute; auto takes CUDA when it works."""
    threads: int = 0
    """CPU threads of the engine; 0 means all."""
    spare: bool = True
    """Keep a second worker loaded where memory allows; it takes over at once after a crash."""
    lan: str = ""
    """Serve a network too, at HOST:PORT (0.0.0.0:47800 is every network); needs keys."""
    address: str = ""
    """HOST:PORT at which artists reach this machine, for keys add."""
    selftest: bool = False
    """Estimate one small picture through a backend of its own, say how it went, and end."""
    owned: bool = False
    """End when standard input closes: for programs that start a backend for themselves."""
    words: tyro.conf.Positional[tuple[str, ...]] = ()
    """What to do with the keys."""
