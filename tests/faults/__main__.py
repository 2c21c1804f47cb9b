"""Injure the service and measure what happens: ``python -m tests.faults [--full]``.

Prints a table with one line for each experiment, and exits with 1 when any of them misses its bar.
"""

import logging
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from tests.staging import stage_without_bpy

from .row import Row, table
from .suite import EXPERIMENTS, Experiment

_log = logging.getLogger(__name__)

_PAGE = """\
# What the service survives

Printed by `{command}` on a machine with two cores that other work
shares. Every experiment runs against a backend in a process of its own, over real sockets on
loopback; the engine is a stand-in that echoes pictures, except where the table says otherwise.
"The add-on" is its own client, without Blender. Memory is the broker's resident set, and an answer
is the wait of another client that asks for a sign of life all the time meanwhile. Where a figure
has no bar, it is there for information.

Not promised: ZeroMQ knows no limit to the number of frames in a message, and keeps them until the
last has come. Whoever has a key can fill the backend's memory that way; a key is for people one
trusts.

{table}"""


@dataclass(frozen=True)
class FaultsConfig:
    """Injure the service and measure what happens."""

    full: bool = False
    """As often as the figures are promised for, which takes about twenty minutes."""
    only: tuple[str, ...] = ()
    """Experiments to run; all when none is named."""
    out: Path | None = None
    """Write the table, with an introduction, to this file."""


def main(config: FaultsConfig) -> int:
    """Run experiments and print their table; returns the exit code."""
    if not os.path.isdir("/proc"):
        _log.error("The fault suite needs Linux: it looks into /proc.")
        return 2
    if unknown := set(config.only) - set(EXPERIMENTS):
        _log.error("No experiments: %s. There are: %s", unknown, ", ".join(EXPERIMENTS))
        return 2
    with tempfile.TemporaryDirectory() as folder:
        stage_without_bpy(Path(folder) / "extension")
        rows = [
            _run(name, experiment, config.full, Path(folder))
            for name, experiment in EXPERIMENTS.items()
            if not config.only or name in config.only
        ]
    sys.stdout.write(table(rows))
    if config.out:
        config.out.parent.mkdir(parents=True, exist_ok=True)
        config.out.write_text(_PAGE.format(command=_command(config), table=table(rows)))
    return 0 if all(each.passed for each in rows) else 1


def _run(name: str, experiment: Experiment, full: bool, folder: Path) -> Row:
    began = time.monotonic()
    count = experiment.full if full else experiment.short
    try:
        outcome = experiment.inject(count, folder)
    except Exception as error:  # noqa: BLE001  whatever breaks an experiment off is its outcome
        _log.exception("%s breaks off", name)
        outcome = Row(
            name, str(count), "ends", f"broke off: {type(error).__name__}: {error}", False
        )
    _log.info("%-20s %5.1f s  %s", name, time.monotonic() - began, outcome.figure)
    return outcome


def _command(config: FaultsConfig) -> str:
    full = " --full" if config.full else ""
    only = f" --only {' '.join(config.only)}" if config.only else ""
    return f"python -m tests.faults{full}{only}"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    sys.exit(main(tyro.cli(FaultsConfig, prog="python -m tests.faults")))
