"""The batch command: ``python -m backend.batch IN … OUT``.

Exit codes: 0 everything done, 1 some pictures failed, 2 nothing to do or wrong arguments, 130
stopped by Ctrl-C.
"""

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

import tyro

from backend import openjd
from backend.batch.config import BatchConfig
from backend.batch.picture import Outcome
from backend.batch.plan import Item, plan, sequence_of
from backend.batch.progress import Progress
from backend.batch.workers import one_by_one, side_by_side
from backend.device import choose_device
from backend.errors import Refused
from backend.priors.store import installed

log = logging.getLogger(__name__)

STOPPED = 130


def run(config: BatchConfig, stopping: Callable[[], bool] = lambda: False) -> int:
    """Estimate every picture; return the exit code.

    Raises:
        KeyboardInterrupt: when ``stopping`` answered true, which is asked at every step.
    """
    if problem := config.problem():
        log.error("%s", problem)
        return 2
    try:
        config = replace(config, device=str(choose_device(config.device)))
        if config.prior:
            installed(config.prior)
        items = plan(config)
        _make(config.target)
    except Refused as refused:
        log.error("%s", f"{refused.message} {refused.advice}".strip())
        return 2
    if config.steady and not any(sequence_of(item.path) for item in items):
        log.error("Steady frames have numbers in their names; these pictures have none.")
        return 2
    _tell_unpaired(items, config)
    progress = Progress(len(items), openjd.progress() if config.progress == "openjd" else None)

    def tell(path: str, stage: str, fraction: float) -> None:
        if stopping():
            raise KeyboardInterrupt
        progress.tell(path, stage, fraction)

    estimated = one_by_one if config.workers == 1 else side_by_side
    outcomes = []
    for outcome in estimated(items, config, tell):
        progress.ended(outcome)
        if config.json:
            _print(outcome)
        outcomes.append(outcome)
    _conclude(outcomes)
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _make(target: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        message = f"{target} is no folder: name the one for the results at the end."
        raise Refused("bad_request", message) from error
    except OSError as error:
        message = f"The folder {target} cannot be made: {error.strerror or error}."
        raise Refused("bad_request", message, "Name another at the end.") from error


def _tell_unpaired(items: Sequence[Item], config: BatchConfig) -> None:
    for what, given in (("mask", config.mask), ("hints", config.hints)):
        without = sum(getattr(item, what) is None for item in items)
        if given is not None and without:
            log.warning("%d of %d pictures have no %s in %s.", without, len(items), what, given)


def _print(outcome: Outcome) -> None:
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    sys.stdout.flush()


def _conclude(outcomes: list[Outcome]) -> None:
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("done", "skipped", "failed")
    }
    log.info("%s", ", ".join(f"{count} {status}" for status, count in counts.items() if count))
    angles = [o.flicker_degrees for o in outcomes if o.flicker_degrees is not None]
    if angles:
        mean = sum(angles) / len(angles)
        log.info("Where the pictures are still, normals turn by %.2f° from frame to frame.", mean)


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = tyro.cli(BatchConfig, prog="python -m backend.batch")
    asked = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        asked.set()  # what is raised is lost where it falls into a finaliser or a callback
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)  # how a farm cancels a task
    try:
        sys.exit(run(config, asked.is_set))
    except KeyboardInterrupt:
        log.error("\nStopped. The same command goes on where this one ended.")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
