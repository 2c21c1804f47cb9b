"""Choosing a splatting engine for a device, once, with one clear line in the log."""

import importlib
import logging

import torch

from backend.rasterizer.protocol import Rasterizer
from backend.rasterizer.torch_engine import TorchRasterizer

log = logging.getLogger(__name__)


def choose(device: torch.device) -> Rasterizer:
    """Return gsplat where CUDA and its toolkit work, else the plain torch engine.

    gsplat is never asked on a CPU: its first call there rebuilds a compiler cache and fails.
    """
    if device.type != "cuda" or not torch.cuda.is_available():
        return TorchRasterizer()
    try:
        engine = importlib.import_module("backend.rasterizer.gsplat_engine")
        engine.selftest()
    # a missing toolkit shows as ImportError, AttributeError, OSError, RuntimeError or worse
    except Exception as error:  # noqa: BLE001
        log.warning("gsplat does not work here (%s); splatting with plain torch", error)
        return TorchRasterizer()
    return engine.GsplatRasterizer()
