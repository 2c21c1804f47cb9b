"""Everything at once, as ``make demo`` runs it: extension, backend, Blender, results, pictures.

Builds the extension, starts ``python -m backend.server``, installs the zip into a headless Blender,
presses *Estimate Normals* on a picture, and leaves every result in ``out/``.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tyro

import build_addon
from backend.batch.config import EVERYTHING
from backend.batch.results import display, write_outputs
from backend.files import read_picture
from backend.outputs import write_report
from backend.server.client import connect
from backend.sheet import Panel, contact_sheet, result_panels
from shared.connection import find
from shared.settings import EstimateSettings

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0

log = logging.getLogger("demo")


@dataclass(frozen=True)
class DemoConfig:
    """Run the main job end to end."""

    blender_python: Path
    """Python of an environment with bpy."""
    picture: Path = ROOT / "examples" / "gravel.png"
    fov: float = 0.0
    """Horizontal field of view in degrees; 0 is orthographic."""
    steps: int = EstimateSettings.steps
    size: int = EstimateSettings.size
    out: Path = ROOT / "out"


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done and how long it took."""
    log.info("%s …", name)
    began = time.perf_counter()
    yield
    log.info("%s: %.1f s", name, time.perf_counter() - began)


@contextmanager
def backend(run_dir: Path) -> Iterator[None]:
    """Run a backend while the block lasts."""
    command = [sys.executable, "-m", "backend.server", "--run-dir", str(run_dir)]
    stale = find(run_dir)
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while (found := find(run_dir)) is None or found == stale:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"The backend did not start; see {run_dir}/backend.log")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def run(config: DemoConfig) -> None:
    """Run the demo and say where everything is."""
    began = time.perf_counter()
    config.out.mkdir(parents=True, exist_ok=True)
    run_dir = config.out / "run"
    with step("Building the extension"):
        zip_path = build_addon.build("linux-x64", config.out, ROOT / "wheels")
    with backend(run_dir):
        with step("Estimating in Blender, and rendering what came of it"):
            script = ROOT / "examples" / "demo_blender.py"
            options = asdict(config) | {"zip_path": zip_path, "run_dir": run_dir}
            chosen = json.dumps({name: str(value) for name, value in options.items()})
            subprocess.run([config.blender_python, script, chosen], check=True)
        with step("Writing the files"):
            write_files(config, run_dir)
    log.info("\nEverything took %.0f s. Results:", time.perf_counter() - began)
    for path in [zip_path, *sorted(config.out.glob(f"{config.picture.stem}[._]*"))]:
        log.info("  %-44s %8.1f kB", path, path.stat().st_size / 1024)


def write_files(config: DemoConfig, run_dir: Path) -> None:
    """Fetch the job Blender has run from the backend, and write its files and contact sheet."""
    with connect(run_dir) as client:
        job = client.status().jobs[-1].job
        outcome = client.fetch(job)
    stem, file = config.picture.stem, read_picture(config.picture)
    write_outputs(config.out, stem, file, outcome.arrays, EVERYTHING)
    write_report(
        config.out / f"{stem}_report.json", outcome.report, {"picture": config.picture.name}
    )
    for stage in outcome.report.stages:
        log.info("  %s: %.1f s", stage.name, stage.seconds)
    renders = [
        Panel("Gaussians in Blender", over_gray(config.out / f"{stem}_cloud.png")),
        Panel("relit in Blender", over_gray(config.out / f"{stem}_relit.png")),
    ]
    panels = [*result_panels(display(file), outcome.arrays)[:-1], *renders]
    contact_sheet(panels, columns=4).save(config.out / f"{stem}_sheet.png")


def over_gray(path: Path) -> np.ndarray:
    """Read a render as display values over a dark gray."""
    values = read_picture(path).pixels.astype(np.float32) / 255
    alpha = values[..., 3:]
    return values[..., :3] * alpha + 0.1 * (1 - alpha)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(tyro.cli(DemoConfig))
