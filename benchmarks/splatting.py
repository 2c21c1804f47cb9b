"""Time the splatting engines: ``python -m benchmarks.splatting [--device cuda]``.

One Gaussian per pixel, moved by up to a quarter of a pixel, flat and tilted, seven features. Times
are the least of several runs: processor time on one thread, the clock on two and on a GPU. The
yardstick is ``tests/splat_pairs.py`` on one thread, measured between the others in the same run.

After each of its operations torch's OpenMP threads wait for the next one at full speed, and take
that time from the kernels: compare with ``OMP_WAIT_POLICY=passive`` in the environment.
"""

import argparse
import ctypes
import gc
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from backend.camera import Camera, camera_from_fov, pixel_centres
from backend.device import choose_device, device_name
from backend.gaussians import Gaussians
from backend.image import Picture, decode_picture
from backend.pipeline import estimate
from backend.rasterizer import Rasterizer, choose, warm_up
from backend.rasterizer.projection import project_gaussians
from backend.rasterizer.protocol import ALPHA_MIN
from shared.settings import EstimateSettings
from tests.splat_pairs import PairRasterizer

SIZES, SIGMAS = (128, 256, 512), (0.7, 1.0, 2.0)
QUICK_SIZES, QUICK_SIGMAS = (128, 256), (0.7, 1.0)
YARDSTICK_PAIRS = 9_000_000
"""The yardstick keeps some 300 bytes per pair: above this it is left out."""
HEADER = (
    "Gaussians  sigma | 1 thread: fwd  fwd+bwd ns/pair | 2 threads: fwd  fwd+bwd gain"
    " | extra MB | pairs fwd+bwd  ratio\n"
)


LOOP_STEPS = 30


