"""The options of the batch command."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from backend.device import choose_device
from shared.settings import EstimateSettings, LightFrom, Start

Output = Literal[
    "normal", "normal_exr", "gaussians", "spz", "albedo", "depth", "shading", "confidence",
    "sheet", "exr", "blend",
]  # fmt: skip
EVERYTHING: tuple[Output, ...] = (
    "normal", "normal_exr", "gaussians", "albedo", "depth", "shading", "confidence", "sheet",
)  # fmt: skip
GOES_ON_FROM = frozenset({"normal_exr", "depth"})
"""Outputs that a steady sequence reads back: each frame goes on from the one before."""
OPENED = frozenset({"normal_exr", "gaussians", "albedo", "depth"})
"""Outputs that a .blend is made from."""


@dataclass(frozen=True)
class BatchConfig:
    """Estimate normals, Gaussians, albedo, depth and light of pictures."""

    paths: tyro.conf.Positional[tuple[Path, ...]]
    """Pictures, folders, patterns ('*.png') or numbered sequences ('shot.####.exr'); at the end
    the folder for the results, which is made if it is missing."""
    steps: int = EstimateSettings.steps
    """Steps of the closed loop after the first answer; 0 is feed-forward."""
    fov: float | Literal["auto"] = EstimateSettings.fov_degrees
    """Horizontal field of view in degrees; 0 is orthographic (a flat texture, a long lens), auto
    takes it from the photograph's EXIF data and 0 where they do not say."""
    mask: Path | None = None
    """Mask of the object (white inside): a file, or a folder with one mask per picture name."""
    size: int = EstimateSettings.size
    """Longest side of the grid of Gaussians, in pixels."""
    start: Start = EstimateSettings.start
    """Where the geometry starts."""
    prior: str = EstimateSettings.prior
    """Name of an installed prior that gives the shape; see python -m backend.priors list."""
    light_from: LightFrom = EstimateSettings.light_from
    """From which side of the pictures their light comes; it tells bumps from dents."""
    seamless: bool = EstimateSettings.seamless
    """The pictures tile, and so shall the results."""
    height: bool = EstimateSettings.height
    """Also write the surface's height and where it is occluded."""
    hints: Path | None = None
    """What was painted over the picture (gray 1: flat, 2: ignore), given as a mask is."""
    steady: float = 0.0
    """How much the frames of a numbered sequence hold still where the picture does, 0 to 1."""
    seed: int = EstimateSettings.seed
    """Seed of everything random; the same seed gives the same answer."""
    outputs: tuple[Output, ...] = EVERYTHING
    """What to write beside the report; exr holds the maps as layers of one file, blend is for
    Blender."""
    blender: Path | None = None
    """What writes .blend files: a Blender, or a Python that has bpy; the add-on is installed
    there."""
    jobs: int = 1
    """Pictures worked on at the same time, each by a process of its own; one on a GPU."""
    device: Annotated[str, tyro.conf.arg(metavar="{cpu,cuda}")] = field(
        default_factory=lambda: choose_device("auto").type
    )
    shard: str = "1/1"
    """Which part of the pictures to do, as I/N: of N machines that share a folder, the I-th."""
    progress: Literal["terminal", "openjd"] = "terminal"
    """Whom to tell how far it is: a person, or an Open Job Description runner."""
    threads: int = 0
    """CPU threads of all jobs together; 0 leaves the choice to torch."""
    json: bool = False
    """Print one line of JSON per picture on the standard output."""

    @property
    def sources(self) -> tuple[Path, ...]:
        """What was given as input."""
        return self.paths[:-1]

    @property
    def target(self) -> Path:
        """Folder for the results."""
        return self.paths[-1]

    @property
    def workers(self) -> int:
        """Return how many processes work; one GPU is shared by none."""
        return 1 if self.device.startswith("cuda") else self.jobs

    def settings(self, fov_known: float | None = None) -> EstimateSettings:
        """Return the request these options stand for; ``fov_known`` is what the file says."""
        return EstimateSettings(
            fov_degrees=(fov_known or 0.0) if self.fov == "auto" else self.fov,
            steps=self.steps,
            size=self.size,
            start=self.start,
            prior=self.prior,
            light_from=self.light_from,
            seamless=self.seamless,
            height=self.height,
            seed=self.seed,
        )

    def problem(self) -> str | None:
        """Say in one sentence what cannot be done, or None."""
        if len(self.paths) < 2:
            return "Name what to estimate and, at the end, the folder for the results."
        if self.jobs < 1:
            return f"{self.jobs} jobs were asked for; at least one is needed."
        if self.threads < 0:
            return f"{self.threads} threads were asked for; 0 leaves the choice to torch."
        if self.seamless and self.fov == "auto":
            return "Pictures that tile are flat: leave out --fov auto."
        return self._steady_problem() or self._blend_problem() or self.settings().problem()

    def _steady_problem(self) -> str | None:
        if not 0.0 <= self.steady <= 1.0:
            return f"The steadiness is {self.steady:g}; it must lie between 0 and 1."
        if self.steady and self.jobs > 1:
            return "Steady frames go on from the frame before: leave out --jobs, or --steady."
        if self.steady and self.shard != "1/1":
            return "Steady frames go on from the frame before: leave out --shard, or --steady."
        if self.steady and not set(self.outputs) >= GOES_ON_FROM:
            return "Steady frames go on from files: keep normal_exr and depth among --outputs."
        return None

    def _blend_problem(self) -> str | None:
        if "blend" not in self.outputs:
            return "--blender writes a .blend: add blend to --outputs." if self.blender else None
        if self.blender is None:
            return "Blender itself writes a .blend: say where it is with --blender."
        if shutil.which(self.blender) is None:
            return f"There is no program at {self.blender}: say with --blender where Blender is."
        if not set(self.outputs) >= OPENED:
            needed = ", ".join(sorted(OPENED))
            return f"A .blend is made from other files: keep {needed} among --outputs."
        return None
