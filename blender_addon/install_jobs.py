# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installation consists of: the processes that lead to a Python which runs the backend."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import environments
from .package_index import Sources

LOG_NAME = "install.log"
ONNX = "onnxruntime>=1.20"
"""What runs priors, as the backend's own package asks for it."""
SELFTEST_SECONDS = 600.0
DOWNLOADED = 0.9
"""How far an installation is when everything is on the disk."""


@dataclass(frozen=True)
class Step:
    """One process of an installation."""

    stage: str
    command: tuple[str, ...]
    until: float
    """How far the whole is when this is done."""
    failure: str
    advice: str
    seconds: float | None = None
    """How long it may take; None for as long as it likes."""


@dataclass(frozen=True)
class Job:
    """Steps that lead to a Python which runs the backend."""

    python: Path
    steps: tuple[Step, ...]
    log: Path
    cwd: Path
    environment: Path | None = None
    """The folder that the steps make, deleted unless all of them succeed."""
    megabytes: float = 1.0
    """What that folder holds at the end, roughly."""
    prior: str = ""
    """The prior that is there at the end."""


def installation(
    root: Path, base: Path, wheel: Path, source: Sources, uv: str | None = None
) -> Job:
    """Return the job that puts the backend into an environment of its own under ``root``."""
    environment = environments.new_environment(root)
    python = environments.python_in(environment)
    make = (uv, "venv", "--python", str(base)) if uv else (str(base), "-m", "venv")
    kept = "What was in use before still is."
    steps = [
        Step(
            "Making an Environment",
            (*make, str(environment)),
            0.05,
            "An environment for the backend could not be made.",
            "Choose another Python with Use Existing Python.",
        )
    ]
    advice = f"Check the network, the disk and the package index. {kept}"
    if source.torch:
        install = _install_command(uv, python, "torch", source.torch)
        failure = "PyTorch could not be installed."
        steps.append(Step("Installing PyTorch", install, DOWNLOADED - 0.2, failure, advice))
    install = _install_command(uv, python, str(wheel), source.rest)
    failure = "The backend could not be installed."
    steps.append(Step("Installing the Backend", install, DOWNLOADED, failure, advice))
    steps.append(_selftest(python, f"Try again, or show the log to whoever can help. {kept}"))
    log = root / LOG_NAME
    return Job(python, tuple(steps), log, root, environment, source.megabytes)


def check(python: Path, folder: Path | None, root: Path) -> Job:
    """Return the job that finds out whether the backend works in a Python that is there."""
    advice = "Choose the Python of an environment the backend is installed in, or install it here."
    return Job(python, (_selftest(python, advice),), root / LOG_NAME, folder or root)


def prior(
    name: str,
    python: Path,
    folder: Path | None,
    root: Path,
    source: Sources | None,
    uv: str | None = None,
) -> Job:
    """Return the job that fetches a prior; ``source`` is where to get what runs it, if we may."""
    steps = []
    if source is not None:
        failure = "What runs a prior could not be installed."
        if uv is None and not environments.has_pip(python):
            # it comes with Python, so no index needs to have it
            make, advice = (str(python), "-m", "ensurepip"), "Install the backend once more."
            steps.append(Step("Installing pip", make, 0.1, failure, advice))
        command = _install_command(uv, python, ONNX, source.rest)
        advice = "Check the network, the disk and the package index. The backend works as before."
        steps.append(Step("Installing onnxruntime", command, 0.3, failure, advice))
    fetch = (str(python), "-m", "backend.priors", "fetch", name, "--accept-licence")
    advice = "What has arrived is kept: try again, and it goes on from there."
    failure = "The prior could not be fetched."
    steps.append(Step("Fetching the Prior", fetch, 1.0, failure, advice))
    return Job(python, tuple(steps), root / LOG_NAME, folder or root, prior=name)


def problem(base: Path | None, wheel: Path | None, root: Path, megabytes: float) -> str | None:
    """Say in a sentence or two why nothing can be installed here, or None."""
    if base is None:
        return "Blender's Python was not found. Choose another with Use Existing Python."
    if wheel is None:
        return "This add-on came without its backend. Install the add-on from its released zip."
    free = shutil.disk_usage(root).free / 1e6
    if free < megabytes:
        needs = f"{megabytes / 1e3:.1f} GB are needed and {free / 1e3:.1f} GB are free"
        return f"The disk is too full: {needs} at {root}. Free some and try again."
    return None


def _install_command(
    uv: str | None, python: Path, package: str, arguments: tuple[str, ...]
) -> tuple[str, ...]:
    # Only wheels: nothing is compiled here. No cache: all there is lies in the one folder.
    common = ("--only-binary", ":all:", *arguments, package)
    if uv:
        return (uv, "pip", "install", "--python", str(python), "--no-cache", *common)
    quiet = ("--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off")
    return (str(python), "-m", "pip", "install", *quiet, *common)


def _selftest(python: Path, advice: str) -> Step:
    return Step(
        "Testing the Backend",
        (str(python), "-m", "backend.server", "--selftest"),
        1.0,
        "The backend does not work.",
        advice,
        SELFTEST_SECONDS,
    )
