"""Drive a headed Blender with a real mouse against the fake backend, and keep screenshots.

    python -m tests.headed.screenshots --bpy-python PYTHON --out DIR

Needs Xvfb, xdotool, ImageMagick's import, binutils and Mesa. Fails when a click does not do what it
should.
"""

import argparse
import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

import build_addon
from tests.fake_backend import Behaviour, FakeBackend
from tests.headed.told import (
    CLOSE_PREFERENCES,
    FRAME_ALL,
    OPEN_EVERY_PANEL,
    OPEN_SEQUENCE,
    SHOW_PREFERENCES,
)

HERE = Path(__file__).parent
SCREEN = "1500x900"
SETTLE_SECONDS = 12.0
COMPLAINT = re.compile(r"Traceback|Python script error|(warning|error).*clone", re.IGNORECASE)

log = logging.getLogger("screenshots")


@dataclass(frozen=True)
class Stage:
    """A running headed Blender: its display and the files it talks through."""

    display: str
    folder: Path
    out: Path
    blender: subprocess.Popen

    def state(self) -> dict:
        """Return what Blender last reported."""
        try:
            return json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError:
            return {}

    def until(self, condition: Callable[[dict], object], what: str, seconds: float = 60.0) -> dict:
        """Wait until Blender reports something."""
        deadline = time.monotonic() + seconds
        while not condition(state := self.state()):
            assert self.blender.poll() is None, f"Blender ended while waiting for: {what}"
            assert time.monotonic() < deadline, f"waited in vain for: {what}; last {state}"
            time.sleep(0.1)
        return state

    def tell(self, python: str) -> None:
        """Run a line of Python in Blender."""
        command = self.folder / "command.py"
        (self.folder / "unfinished").write_text(python)
        (self.folder / "unfinished").replace(command)
        while command.exists():
            time.sleep(0.05)

    def mouse(self, x: float, y: float, *then: str) -> None:
        """Move the mouse, then do what xdotool is told."""
        command = ["xdotool", "mousemove", str(round(x)), str(round(y)), "sleep", "0.2", *then]
        subprocess.run(command, env=os.environ | {"DISPLAY": self.display}, check=True)

    def shot(self, name: str) -> Image.Image:
        """Keep a picture of the screen as soon as it is still, and return it."""
        target, seen, deadline = self.out / f"{name}.png", None, time.monotonic() + SETTLE_SECONDS
        command = ["import", "-display", self.display, "-window", "root", str(target)]
        while True:  # software rendering: panels still move, previews are still drawn
            time.sleep(2.0)
            subprocess.run(command, check=True)
            drawn = Image.open(target).convert("RGB")
            if (seen and drawn.tobytes() == seen.tobytes()) or time.monotonic() > deadline:
                log.info("%s", target)
                return drawn
            seen = drawn

    def panel(self, area: str) -> dict:
        """Return where the side panel of an editor is."""
        state = self.until(
            lambda state: any(
                panel["area"] == area and panel["tab"] == "CLONE Normals" and panel["width"] > 50
                for panel in state.get("panels", ())
            ),
            f"the tab in {area}",
        )
        return next(panel for panel in state["panels"] if panel["area"] == area)

    def click_estimate(self, area: str) -> None:
        """Click down the panel until the button has been hit."""
        self.tell("bpy.ops.clone.dismiss()")
        self.until(lambda state: not state["trouble"], "an empty error box")
        panel = self.panel(area)
        x = panel["left"] + panel["width"] * 0.4
        for below in range(150, 330, 14):
            self.mouse(x, panel["top"] + below, "click", "1")
            time.sleep(0.6)
            state = self.state()
            if state["phase"] != "idle" or state["trouble"]:
                log.info("the button is %d pixels below the panel's top", below)
                return
        self.shot("missed")
        raise AssertionError("no click hit the button")


