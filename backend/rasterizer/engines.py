"""Choosing a splatting engine for a device, once, with one clear line in the log."""

import importlib
import logging

import torch

from backend.camera import camera_from_fov
from backend.gaussians import Gaussians
from backend.rasterizer.protocol import Rasterizer
from backend.rasterizer.torch_engine import TorchRasterizer

log = logging.getLogger(__name__)


def choose(device: torch.device) -> Rasterizer:
    """Return gsplat on CUDA and numba on the CPU where they work, else the plain torch engine.

    gsplat is never asked on a CPU: its first call there rebuilds a compiler cache and fails.
    """
    if device.type == "cpu":
        return _cpu_engine()
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


def _cpu_engine() -> Rasterizer:
    try:
        engine = importlib.import_module("backend.rasterizer.numba_engine")
    # numba missing, too old for this numpy, or no folder where it may keep what it compiles
    except Exception as error:  # noqa: BLE001
        log.warning("numba does not work here (%s); splatting with plain torch", error)
        return TorchRasterizer()
    return engine.NumbaRasterizer()


def warm_up(engine: Rasterizer, device: torch.device) -> None:
    """Splat one Gaussian there and back, so that kernels are compiled or loaded before they count.

    numba compiles for about ten seconds once per installation and loads in under a second
    afterwards; gsplat builds for minutes.
    """
    one = Gaussians(
        means=torch.tensor([[0.0, 0.0, 1.0]], device=device, requires_grad=True),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]], device=device),
        scales=torch.full((1, 3), 0.1, device=device),
        opacities=torch.full((1,), 0.5, device=device),
    )
    camera = camera_from_fov(8, 8, 50.0, device=device)
    engine(one, torch.ones(1, 3, device=device), camera).alpha.sum().backward()
