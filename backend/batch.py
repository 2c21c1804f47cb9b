"""Estimate pictures without Blender: ``python -m backend.batch IN OUT``.

IN is a picture or a folder of pictures, OUT a folder. A picture whose report already lies there,
made from the same bytes with the same settings, is skipped, so an interrupted run can be repeated.

Exit codes: 0 everything done, 1 some pictures failed, 2 nothing to do or wrong arguments, 130
stopped by Ctrl-C.
"""

import hashlib
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import tyro

from backend import __version__, openjd
from backend.conventions import wire_arrays, wire_report
from backend.errors import Refused
from backend.files import PICTURE_SUFFIXES, PictureFile, read_mask, read_picture
from backend.image import decode_picture
from backend.model import Clone, shipped_model
from backend.outputs import (
    encode_normals,
    encode_srgb,
    write_gaussians,
    write_image,
    write_report,
)
from backend.pipeline import estimate
from backend.rasterizer import choose
from backend.shards import share
from backend.sheet import Panel, contact_sheet, result_panels, side_view
from shared.settings import EstimateSettings, Start

log = logging.getLogger(__name__)

STOPPED = 130
Output = Literal[
    "normal", "normal_exr", "gaussians", "albedo", "depth", "shading", "confidence", "sheet"
]
EVERYTHING: tuple[Output, ...] = (
    "normal", "normal_exr", "gaussians", "albedo", "depth", "shading", "confidence", "sheet",
)  # fmt: skip


@dataclass(frozen=True)
class BatchConfig:
    """Estimate normals, Gaussians, albedo, depth and light of pictures."""

    source: tyro.conf.Positional[Path]
    """A picture, or a folder of pictures."""
    target: tyro.conf.Positional[Path]
    """Folder for the results; made if it is missing."""
    steps: int = EstimateSettings.steps
    """Steps of the closed loop after the first answer; 0 is feed-forward."""
    fov: float = EstimateSettings.fov_degrees
    """Horizontal field of view in degrees; 0 is orthographic (a flat texture, a long lens)."""
    mask: Path | None = None
    """Mask of the object (white inside): a file, or a folder with one mask per picture name."""
    size: int = EstimateSettings.size
    """Longest side of the grid of Gaussians, in pixels."""
    start: Start = EstimateSettings.start
    """Where the geometry starts."""
    height: bool = EstimateSettings.height
    """Also write the surface's height and where it is occluded."""
    hints: Path | None = None
    """What was painted over the picture (gray 1: flat, 2: ignore), given as a mask is."""
    seed: int = EstimateSettings.seed
    """Seed of everything random; the same seed gives the same answer."""
    outputs: tuple[Output, ...] = EVERYTHING
    """What to write beside the report."""
    device: Annotated[str, tyro.conf.arg(metavar="{cpu,cuda}")] = field(
        default_factory=lambda: "cuda" if torch.cuda.is_available() else "cpu"
    )
    shard: str = "1/1"
    """Which part of the pictures to do, as I/N: of N machines that share a folder, the I-th."""
    progress: Literal["terminal", "openjd"] = "terminal"
    """Whom to tell how far it is: a person, or an Open Job Description runner."""
    threads: int = 0
    """CPU threads; 0 leaves the choice to torch."""

    def settings(self) -> EstimateSettings:
        """Return the request these options stand for."""
        return EstimateSettings(
            fov_degrees=self.fov,
            steps=self.steps,
            size=self.size,
            start=self.start,
            height=self.height,
            seed=self.seed,
        )


def run(config: BatchConfig) -> int:
    """Estimate every picture; return the exit code."""
    pictures = _pictures(config.source)
    if not pictures:
        log.error("There is no picture at %s.", config.source)
        return 2
    if problem := config.settings().problem():
        log.error("%s", problem)
        return 2
    try:
        pictures = share(pictures, config.shard)
    except ValueError as error:
        log.error("%s", error)
        return 2
    config.target.mkdir(parents=True, exist_ok=True)
    model = shipped_model(torch.device(config.device))
    failed = 0
    for number, path in enumerate(pictures, 1):
        label = f"[{number}/{len(pictures)}] {path.name}"
        on_farm = config.progress == "openjd"
        progress = openjd.progress(label, number, len(pictures)) if on_farm else _progress(label)
        try:
            _one(path, config, label, model, progress)
            progress("done", 1.0)
        except Refused as refused:
            failed += 1
            log.error("%s: %s %s", label, refused.message, refused.advice)
    return 1 if failed else 0


