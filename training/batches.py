"""Lessons of one scene each, put into a batch."""

from dataclasses import replace

import torch
import torch.nn.functional as F

from training.scenes import Lesson, OtherView


def batched(lessons: list[Lesson]) -> Lesson:
    """Put lessons of one scene each into a batch.

    Where one has fewer lights than another it gets dark ones, and the dark has no say.
    """
    most = max(lesson.single_lights.shape[1] for lesson in lessons)
    lessons = [_with_dark_lights(lesson, most) for lesson in lessons]
    others = [lesson.other for lesson in lessons]
    together = OtherView(**{k: torch.cat([vars(o)[k] for o in others]) for k in vars(others[0])})
    names = ("picture", "single_lights", "directions", "inside", "rays", "outline")
    return Lesson(**{k: torch.cat([vars(x)[k] for x in lessons]) for k in names}, other=together)


def _with_dark_lights(lesson: Lesson, count: int) -> Lesson:
    missing = count - lesson.single_lights.shape[1]
    if not missing:
        return lesson
    return replace(
        lesson,
        single_lights=F.pad(lesson.single_lights, (0, 0, 0, 0, 0, missing)),
        directions=F.pad(lesson.directions, (0, 0, 0, missing)),
    )
