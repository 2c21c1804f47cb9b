"""What a scene teaches, apart from what only scores.

The trainer is handed ``Lesson`` objects: pictures, light directions, cameras. The true normals stay
in ``Answer`` and go to validation alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class OtherView:
    """The same scenes from a second place under the same light, for those that have one."""

    first: Float[Tensor, "b h w 3"]
    """What the first camera saw, before its picture was degraded."""
    picture: Float[Tensor, "b h w 3"]
    inside: Bool[Tensor, "b h w"]
    rays: Float[Tensor, "b h w 3"]
    rotation: Float[Tensor, "b 3 3"]
    """A point p of the first camera is ``R p + t`` in the second."""
    translation: Float[Tensor, "b 3"]
    """In units of the scene; in pixels of the first picture where the camera is orthographic."""
    known: Bool[Tensor, " b"]
    """Which scenes have a second view; the rest of their entries mean nothing."""


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
    outline: Float[Tensor, "b h w 2"]
    """What the outline alone says (``backend.outline``); 0 where nothing is cut out."""
    other: OtherView | None = None


def chosen(lesson: Lesson, indices: list[int]) -> Lesson:
    """Return some of a lesson's scenes."""
    return _each(lesson, lambda values: values[indices])


def moved(lesson: Lesson, device: torch.device) -> Lesson:
    """Carry a lesson to a device."""
    return _each(lesson, lambda values: values.to(device))


def _each(lesson: Lesson, change: Callable[[Tensor], Tensor]) -> Lesson:
    maps = {k: change(v) for k, v in vars(lesson).items() if k != "other"}
    other = lesson.other
    if other is not None:
        other = OtherView(**{k: change(v) for k, v in vars(other).items()})
    return Lesson(**maps, other=other)


def mirrored(lesson: Lesson) -> Lesson:
    """Return the same scenes seen in a mirror: left is right, and so are lights and rays."""
    across = lesson.rays.new_tensor([-1.0, 1.0, 1.0])
    return Lesson(
        picture=lesson.picture.flip(2),
        single_lights=lesson.single_lights.flip(3),
        directions=lesson.directions * across,
        inside=lesson.inside.flip(2),
        rays=lesson.rays.flip(2) * across,
        outline=lesson.outline.flip(2) * across[:2],
        other=_mirrored_view(lesson.other) if lesson.other else None,
    )


def _mirrored_view(view: OtherView) -> OtherView:
    across = view.rays.new_tensor([-1.0, 1.0, 1.0])
    return OtherView(
        first=view.first.flip(2),
        picture=view.picture.flip(2),
        inside=view.inside.flip(2),
        rays=view.rays.flip(2) * across,
        rotation=across[:, None] * view.rotation * across,
        translation=view.translation * across,
        known=view.known,
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
