"""Time how long the add-on holds Blender's main thread while a large picture goes and comes back.

    python -m tests.headed.main_thread --bpy-python PYTHON

A headed Blender estimates a float picture of 4096 × 4096 pixels with the fake backend, whose answer
is made beforehand. Needs what ``tests.headed.screenshots`` needs. Bars: of the add-on's callbacks
99 % within 33 ms, and 0.5 s in all, the one unavoidable call that hands over the normal map timed
apart. Exits with 1 when one is missed. Both are judged twice more, which changes nothing about the
exit: for all callbacks, and without any of Blender's own calls inside them, one copy of an image
each, which is what the add-on itself answers for.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np

from shared.settings import EstimateSettings
from tests import fake_backend
from tests.canned import canned_arrays
from tests.fake_backend import Behaviour, FakeBackend

from .screenshots import Stage, headed_blender

SLICE_SECONDS, TOTAL_SECONDS = 0.033, 0.5
IDLE_SECONDS, SETTLE_SECONDS = 5.0, 8.0
TOP = 14
GIVES_RESULT = "images._pack"
BLENDERS_OWN = {"images.read": "foreach_get of the picture", GIVES_RESULT: "pack of a result"}
"""Functions of the add-on that are one call of Blender's, and which."""


class Call(NamedTuple):
    """A call of one of the add-on's functions on the main thread."""

    name: str
    depth: int
    start: float
    seconds: float
    computing: float
    """Seconds on the processor: without those in which other processes had the core."""
    kernel: float
    """Those of them that the kernel took, which is nearly all for memory touched first."""


def main() -> int:
    """Measure, print the tables and judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bpy-python", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/main_thread"))
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--progress-seconds", type=float, default=0.5)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    answer = canned_arrays(relief(options.side), EstimateSettings())
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        headed_blender(options.bpy_python, options.out) as stage,
        patch.object(fake_backend, "canned_arrays", lambda *_: answer),
    ):
        measured = measure(stage, options.side, options.progress_seconds)
    missed = report(measured, options.side)
    return 1 if missed else 0


def relief(side: int) -> np.ndarray:
    """Make a picture whose answer is as large and as rough as a photograph's."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / 80.0
    shade = 0.5 + 0.3 * np.sin(x) * np.sin(y)
    grain = np.random.default_rng(1).random((side, side), np.float32) / 100.0
    return np.repeat((shade + grain)[..., None], 3, axis=-1)


def measure(stage: Stage, side: int, pace: float) -> dict:
    """Idle for a while, then estimate once."""
    panel = stage.panel("IMAGE_EDITOR")
    stage.mouse(panel["left"] + 100, panel["top"] + 400)
    stage.tell(f"import stopwatch; stopwatch.prepare(MODULE, {side})")
    time.sleep(SETTLE_SECONDS)
    stage.tell("import stopwatch; stopwatch.mark('idle')")
    time.sleep(IDLE_SECONDS)
    with FakeBackend(stage.folder / "run", Behaviour(pace=pace)):
        stage.tell("import stopwatch; stopwatch.click()")
        stage.until(lambda state: "large_normal" in state["images"], "the result", 300.0)
        stage.until(lambda state: state["phase"] == "idle", "the end")
        time.sleep(SETTLE_SECONDS)  # the last redraws, and Blender's undo step
        written = stage.folder / "measured.json"
        stage.tell(f"import stopwatch; stopwatch.write({str(written)!r})")
        stage.until(lambda _: written.exists(), "the figures")
    return json.loads(written.read_text())


