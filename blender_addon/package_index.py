# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the packages that the backend needs come from."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Build = Literal["CPU", "NVIDIA", "CUSTOM"]

TORCH_CPU = "https://download.pytorch.org/whl/cpu"
TORCH_CUDA = "https://download.pytorch.org/whl/cu128"


@dataclass(frozen=True)
class Sources:
    """What the installer is told about where to look, and what to expect."""

    name: str
    """In the artist's words."""
    megabytes: int
    """What is on the disk at the end, roughly."""
    torch: tuple[str, ...] = ()
    """The installer's arguments for PyTorch alone; none when it comes with the rest."""
    rest: tuple[str, ...] = ()
    online: bool = True
    """Whether something is fetched over a network."""


def sources(build: Build, custom: str = "", platform: str = sys.platform) -> Sources:
    """Return where packages come from, for a choice of PyTorch and an index of one's own.

    PyTorch on PyPI is for NVIDIA GPUs on Linux and for the CPU on Windows, so each other choice
    comes from PyTorch's own index. A custom index is a URL, or a folder of wheels; without one
    there is no name.
    """
    if build == "CUSTOM":
        custom = custom.strip()
        folder = Path(custom).expanduser()
        if custom and folder.is_dir():  # an empty path is the current folder's
            return Sources(
                str(folder), 1500, rest=("--no-index", "--find-links", str(folder)), online=False
            )
        return Sources(custom, 1500, rest=("--index-url", custom))
    if build == "NVIDIA" and platform != "darwin":
        torch = ("--index-url", TORCH_CUDA) if platform == "win32" else ()
        return Sources("pypi.org" + " and pytorch.org" * bool(torch), 7000, torch)
    if platform == "darwin":
        return Sources("pypi.org", 1000)
    return Sources("pytorch.org and pypi.org", 1300, ("--index-url", TORCH_CPU))
