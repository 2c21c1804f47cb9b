"""Which devices there are to compute on.

The broker never loads torch: the driver says whether it is worth asking, another process asks.
"""

import logging
import subprocess
import sys

from .settings import Device

_log = logging.getLogger(__name__)
_SECONDS = 10.0
_TORCH_SECONDS = 120.0
_QUESTION = "import torch; print(torch.cuda.device_count())"


def devices(wanted: Device) -> tuple[str, ...]:
    """Name a device for each worker: every GPU where there are several, else what was asked for."""
    if wanted == "cpu" or gpus_listed() < 2:
        return (wanted,)
    count = gpus_usable()
    return tuple(f"cuda:{index}" for index in range(count)) if count > 1 else (wanted,)


def gpus_listed() -> int:
    """Return how many GPUs the driver knows."""
    lines = _said(["nvidia-smi", "--list-gpus"], _SECONDS).splitlines()
    return sum(line.startswith("GPU ") for line in lines)


def gpus_usable() -> int:
    """Return how many of them this PyTorch may use: none in a build for CPUs."""
    return int(_said([sys.executable, "-c", _QUESTION], _TORCH_SECONDS).strip() or 0)


def _said(command: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=seconds,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        _log.debug("GPUs are not known: %s", error)
        return ""
    return done.stdout
