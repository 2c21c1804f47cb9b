"""Install the backend in a headed Blender, which must stay free meanwhile; keep screenshots.

    python -m tests.headed.first_minute --bpy-python PYTHON --wheels FOLDER --out DIR

FOLDER holds wheels of all that the backend needs: ``pip download`` fills it. Fails when the backend
does not get installed, when Cancel leaves something, or when a callback holds the main thread.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path

from .screenshots import SHOW_PREFERENCES, Stage, headed_blender

CALLBACK_SECONDS = 0.033

PREPARE = """
import sys, time
chosen = bpy.context.preferences.addons[MODULE].preferences
chosen.build, chosen.index = "CUSTOM", {wheels!r}
installing = sys.modules[MODULE + ".installing"]
seconds = bpy.app.driver_namespace["seconds"] = []
pump = installing.pump
def timed():
    began = time.thread_time()
    again = pump()
    seconds.append(time.thread_time() - began)
    return again
installing.pump = timed
"""
LOOK = """
import json, os, sys
chosen = bpy.context.preferences.addons[MODULE].preferences
state = sys.modules[MODULE + ".install"].current.state
root = sys.modules[MODULE + ".preferences"].backend_root()
seen = {{
    "python": chosen.python,
    "stage": state.stage if state else "",
    "fraction": state.fraction if state else 0.0,
    "trouble": str(sys.modules[MODULE + ".session"].current.trouble or ""),
    "longest": max(bpy.app.driver_namespace["seconds"], default=0.0),
    "callbacks": len(bpy.app.driver_namespace["seconds"]),
    "environments": [path.name for path in root.glob("env-*")],
}}
with open({target!r} + ".new", "w") as file:
    json.dump(seen, file)
os.replace({target!r} + ".new", {target!r})
"""


def look(stage: Stage) -> dict:
    """Return how the installation stands in Blender."""
    target = stage.folder / "seen.json"
    target.unlink(missing_ok=True)
    stage.tell(LOOK.format(target=str(target)))
    while not target.exists():
        assert stage.blender.poll() is None, "Blender ended"
        time.sleep(0.05)
    return json.loads(target.read_text())


def until(stage: Stage, condition, seconds: float) -> dict:
    """Wait until the installation stands so."""
    deadline = time.monotonic() + seconds
    while not condition(seen := look(stage)):
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)
    return seen


def play(stage: Stage, wheels: Path) -> None:
    """Cancel one installation, see another through, and remove it."""
    panel = stage.panel("IMAGE_EDITOR")
    stage.mouse(panel["left"] + 100, panel["top"] + 400)
    stage.tell(SHOW_PREFERENCES)
    stage.shot("first-minute-1")
    stage.tell(PREPARE.format(wheels=str(wheels.resolve())))
    stage.tell("bpy.ops.clone.install_backend()")
    until(stage, lambda seen: seen["fraction"] > 0.1, 120)
    stage.shot("first-minute-2")
    stage.tell("bpy.ops.clone.cancel_install()")
    seen = until(stage, lambda seen: not seen["stage"], 20)
    assert not seen["python"] and not seen["trouble"] and not seen["environments"], seen
    stage.tell("bpy.ops.clone.install_backend()")
    seen = until(stage, lambda seen: not seen["stage"], 400)
    assert seen["python"] and not seen["trouble"], seen
    stage.shot("first-minute-3")
    stage.tell("bpy.ops.clone.start_backend('INVOKE_DEFAULT')")
    stage.until(lambda state: state["connected"], "the installed backend", 120)
    stage.shot("first-minute-4")
    stage.tell("bpy.ops.clone.remove_backend()")
    seen = until(stage, lambda seen: not seen["environments"], 300)
    assert not seen["python"], seen
    longest = f"the longest took {1e3 * seen['longest']:.1f} ms"
    sys.stdout.write(f"Of {seen['callbacks']} callbacks on the main thread {longest}.\n")
    assert seen["longest"] < CALLBACK_SECONDS


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bpy-python", type=Path, required=True)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    with headed_blender(options.bpy_python, options.out) as stage:
        play(stage, options.wheels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
