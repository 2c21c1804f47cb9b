"""Look at the procedural scenes: ``python -m training.render --sheet scenes.png``."""

import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from backend.conventions import flip_axes
from backend.image import linear_to_srgb
from backend.outputs import encode_normals
from backend.sheet import Panel, contact_sheet
from training.scenes import KINDS, Scene, generate

log = logging.getLogger(__name__)

SHOWN_LIGHTS = 2


@dataclass(frozen=True)
class RenderConfig:
    """Draw scenes of every kind with two of their single lights and their normals."""

    sheet: Path
    """Picture to write (PNG)."""
    scenes: int = 2
    """Scenes of each kind."""
    size: int = 128
    seed: int = 1


def run(config: RenderConfig) -> None:
    """Make the scenes, say how fast, and write the sheet."""
    panels = []
    for kind in KINDS:
        began = time.perf_counter()
        scene = generate(kind, config.seed, config.scenes, config.size)
        rate = config.scenes * 60 / (time.perf_counter() - began)
        log.info("%s: %.0f scenes per minute", kind, rate)
        for index in range(config.scenes):
            panels += _panels(kind, scene, index)
    contact_sheet(panels, columns=2 * (2 + SHOWN_LIGHTS)).save(config.sheet)


def _panels(kind: str, scene: Scene, index: int) -> list[Panel]:
    lesson = scene.lesson
    inside = lesson.inside[index].numpy()[..., None]
    normals = encode_normals(flip_axes(scene.answer.normals[index]).numpy()) * inside
    lights = linear_to_srgb(lesson.single_lights[index])
    return [
        Panel(kind, linear_to_srgb(lesson.picture[index]).numpy()),
        *(Panel(f"light {k + 1}", lights[k].numpy()) for k in range(SHOWN_LIGHTS)),
        Panel("normals (score only)", normals),
    ]


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(tyro.cli(RenderConfig, prog="python -m training.render"))