def _one(
    path: Path,
    config: BatchConfig,
    label: str,
    model: Clone | None,
    progress: Callable[[str, float], None],
) -> None:
    """Estimate one picture unless its result is there."""
    mask_path, hints_path = _paired(path, config.mask), _paired(path, config.hints)
    identity = _identity((path, mask_path, hints_path), config)
    report_path = config.target / f"{path.stem}_report.json"
    if _done(report_path, identity):
        log.info("%s: already done", label)
        return
    began = time.perf_counter()
    file = read_picture(path)
    picture = decode_picture(
        file.pixels,
        file.transfer,
        read_mask(mask_path) if mask_path else None,
        read_mask(hints_path) if hints_path else None,
    )
    device = torch.device(config.device)
    result = estimate(picture, config.settings(), device, progress, lambda: False, model)
    arrays = wire_arrays(result)
    write_outputs(config.target, path.stem, file, arrays, config.outputs)
    report = wire_report(result)
    extra = {"picture": path.name, "version": __version__, "identity": identity}
    write_report(report_path, report, extra | {"settings": asdict(config.settings())})
    log.info("%s: done in %.1f s (%s)", label, time.perf_counter() - began, report.start)


def write_outputs(
    folder: Path,
    stem: str,
    file: PictureFile,
    arrays: dict[str, np.ndarray],
    outputs: tuple[Output, ...],
) -> None:
    """Write the chosen outputs of one picture."""

    def image(suffix: str, pixels: np.ndarray, linear: bool = True) -> Callable[[], object]:
        return lambda: write_image(folder / f"{stem}_{suffix}", pixels, linear)

    writers: dict[Output, Callable[[], object]] = {
        "normal": image("normal.png", encode_normals(arrays["normals"])),
        "normal_exr": image("normal.exr", arrays["normals"]),
        "gaussians": lambda: write_gaussians(folder / f"{stem}_gaussians.ply", arrays),
        "albedo": image("albedo.png", encode_srgb(arrays["albedo"]), linear=False),
        "depth": image("depth.exr", arrays["depth"]),
        "shading": image("shading.exr", arrays["shading"]),
        "confidence": image("confidence.png", arrays["confidence"]),
        "sheet": lambda: _write_sheet(folder / f"{stem}_sheet.png", file, arrays),
    }
    for output in outputs:
        writers[output]()
    if "height" in arrays:
        image("height.exr", arrays["height"])()
        image("occlusion.png", arrays["occlusion"])()


def _write_sheet(path: Path, file: PictureFile, arrays: dict[str, np.ndarray]) -> None:
    shown = display(file)
    view = side_view(arrays, choose(torch.device("cpu")))
    panels = [*result_panels(shown, arrays), Panel("Gaussians from the side", view)]
    contact_sheet(panels, columns=4).save(path)


def display(file: PictureFile) -> np.ndarray:
    """Return a picture file as display values, (H, W, 3) in 0..1, alpha over black."""
    values = file.pixels
    if values.dtype in (np.uint8, np.uint16):
        values = values.astype(np.float32) / np.iinfo(values.dtype).max
    channels = values.shape[2]
    colour = values[..., : channels - 1] if channels in (2, 4) else values
    colour = colour * values[..., -1:] if channels in (2, 4) else colour
    colour = np.repeat(colour, 3, axis=-1) if colour.shape[-1] == 1 else colour
    return encode_srgb(np.nan_to_num(colour)) if file.transfer == "linear" else colour


def _pictures(source: Path) -> list[Path]:
    if source.is_dir():
        return sorted(p for p in source.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)
    return [source] if source.exists() else []


def _paired(path: Path, given: Path | None) -> Path | None:
    """Return what belongs to a picture: the given file, or that of its name in a folder."""
    if given is None or not given.is_dir():
        return given
    found = [p for p in sorted(given.iterdir()) if p.stem == path.stem]
    return found[0] if found else None


def _identity(files: tuple[Path | None, ...], config: BatchConfig) -> str:
    """Hash what a result depends on: pictures, settings, outputs and this version."""
    request = [__version__, asdict(config.settings()), sorted(config.outputs)]
    digest = hashlib.sha256(json.dumps(request).encode())
    for part in files:
        digest.update(part.read_bytes() if part is not None and part.is_file() else b"-")
    return digest.hexdigest()


def _done(report_path: Path, identity: str) -> bool:
    try:
        return json.loads(report_path.read_text()).get("identity") == identity
    except (OSError, ValueError, AttributeError):
        return False


def _progress(label: str) -> Callable[[str, float], None]:
    """Keep one line on a terminal up to date; say nothing into a file."""
    if not sys.stderr.isatty():
        return lambda stage, fraction: None
    began = time.perf_counter()

    def show(stage: str, fraction: float) -> None:
        elapsed = time.perf_counter() - began
        left = f", {elapsed / fraction - elapsed:.0f} s left" if fraction > 0.15 else ""
        sys.stderr.write(f"\r\033[K{label}: {stage} {fraction:4.0%}{left}")
        if fraction >= 1.0:
            sys.stderr.write("\r\033[K")
        sys.stderr.flush()

    return show


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = tyro.cli(BatchConfig, prog="python -m backend.batch")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # how a farm cancels a task
    if config.threads:
        torch.set_num_threads(config.threads)
    try:
        sys.exit(run(config))
    except KeyboardInterrupt:
        log.error("\nStopped. The same command goes on where this one ended.")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
