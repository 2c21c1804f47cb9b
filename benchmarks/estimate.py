"""Time whole estimates, picture to maps: ``python -m benchmarks.estimate [--device cuda]``.

The picture is gravel, as large as asked for. The first estimate of a process sets everything up; of
those after it the table has the best and the median, by stage. Beside them the encoder alone on the
same picture, one look at full size, in the same run: what no estimate can be faster than.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from backend.device import choose_device, device_name
from backend.image import Picture, decode_picture
from backend.memory import keep_freed_memory
from backend.model import Clone, View, shipped_model
from backend.pipeline import estimate
from backend.work import prepare
from shared.settings import EstimateSettings

GRAVEL = Path(__file__).parents[1] / "examples" / "gravel.png"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512, help="pixels")
    parser.add_argument("--steps", type=int, default=0, help="of the closed loop")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    given = parser.parse_args()
    keep_freed_memory()
    device = choose_device(given.device)
    model = shipped_model(device)
    if model is None:
        sys.exit("There are no weights.")
    picture = gravel(given.side)
    settings = EstimateSettings(steps=given.steps)
    first = stages(picture, settings, model, device)
    warm = [stages(picture, settings, model, device) for _ in range(given.runs)]
    alone = encoder_seconds(picture, settings, model, device, given.runs)
    sys.stdout.write(
        f"{given.side}×{given.side} pixels, grid of {settings.size}, {given.steps} steps, "
        f"{device_name(device)}, {given.runs} runs; "
        f"the first one took {sum(first.values()):.2f} s\n\n"
        "| stage | best s | median s |\n|---|---|---|\n"
    )
    for name in warm[0]:
        sys.stdout.write(row(name, [run[name] for run in warm]))
    sys.stdout.write(row("**all**", [sum(run.values()) for run in warm]))
    sys.stdout.write(row("the encoder alone", alone))


def gravel(side: int) -> Picture:
    """Return gravel, scaled to a square."""
    with Image.open(GRAVEL) as file:
        scaled = file.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    return decode_picture(np.asarray(scaled), "srgb")


def stages(
    picture: Picture, settings: EstimateSettings, model: Clone, device: torch.device
) -> dict[str, float]:
    """Estimate once; return the seconds of each stage, and of what lies between them."""
    began = time.perf_counter()
    found = estimate(picture, settings, device, lambda *_: None, lambda: False, model)
    whole = time.perf_counter() - began
    taken = {stage.name: stage.seconds for stage in found.stages}
    return taken | {"between them": whole - sum(taken.values())}


def encoder_seconds(
    picture: Picture, settings: EstimateSettings, model: Clone, device: torch.device, runs: int
) -> list[float]:
    """Return how long one look at the whole picture takes, run by run."""
    view = prepare(picture, settings, device).whole
    return [_timed(lambda: _look(model, view)) for _ in range(runs)]


@torch.no_grad()
def _look(model: Clone, view: View) -> None:
    model(view).features.sum().item()  # which waits for a GPU


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def row(name: str, seconds: list[float]) -> str:
    """Return a row of the table."""
    return f"| {name} | {min(seconds):.2f} | {statistics.median(seconds):.2f} |\n"


if __name__ == "__main__":
    main()
