"""Inside the headed Blender: how long the add-on holds the main thread, measured from outside it.

Every function of the add-on's modules and every method that Blender calls is wrapped. A wrapped
call on the main thread that comes from none of the others is a callback; the rest are its parts.
"""

import functools
import inspect
import json
import resource
import sys
import threading
import time
from pathlib import Path

import bpy
import numpy as np

TICK_SECONDS = 0.004
MODULES = (
    "estimate_panel", "handlers", "images", "light", "material", "objects", "operators", "points",
    "results", "setting_panels", "view", "waiting",
)  # fmt: skip
CALLED_BY_BLENDER = ("invoke", "execute", "modal", "cancel", "draw")

Times = tuple[float, float, float]
"""Seconds by the clock, on the processor, and of these in the kernel."""

calls: list[tuple] = []
"""Name, depth and start, and how long it took."""
ticks: list[float] = []
marks: dict[str, float] = {}
open_calls: list[str] = []


def prepare(package: str, side: int) -> None:
    """Show a large picture, wrap the add-on and start to tick."""
    image = picture(side)
    bpy.context.scene.clone_normals.image = image
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type == "IMAGE_EDITOR":
            area.spaces.active.image = image
    for name in MODULES:
        wrap(sys.modules[f"{package}.{name}"])
    bpy.app.timers.register(tick)


def picture(side: int) -> bpy.types.Image:
    """Make a float picture with relief and grain, so that it compresses as a photograph does."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / 80.0
    values = np.ones((side, side, 4), np.float32)
    values[..., :3] = (0.5 + 0.3 * np.sin(x) * np.sin(y))[..., None]
    values[..., :3] += np.random.default_rng(0).random((side, side, 3), np.float32) / 100.0
    image = bpy.data.images.new("large", side, side, alpha=True, float_buffer=True)
    image.pixels.foreach_set(values.reshape(-1))
    image.update()
    return image


def wrap(module) -> None:
    for name, value in list(vars(module).items()):
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            setattr(module, name, timed(value, f"{module.__name__.rpartition('.')[2]}.{name}"))
    for cls in getattr(module, "CLASSES", ()):
        for name in CALLED_BY_BLENDER:
            method = getattr(cls, name, None)
            if inspect.isfunction(method):
                setattr(cls, name, as_blender_calls(timed(method, f"{cls.__name__}.{name}"), name))


def as_blender_calls(run, name: str):
    """Name the arguments of a method: Blender counts them before it calls."""

    def with_event(self, context, event):
        return run(self, context, event)

    def without(self, context):
        return run(self, context)

    return with_event if name in {"invoke", "modal"} else without


def timed(function, label: str):
    @functools.wraps(function)
    def run(*arguments, **named):
        if threading.current_thread() is not threading.main_thread():
            return function(*arguments, **named)
        depth, start = len(open_calls), times()
        open_calls.append(label)
        try:
            return function(*arguments, **named)
        finally:
            calls.append((label, depth, start[0], *since(start)))
            open_calls.pop()

    return run


def tick() -> float:
    ticks.append(time.perf_counter())
    return TICK_SECONDS


def mark(name: str) -> None:
    marks[name] = time.perf_counter()


def click() -> None:
    """Press the button in the Image Editor."""
    mark("clicked")
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "IMAGE_EDITOR")
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.image.clone_estimate_normals("INVOKE_DEFAULT")


def write(path: str) -> None:
    """Write what has been measured, and what Blender's own calls take for one such image."""
    mark("shown")
    apart = blender_alone(bpy.data.images["large"], bpy.data.images["large_normal"])
    measured = {"calls": calls, "ticks": ticks, "marks": marks, "apart": apart}
    Path(path + ".new").write_text(json.dumps(measured))
    Path(path + ".new").rename(path)


def blender_alone(source: bpy.types.Image, result: bpy.types.Image) -> dict[str, Times]:
    """Time what only the main thread may do, on images as large."""
    values = np.empty(len(source.pixels), np.float32)
    found = {"foreach_get": clock(lambda: source.pixels.foreach_get(values))}
    file = result.packed_file.data
    fresh = bpy.data.images.new("apart", 1, 1, float_buffer=True)
    fresh.source = "FILE"
    found["pack, first"] = clock(lambda: fresh.pack(data=file, data_len=len(file)))
    found["pack, again"] = clock(lambda: fresh.pack(data=file, data_len=len(file)))
    found["decoding, which a redraw does"] = clock(lambda: fresh.size[:])
    bpy.data.images.remove(fresh)
    return found


def clock(call) -> Times:
    start = times()
    call()
    return since(start)


def times() -> Times:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return time.perf_counter(), used.ru_utime + used.ru_stime, used.ru_stime


def since(start: Times) -> Times:
    elapsed, computing, kernel = (now - then for now, then in zip(times(), start, strict=True))
    return elapsed, computing, kernel
