"""Which device computes: the CPU, or a GPU that works."""

import re

import torch

from backend.errors import Refused


def choose_device(wanted: str) -> torch.device:
    """Turn "auto", "cpu", "cuda" or "cuda:1" into a device that works.

    Raises:
        Refused: when it is none of these, or CUDA was asked for and does not work here.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wanted):
        raise Refused("bad_request", f"There is no device {wanted}.", "Choose auto, cpu or cuda.")
    if wanted == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda" if wanted == "auto" else wanted)
        if (device.index or 0) >= (count := torch.cuda.device_count()):
            message = f"There is no device {wanted}: PyTorch finds {count} CUDA devices here."
            raise Refused("internal", message, "Count them from 0.")
        return device
    if wanted != "auto":
        message = "CUDA was asked for, but PyTorch finds no CUDA device here."
        raise Refused("internal", message, "Choose the device auto or cpu.")
    return torch.device("cpu")


def device_name(device: torch.device) -> str:
    """Name a device as the user knows it."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)"


def memory_ran_out(error: BaseException) -> bool:
    """Tell whether memory ran out, a device's or the machine's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error)  # the CPU allocator has no error of its own
    short = "allocate memory" in said or "not enough memory" in said
    return isinstance(error, RuntimeError) and short
