"""Submit a folder of pictures: ``python -m farm.submit flamenco|openjd PICTURES RESULTS``.

Exit codes: that of the job's run for openjd; for flamenco 0 when the Manager has the job, 1 when
not; 2 for wrong arguments.
"""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from shared import flamenco
from shared.settings import EstimateSettings, LightFrom

TEMPLATE = Path(__file__).with_name("openjd.json")


@dataclass(frozen=True)
class Wanted:
    """What is to be estimated."""

    pictures: tyro.conf.Positional[Path]
    """Folder with the pictures; for a farm, on storage that all its machines see."""
    results: tyro.conf.Positional[Path]
    """Folder for the results, likewise; not the one with the pictures."""
    steps: int = EstimateSettings.steps
    """Steps of the closed loop after the first answer; 0 is feed-forward."""
    size: int = EstimateSettings.size
    """Longest side of the grid of Gaussians, in pixels."""
    fov: float = EstimateSettings.fov_degrees
    """Horizontal field of view in degrees; 0 is orthographic."""
    light_from: LightFrom = EstimateSettings.light_from
    """Side of the pictures that their light comes from."""
    seamless: bool = EstimateSettings.seamless
    """The pictures tile, and so do the results."""
    shards: int = flamenco.JobSettings.shards
    """Tasks that the pictures are shared out to."""

    def problem(self) -> str | None:
        """Say in a sentence what cannot be done, or None."""
        if self.pictures.absolute() == self.results.absolute():
            return "The results need a folder of their own."
        if not 1 <= self.shards <= 1000:
            return f"{self.shards} shards were asked for; 1 to 1000 are possible."
        settings = EstimateSettings(
            fov_degrees=self.fov,
            steps=self.steps,
            size=self.size,
            light_from=self.light_from,
            seamless=self.seamless,
        )
        return settings.problem()


@dataclass(frozen=True)
class Flamenco(Wanted):
    """Send the job to a Flamenco Manager."""

    manager: str = "http://localhost:8080"
    """The Manager's address."""
    name: str = ""
    """The job's name; empty for that of the pictures' folder."""
    priority: int = 50
    """The higher, the sooner."""


@dataclass(frozen=True)
class OpenJD(Wanted):
    """Run the job on this machine with openjd-cli, as a farm's worker would."""

    python: str = sys.executable
    """Python of an environment in which clone-normals is installed."""
    show: bool = False
    """Only print the command."""


Choice = (
    Annotated[Flamenco, tyro.conf.subcommand("flamenco")]
    | Annotated[OpenJD, tyro.conf.subcommand("openjd")]
)


def openjd_command(wanted: OpenJD) -> list[str]:
    """Return the command that runs the job, one task after the other."""
    parameters = {
        "Pictures": wanted.pictures.absolute(),
        "Results": wanted.results.absolute(),
        "Python": wanted.python,
        "Shards": wanted.shards,
        "Steps": wanted.steps,
        "Size": wanted.size,
        "Fov": wanted.fov,
        "LightFrom": wanted.light_from,
        "Tiling": "seamless" if wanted.seamless else "no-seamless",
    }
    given = [part for key, value in parameters.items() for part in ("-p", f"{key}={value}")]
    return [sys.executable, "-m", "openjd", "run", str(TEMPLATE), *given]


def send(wanted: Flamenco) -> str:
    """Send a job to the Manager; return its id.

    Raises:
        NotSubmitted: when the farm does not have it.
    """
    pictures = wanted.pictures.absolute()
    settings = flamenco.JobSettings(
        str(pictures),
        str(wanted.results.absolute()),
        wanted.steps,
        wanted.size,
        wanted.fov,
        wanted.light_from,
        wanted.seamless,
        wanted.shards,
    )
    job = flamenco.job(wanted.name or pictures.name, settings, wanted.priority)
    return flamenco.submit(wanted.manager, job)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    wanted = tyro.cli(Choice, prog="python -m farm.submit", args=arguments)
    if problem := wanted.problem():
        sys.stderr.write(f"{problem}\n")
        return 2
    if isinstance(wanted, OpenJD):
        command = openjd_command(wanted)
        if wanted.show:
            sys.stdout.write(f"{subprocess.list2cmdline(command)}\n")
            return 0
        if importlib.util.find_spec("openjd") is None:
            sys.stderr.write("openjd-cli is missing here. Install it: pip install openjd-cli\n")
            return 2
        return subprocess.run(command, check=False).returncode
    try:
        job = send(wanted)
    except flamenco.NotSubmitted as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The job is on the farm: {wanted.manager.rstrip('/')}/app/jobs/{job}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