def report(measured: dict, side: int) -> list[str]:
    """Print the tables; return the bars that were missed."""
    marks, ticks = measured["marks"], np.array(measured["ticks"])
    idle = (ticks > marks["idle"]) & (ticks < marks["clicked"])
    running = (ticks > marks["clicked"]) & (ticks < marks["shown"])
    calls = [Call(*call) for call in measured["calls"] if call[2] >= marks["clicked"]]
    slices = np.array([call.seconds for call in calls if call.depth == 0])
    callbacks = [call for call in calls if not call.depth]
    ours = np.array([call.seconds - blenders_part(call, calls) for call in callbacks])
    normal = [call for call in calls if call.name == GIVES_RESULT][:1]  # the first of the results
    apart = np.array([call.seconds - blenders_part(call, normal) for call in callbacks])
    gaps = np.diff(ticks[running])
    load = f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} core(s)"
    say(f"{side} × {side} RGBA float through a headed Blender, {load}; milliseconds\n")
    say("| | number | p50 | p99 | max | sum |\n|---|---|---|---|---|---|")
    say(row("callbacks of the add-on", slices))
    say(row("the same, on the processor", np.array([c.computing for c in calls if c.depth == 0])))
    say(row("the same, the normal map's pack timed apart", apart))
    say(row("the same, without Blender's own calls inside", ours))
    say(row("gap between ticks, add-on idle", np.diff(ticks[idle])))
    say(row("gap between ticks, estimate and result", gaps))
    say(row("those of them over 33 ms", gaps[gaps > SLICE_SECONDS]))
    say("\n| Blender's own call inside a callback | ms | on processor | of that kernel |")
    say("|---|---|---|---|")
    for call in calls:
        if call.name in BLENDERS_OWN:
            used = milliseconds(call.seconds, call.computing, call.kernel)
            say(f"| {BLENDERS_OWN[call.name]} | {used} |")
    say("\n| where the add-on spends it | number | longest | sum | on processor | of that kernel |")
    say("|---|---|---|---|---|---|")
    for name, group in sorted(by_name(calls).items(), key=lambda item: -seconds_of(item[1]))[:TOP]:
        longest = max(call.seconds for call in group)
        used = sum(call.computing for call in group), sum(call.kernel for call in group)
        say(f"| {name} | {len(group)} | {milliseconds(longest, seconds_of(group), *used)} |")
    say("\n| one call of Blender alone, such an image | ms | on processor | of that kernel |")
    say("|---|---|---|---|")
    for name, times in measured["apart"].items():
        say(f"| {name} | {milliseconds(*times)} |")
    judge("All callbacks", slices)
    judge("Without Blender's own calls", ours)
    return judge("With the normal map's pack timed apart", apart)


def blenders_part(callback: Call, calls: list[Call]) -> float:
    """Return how long a callback was in Blender's own calls."""
    end = callback.start + callback.seconds
    return sum(
        call.seconds
        for call in calls
        if call.name in BLENDERS_OWN and callback.start <= call.start < end
    )


def row(name: str, seconds: np.ndarray) -> str:
    if not len(seconds):
        return f"| {name} | 0 | | | | |"
    p50, p99 = 1e3 * np.percentile(seconds, (50, 99))
    total = 1e3 * seconds.sum()
    figures = f"{p50:.2f} | {p99:.1f} | {1e3 * seconds.max():.1f} | {total:.0f}"
    return f"| {name} | {len(seconds)} | {figures} |"


def by_name(calls: list[Call]) -> dict[str, list[Call]]:
    """Group calls; what is of a callback is counted in it as well."""
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[f"{'of it' if call.depth else 'callback'} {call.name}"].append(call)
    return found


def seconds_of(calls: list[Call]) -> float:
    return sum(call.seconds for call in calls)


def milliseconds(*seconds: float) -> str:
    return " | ".join(f"{1e3 * value:.1f}" for value in seconds)


def judge(what: str, slices: np.ndarray) -> list[str]:
    """Say which bars were missed."""
    missed = []
    if (p99 := np.percentile(slices, 99)) > SLICE_SECONDS:
        missed.append(f"p99 {1e3 * p99:.0f} ms > {1e3 * SLICE_SECONDS:.0f} ms")
    if (total := slices.sum()) > TOTAL_SECONDS:
        missed.append(f"{total:.2f} s in all > {TOTAL_SECONDS} s")
    say(f"\n{what}: " + ("missed " + "; ".join(missed) if missed else "both bars are met."))
    return missed


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
