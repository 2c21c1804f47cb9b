"""What a scene teaches, apart from what only scores.

The trainer is handed ``Lesson`` objects: pictures, light directions, cameras. The true normals stay
in ``Answer`` and go to validation alone.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Lesson:
    """A batch of scenes as cameras and lamps know them; OpenCV camera, linear light."""

    picture: Float[Tensor, "b h w 3"]
    """The picture as a user would give it: several lights, gloss, noise, exposure."""
    single_lights: Float[Tensor, "b k h w"]
    """Luminance under one light at a time, all of strength 1, without anything indirect."""
    directions: Float[Tensor, "b k 3"]
    """Toward each light."""
    inside: Bool[Tensor, "b h w"]
    """Where there is a surface."""
    rays: Float[Tensor, "b h w 3"]
    """View rays with z = 1; the axis where the camera is orthographic."""


def mirrored(lesson: Lesson) -> Lesson:
    """Return the same scenes seen in a mirror: left is right, and so are lights and rays."""
    across = lesson.rays.new_tensor([-1.0, 1.0, 1.0])
    return Lesson(
        picture=lesson.picture.flip(2),
        single_lights=lesson.single_lights.flip(3),
        directions=lesson.directions * across,
        inside=lesson.inside.flip(2),
        rays=lesson.rays.flip(2) * across,
    )


@dataclass(frozen=True)
class Answer:
    """What scores a model and never teaches it."""

    normals: Float[Tensor, "b h w 3"]


@dataclass(frozen=True)
class Scene:
    """A batch of scenes with what scores them."""

    lesson: Lesson
    answer: Answer
