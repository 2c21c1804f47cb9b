"""Scenes without end: procedural worlds, lit one light at a time, for training without normals."""

from training.scenes.generator import generate
from training.scenes.lesson import Answer, Lesson, OtherView, Scene, chosen, mirrored, moved
from training.scenes.stages import KINDS, Kind

__all__ = [
    "KINDS",
    "Answer",
    "Kind",
    "Lesson",
    "OtherView",
    "Scene",
    "chosen",
    "generate",
    "mirrored",
    "moved",
]
