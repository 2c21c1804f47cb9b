# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal maps of an image sequence as files, and which of them are still to be made."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import exr
from .frames import Frames, Movie
from .pixels import normal_colors
from .steadiness import Frame, steady

SMALLEST_DIGITS = 4


@dataclass(frozen=True)
class Plan:
    """An image sequence or movie, and where its normal maps go."""

    frames: Frames | Movie
    normals: Frames
    settings: Mapping[str, object]
    """Everything the normals depend on besides the frames, as JSON knows it."""
    steadiness: float = 0.0

    @property
    def record(self) -> Path:
        """The file that says which frames are done, and with which settings."""
        return self.normals.folder / f"{self.normals.head.rstrip('_')}.json"

    def done(self) -> set[int]:
        """Return the numbers of the frames that need not be made again."""
        try:
            recorded = json.loads(self.record.read_text())
            if recorded["settings"] != json.loads(json.dumps(self.settings)):
                return set()
            return {number for number in recorded["frames"] if self._is_current(number)}
        except (OSError, ValueError, KeyError, TypeError):
            return set()  # no record, or none of ours

    def todo(self) -> list[int]:
        """Return the numbers of the frames that are to be made, ascending."""
        done = self.done()
        return [number for number in self.frames.numbers() if number not in done]

    def _is_current(self, number: int) -> bool:
        made, source = self.normals.path(number), self.frames.path(number)
        return made.stat().st_mtime >= source.stat().st_mtime if made.is_file() else False


def normals_of(frames: Frames | Movie, folder: Path | None) -> Frames:
    """Return a sequence's normal maps: ``name_normal_0001.exr`` in a folder, or beside it."""
    name = frames.head.rstrip("._- ") or frames.folder.name
    digits = max(SMALLEST_DIGITS, frames.digits)
    return Frames(folder or frames.folder, f"{name}_normal_", digits, ".exr")


class Writer:
    """Write one frame after the other; every file is there as a whole or not at all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done = plan.done()
        self.before: tuple[int, Frame] | None = None
        """The last frame that was written, and its number."""

    def write(self, number: int, frame: Frame) -> None:
        """Write a frame, steadied by the one before it, and note that it is done.

        Raises:
            OSError: when the folder does not take it.
        """
        normals = frame.normals
        if self.before is not None:
            normals = steady(frame, self.before[1], self.plan.steadiness)
        self.plan.normals.folder.mkdir(parents=True, exist_ok=True)
        _replace(self.plan.normals.path(number), exr.encode(normal_colors(normals)))
        self.before = number, Frame(frame.picture, normals)
        self.done.add(number)
        record = {"settings": self.plan.settings, "frames": sorted(self.done)}
        _replace(self.plan.record, json.dumps(record, indent=1).encode())


def unit_normals(colors: np.ndarray) -> np.ndarray:
    """Return the normals of a normal map's (H, W, 3 or more) colors."""
    normals = colors[..., :3] * np.float32(2.0) - np.float32(1.0)
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)


def _replace(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
