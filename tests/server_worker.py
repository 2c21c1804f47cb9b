"""A worker with a small stand-in for the engine; ``settings.seed`` says how it behaves."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from backend.errors import Refused, Stopped
from backend.server import worker
from backend.server.outcome import Engine, IsCancelled, Outcome, ReportProgress, ShowNormals
from shared.messages import Light, Report, Submit

ECHO, SLOW, CRASH, HANG, RAISE, MEMORY, REFUSE, CRASH_ONCE, WRONG, STILL = range(10)

_LIGHT = Light(False, 1.0, (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), ((1.0, 1.0, 1.0),) * 9)
REPORT = Report("flat", "none", "stand-in", "cpu", 0, 0, 1.0, 0.5, _LIGHT, ())


def run(
    submit: Submit,
    arrays: Mapping[str, np.ndarray],
    report: ReportProgress,
    show: ShowNormals,
    cancelled: IsCancelled,
) -> Outcome:
    seed = submit.settings.seed
    report("Thinking", 0.1)
    if seed == SLOW:
        for step in range(submit.settings.steps):  # 10 ms each
            if submit.settings.previews and step % 10 == 0:
                show(np.full((300, 512, 3), step // 10 % 256, np.uint8))
            report("Thinking", step / submit.settings.steps)
            if cancelled():
                raise Stopped
            time.sleep(0.01)
    elif seed == CRASH:
        os._exit(7)
    elif seed == CRASH_ONCE:
        _crash_once(Path(os.environ["SERVER_TEST_DIR"]) / submit.job)
    elif seed == HANG:
        time.sleep(60)
    elif seed == STILL:
        os.kill(os.getpid(), signal.SIGSTOP)
    elif seed == RAISE:
        raise ZeroDivisionError("a secret of the engine")
    elif seed == MEMORY:
        raise MemoryError
    elif seed == REFUSE:
        raise Refused("bad_image", "The picture is black.", "Take another.")
    elif seed == WRONG:
        return Outcome(REPORT, {"normals": np.zeros((2, 2), np.complex64)})
    return Outcome(REPORT, {name: array.copy() for name, array in arrays.items()})


def _crash_once(marker: Path) -> None:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def load(device: str, threads: int) -> Engine:
    if os.environ.get("SERVER_TEST_LOAD") == "refuse":
        raise Refused("internal", f"There is no {device} here.", "Choose another device.")
    if os.environ.get("SERVER_TEST_LOAD") == "crash":
        os._exit(3)
    return Engine(device, "stand-in", run, (f"{threads} threads",))


if __name__ == "__main__":
    worker.main(worker.take_orders(), load)
