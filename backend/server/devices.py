"""Which devices there are to compute on; asked of the driver, for the broker never loads torch."""

import logging
import subprocess

from .settings import Device

_log = logging.getLogger(__name__)
_SECONDS = 10.0


def devices(wanted: Device) -> tuple[str, ...]:
    """Name a device for each worker: every GPU where there are several, else what was asked for."""
    if wanted == "cpu":
        return ("cpu",)
    count = _gpus()
    return tuple(f"cuda:{index}" for index in range(count)) if count > 1 else (wanted,)


def _gpus() -> int:
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"],
            check=False, capture_output=True, text=True, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.debug("no list of GPUs: %s", error)
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