@contextlib.contextmanager
def headed_blender(python: Path, out: Path) -> Iterator[Stage]:
    """Start a display and a Blender on it, with the add-on installed from its zip."""
    folder = Path(tempfile.mkdtemp(prefix="clone-headed-"))
    archive = build_addon.build("linux-x64", folder, build_addon.ROOT / "wheels")
    display, server = start_display()
    environment = os.environ | {
        "DISPLAY": display,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "XDG_RUNTIME_DIR": str(folder),
        "BLENDER_USER_RESOURCES": str(folder / "user"),
    }
    script = [HERE / "scenario.py", archive, folder / "run"]
    files = [folder / "state.json", folder / "command.py"]
    command = [python, HERE / "headed_bpy.py", *script, *files]
    with (out / "blender.log").open("wb") as output:
        blender = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield Stage(display, folder, out, blender)
    finally:
        for process in (blender, server):
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def start_display() -> tuple[str, subprocess.Popen]:
    """Start Xvfb on a display that it chooses itself."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{SCREEN}x24"]
    server = subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading) as answer:
        return f":{answer.readline().strip()}", server


def play(stage: Stage) -> None:
    """Click through what an artist sees."""
    run_dir = stage.folder / "run"
    panel = stage.panel("IMAGE_EDITOR")
    stage.mouse(panel["left"] + 100, panel["top"] + 400)
    time.sleep(1.0)
    stage.shot("1-ready")
    stage.click_estimate("IMAGE_EDITOR")
    stage.until(lambda state: "not running" in state["trouble"], "the error box")
    stage.shot("2-no-backend")
    stage.tell("bpy.context.scene.clone_normals.refine = True")
    with FakeBackend(run_dir, Behaviour("hold", pace=1.5)):
        watch_and_cancel(stage, "IMAGE_EDITOR", "3-live-preview")
        stage.shot("4-cancelled")
    with FakeBackend(run_dir, Behaviour(pace=0.5)):
        estimate_and_undo(stage)
    with FakeBackend(run_dir, Behaviour("hold", pace=1.5)):
        watch_and_cancel(stage, "VIEW_3D", "7-live-preview-3d-view")
        show_a_sequence(stage)
        stage.tell(SHOW_PREFERENCES)
        stage.shot("9-preferences")
        stage.tell(CLOSE_PREFERENCES)
        show_every_panel(stage)


def watch_and_cancel(stage: Stage, area: str, name: str) -> None:
    """Click the button, see the normal map grow, and take it all back with Esc."""
    before = stage.state()
    stage.click_estimate(area)
    stage.until(lambda state: state["fraction"] > 0.5, "several previews")
    assert stage.state()["shown"] == "plaster_preview"
    stage.shot(name)
    panel = stage.panel(area)
    stage.mouse(panel["left"] + 100, panel["top"] + 700, "key", "Escape")
    after = stage.until(lambda state: state["phase"] == "idle", "Esc cancels", 5.0)
    for what in ("images", "objects", "shown", "zoom"):
        assert after[what] == before[what], (what, before[what], after[what])


def estimate_and_undo(stage: Stage) -> None:
    """Click the button, see the result, and take it back and forth in one step."""
    stage.click_estimate("IMAGE_EDITOR")
    done = stage.until(lambda state: state["shown"] == "plaster_normal", "the result")
    assert "plaster_preview" not in done["images"]
    stage.tell(FRAME_ALL)
    panel = stage.panel("VIEW_3D")
    stage.mouse(panel["left"] - 100, panel["top"] + 500)  # redraws what has settled
    move_a_slider(stage)
    stage.tell("bpy.ops.ed.undo()")
    state = stage.until(lambda state: "plaster_normal" not in state["images"], "undo")
    assert "plaster_card" not in state["objects"] and state["shown"] == "plaster"
    stage.tell("bpy.ops.ed.redo()")
    stage.until(lambda state: "plaster_normal" in state["images"], "redo")


def move_a_slider(stage: Stage) -> None:
    """Move a slider, and see the map follow without a click; and back."""
    before, seen = stage.state()["digest"], stage.shot("5-done")
    stage.tell("bpy.context.scene.clone_textures.strength = 3.0")
    stage.until(lambda state: state["digest"] != before, "the map to follow", 10.0)
    drawn = stage.shot("6-slider")
    corner = (20, 300, 300, 600)  # of the Image Editor's picture
    assert seen.crop(corner).tobytes() != drawn.crop(corner).tobytes(), "the editor draws no change"
    stage.tell("bpy.context.scene.clone_textures.strength = 1.0")
    stage.until(lambda state: state["digest"] == before, "the map to come back", 10.0)


def show_a_sequence(stage: Stage) -> None:
    """Show the panels of a sequence where there is a farm."""
    stage.tell(OPEN_SEQUENCE)
    panel = stage.panel("IMAGE_EDITOR")
    stage.mouse(panel["left"] + 100, panel["top"] + 500, "click", "--repeat", "30", "5")  # wheel
    stage.shot("8-sequence-and-farm")


def show_every_panel(stage: Stage) -> None:
    """Open every panel of both editors, and show them from top to bottom."""
    stage.tell(OPEN_EVERY_PANEL)
    wheel: list[str] = []
    for number in range(4):
        for area in ("IMAGE_EDITOR", "VIEW_3D"):
            panel = stage.panel(area)
            stage.mouse(panel["left"] + 8, panel["top"] + 400, *wheel)
        stage.shot(f"10-every-panel-{number + 1}")
        wheel = ["click", "--repeat", "12", "--delay", "60", "5"]


def main() -> int:
    """Take the screenshots that the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bpy-python", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    with headed_blender(options.bpy_python, options.out) as stage:
        play(stage)
    return complaints(options.out / "blender.log")


def complaints(said: Path) -> int:
    """Count and show what Blender said of errors in Python and of warnings that are ours."""
    lines = said.read_text(errors="replace").splitlines()
    ours = [line for line in lines if COMPLAINT.search(line)]
    for line in ours:
        log.error("Blender said: %s", line)
    return len(ours)


if __name__ == "__main__":
    sys.exit(main())
