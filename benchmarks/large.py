"""Time a large texture: ``python -m benchmarks.large [--side 8192] [--side 16384]``.

The texture is gravel, repeated, under noise, so that no two tiles are the same. The batch command
runs on it in a process of its own; the peak is what that process held at once, and beside it what
it held above the picture itself. The texture is made in yet another process: the kernel counts what
a parent held when it started a child as held by the child.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

GRAVEL = Path(__file__).parents[1] / "examples" / "gravel.png"
HEADER = " side | picture MB | seconds | peak MB | above the picture MB\n"


def main() -> None:
    """Print a row per side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, action="append", help="pixels; again for more rows")
    sys.stdout.write(HEADER)
    for side in sorted(parser.parse_args().side or [8192]):
        sys.stdout.write(_row(side))
        sys.stdout.flush()


def _row(side: int) -> str:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "texture.png"
        maker = multiprocessing.get_context("spawn").Process(target=_save, args=(side, path))
        maker.start()
        maker.join()
        command = [sys.executable, "-m", "backend.batch", str(path), work + "/out", "--seamless"]
        began = time.perf_counter()
        status, peak = _run(command)
        seconds = time.perf_counter() - began
    if status:
        sys.exit(f"The batch command ended with {status}.")
    held = side * side * 3 / 2**20
    return f"{side:5d} | {held:10.0f} | {seconds:7.0f} | {peak:7.0f} | {peak - held:7.0f}\n"


def _run(command: list[str]) -> tuple[int, float]:
    """Run a command; return its exit code and the most memory it held, in MB."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for behind its back
    return process.returncode, usage.ru_maxrss / 1024


def _save(side: int, path: Path) -> None:
    Image.fromarray(texture(side)).save(path, compress_level=1)


def texture(side: int) -> np.ndarray:
    """Repeat gravel until it fills a square, and add noise, (side, side, 3) uint8."""
    gravel = np.asarray(Image.open(GRAVEL).convert("RGB"))
    times = -(-side // min(gravel.shape[:2]))
    noise = np.random.default_rng(0).integers(-3, 4, (side, side, 3), dtype=np.int16)
    noise += np.tile(gravel, (times, times, 1))[:side, :side]
    return noise.clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