def main() -> None:
    """Print the table of a device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only 16k and 65k, sigma 0.7 and 1")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    given = parser.parse_args()
    device = choose_device(given.device)
    engine = choose(device)
    seconds = _clock(partial(warm_up, engine, device))
    _say(f"{engine.name} on {device_name(device)}; ready after {seconds:.1f} s; load {_load()}; ")
    _say(f"OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY', 'unset')}\n")
    _say(HEADER)
    row = _gpu_row if device.type == "cuda" else _cpu_row
    for size in QUICK_SIZES if given.quick else SIZES:
        for sigma in QUICK_SIGMAS if given.quick else SIGMAS:
            _say(row(engine, *scene(size, sigma, device), f"{size * size:9d}  {sigma:5.1f}"))
    _say(_whole_loop(device))
    _say(f"load at the end {_load()}\n")


def scene(size: int, sigma: float, device: torch.device) -> tuple[Gaussians, torch.Tensor, Camera]:
    """Cover a picture with one Gaussian of ``sigma`` pixels per pixel."""
    g = torch.Generator().manual_seed(0)
    count = size * size
    camera = camera_from_fov(size, size, 50.0)
    plane = pixel_centres(camera).view(count, 2) + torch.rand(count, 2, generator=g) / 2 - 0.25
    wave = torch.sin(6 * plane[:, 0] / size) * torch.cos(5 * plane[:, 1] / size)
    depth = 2.5 + 0.3 * wave + 0.02 * torch.rand(count, generator=g)
    focal, principal = camera.intrinsics[0, 0], camera.intrinsics[:2, 2]
    centred = (plane - principal) / focal * depth[:, None]
    across = sigma * depth[:, None] / focal * (0.8 + 0.4 * torch.rand(count, 2, generator=g))
    tilt = 0.25 * torch.randn(count, 3, generator=g)
    gaussians = Gaussians(
        means=torch.cat([centred, depth[:, None]], -1).to(device),
        quats=torch.cat([torch.ones(count, 1), tilt], -1).to(device),
        scales=torch.cat([across, 0.1 * across[:, :1]], -1).to(device),
        opacities=(0.5 + 0.45 * torch.rand(count, generator=g)).to(device),
    )
    features = torch.rand(count, 7, generator=g).to(device)
    return gaussians, features, camera_from_fov(size, size, 50.0, device=device)


def expected_pairs(gaussians: Gaussians, camera: Camera) -> float:
    """Return the pixels inside all the ellipses of α ≥ 1/255, by their areas."""
    a, b, c = project_gaussians(gaussians, camera).conics.double().unbind(-1)
    squared_extent = 2 * (gaussians.opacities.double() / ALPHA_MIN).log()
    return float((math.pi * squared_extent / (a * c - b * b).sqrt()).sum())


def _cpu_row(
    engine: Rasterizer, gaussians: Gaussians, features: torch.Tensor, camera: Camera, label: str
) -> str:
    pairs = expected_pairs(gaussians, camera)
    forward, both = _steps(engine, gaussians, features, camera)
    torch.set_num_threads(1)
    extra = _peak_megabytes(both)
    single = [_least(forward, time.process_time), _least(both, time.process_time)]
    alone = _least(both, time.perf_counter)
    reference = "       -      -"
    if pairs <= YARDSTICK_PAIRS:
        yardstick = _steps(PairRasterizer(), gaussians, features, camera)[1]
        seconds = _least(yardstick, time.process_time, runs=2)
        reference = f"{seconds * 1e3:8.0f} {seconds / single[1]:6.1f}"
    torch.set_num_threads(2)
    double = [_least(forward, time.perf_counter), _least(both, time.perf_counter)]
    torch.set_num_threads(1)
    return (
        f"{label} |    {single[0] * 1e3:9.1f} {single[1] * 1e3:8.1f} {single[1] / pairs * 1e9:7.1f}"
        f" |     {double[0] * 1e3:9.1f} {double[1] * 1e3:8.1f} {alone / double[1]:4.2f}"
        f" | {extra:8.0f} | {reference}\n"
    )


def _whole_loop(device: torch.device) -> str:
    """Time the closed loop, coarse and fine steps together, on noise of 256×256 pixels."""
    torch.set_num_threads(os.cpu_count() or 1)
    pixels = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    picture = decode_picture(pixels, "srgb")
    each = min(_step_of_loop(picture, device) for _ in range(2))  # the first one sets things up
    return f"whole loop, 256x256, {device_name(device)}: {each * 1e3:.0f} ms a step\n"


def _step_of_loop(picture: Picture, device: torch.device) -> float:
    settings = EstimateSettings(steps=LOOP_STEPS, size=256)
    result = estimate(picture, settings, device, lambda *_: None, bool, None)
    seconds = next(stage.seconds for stage in result.stages if stage.name == "Closing the loop")
    return seconds / result.loop.steps


def _gpu_row(
    engine: Rasterizer, gaussians: Gaussians, features: torch.Tensor, camera: Camera, label: str
) -> str:
    pairs = expected_pairs(gaussians, camera)
    forward, both = _steps(engine, gaussians, features, camera)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    seconds = [_least(_synchronised(step), time.perf_counter, runs=20) for step in (forward, both)]
    extra = (torch.cuda.max_memory_allocated() - before) / 1e6
    return (
        f"{label} |    {seconds[0] * 1e3:9.2f} {seconds[1] * 1e3:8.2f}"
        f" {seconds[1] / pairs * 1e9:7.2f} | on the GPU, by the clock | {extra:8.0f} |\n"
    )


def _steps(
    engine: Rasterizer, gaussians: Gaussians, features: torch.Tensor, camera: Camera
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return the forward pass, and forward and backward, as functions of nothing."""
    leaves = [gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities, features]
    leaves = [leaf.detach().requires_grad_() for leaf in leaves]

    def forward() -> None:
        with torch.no_grad():
            engine(gaussians, features, camera)

    def both() -> None:
        rendering = engine(Gaussians(*leaves[:4]), leaves[4], camera)
        maps = (rendering.features, rendering.alpha, rendering.depth)
        torch.autograd.grad(maps, leaves, [torch.ones_like(one) for one in maps])

    return forward, both


def _synchronised(step: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        step()
        torch.cuda.synchronize()

    return run


def _least(step: Callable[[], None], clock: Callable[[], float], runs: int = 5) -> float:
    return min(_clock(step, clock) for _ in range(runs))


def _clock(step: Callable[[], None], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    step()
    return clock() - start


def _peak_megabytes(step: Callable[[], None]) -> float:
    """Watch the resident memory during a step, from a state with nothing left over."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)  # else the step would reuse what earlier ones freed
    before, peak, done = _resident(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(5e-4):
            peak = max(peak, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    step()
    done.set()
    watcher.join()
    return max(0.0, peak - before) / 1e6


def _resident() -> float:
    """Return the resident bytes; not a number where the system does not tell."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return math.nan
    return int(statm.read_text().split()[1]) * float(os.sysconf("SC_PAGE_SIZE"))


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
