"""Whether this backend works: one small picture through broker, worker and engine."""

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared.messages import Progress, Submit
from shared.settings import EstimateSettings
from shared.transfer import specs_of

from .broker import Broker, Service
from .client import Client, JobCancelled, JobFailed, Unreachable
from .outcome import Outcome
from .seat import LOADING
from .settings import Device

_log = logging.getLogger(__name__)
_SIDE = 96
_LOAD_SECONDS = 300.0
TOLERANCE_DEGREES = 40.0
"""Any start sees a ball better than this; only an engine that is broken does not."""
Tell = Callable[[str], None]
"""Is told which step the test is at."""


class Broken(Exception):
    """The self-test found something wrong; the text says what."""


def selftest(device: Device, threads: int, tell: Tell = lambda step: None) -> str:
    """Estimate the normals of a ball and compare them with a ball's; returns how it went.

    Raises:
        Broken: when there is no answer, or a wrong one.
    """
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Service(Path(folder), device, threads))
        thread = threading.Thread(target=broker.serve, daemon=True)
        thread.start()
        try:
            return _try_out(broker, tell)
        except (Unreachable, JobFailed, JobCancelled) as error:
            raise Broken(str(error)) from error
        finally:
            broker.stop()
            thread.join()


def _try_out(broker: Broker, tell: Tell) -> str:
    def follow(progress: Progress, _preview: np.ndarray | None) -> None:
        tell(f"Estimating a ball: {progress.stage} {progress.fraction:.0%}")

    with Client(broker.connection, "self-test") as client:
        _wait_for_worker(client, tell)
        normals, picture, mask = _ball()
        arrays = {"picture": picture, "mask": mask}
        submit = Submit(
            "selftest", EstimateSettings(size=_SIDE, steps=0), "linear", specs_of(arrays)
        )
        began = time.monotonic()
        error = _error(client.run(submit, arrays, follow), normals, mask > 0)
        seconds = time.monotonic() - began
        if not error < TOLERANCE_DEGREES:
            raise Broken(f"A ball's normals came back {error:.0f}° wrong.")
        return (
            f"The backend works: {client.status().device}. "
            f"A ball took {seconds:.1f} s and is {error:.0f}° off."
        )


def _wait_for_worker(client: Client, tell: Tell) -> None:
    began = time.monotonic()
    while "idle" not in (states := client.status().worker.split("; ")):  # one per device
        if "starting" not in states:
            raise Broken(f"The compute process does not run ({'; '.join(states)}).")
        seconds = time.monotonic() - began
        if seconds > _LOAD_SECONDS:
            raise Broken(f"The compute process is not ready after {_LOAD_SECONDS:.0f} s.")
        tell(f"{LOADING}, {seconds:.0f} s")
        time.sleep(0.1)


def _ball() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a ball's normals (x right, y up, z toward the viewer), picture and mask."""
    steps = (np.arange(_SIDE) + 0.5) / _SIDE * 2.4 - 1.2
    x, y = np.meshgrid(steps, -steps)
    mask = x**2 + y**2 < 1
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
    normals = np.stack([x, y, z], axis=-1) * mask[..., None]
    shading = np.clip(normals @ np.array([0.4, 0.6, 0.69]), 0, 1)
    picture = (0.1 + 0.7 * shading)[..., None] * np.array([1.0, 0.8, 0.6])
    return normals, picture.astype(np.float32), mask.astype(np.float32)


def _error(outcome: Outcome, normals: np.ndarray, mask: np.ndarray) -> float:
    cosine = (outcome.arrays["normals"] * normals).sum(-1)[mask].clip(-1, 1)
    return float(np.degrees(np.arccos(cosine)).mean())
