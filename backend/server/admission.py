"""What is refused before a byte of it is stored: wrong names, sizes and settings."""

import math
import re
from collections.abc import Sequence

import numpy as np

from shared.messages import ArraySpec, Code, Failed, Submit
from shared.transfer import MAX_PIXELS, MAX_SIDE

from .settings import WAITING_BYTES, WAITING_JOBS

_ARRAYS = {"picture", "mask", "hints"}
_JOB_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def refusal(submit: Submit) -> Failed | None:
    """Say why a job cannot be taken, or None."""
    if not _JOB_ID.fullmatch(submit.job):
        return failed("", "bad_request", "A job id has 1 to 64 letters, digits, dots or dashes.")
    if problem := submit.settings.problem():
        return failed(submit.job, "bad_request", problem, "Change it and try again.")
    arrays = {spec.name: spec for spec in submit.arrays}
    if len(arrays) != len(submit.arrays) or not {"picture"} <= set(arrays) <= _ARRAYS:
        message = "A job brings a picture, and at most one mask and one array of hints."
        return failed(submit.job, "bad_request", message)
    picture = arrays["picture"]
    return (
        _picture_refusal(submit.job, picture)
        or _mask_refusal(submit.job, picture, arrays.get("mask"))
        or _hints_refusal(submit.job, picture, arrays.get("hints"))
    )


def failed(job: str, code: Code, message: str, advice: str = "", retryable: bool = False) -> Failed:
    """Make a failure; ids that are no ids are cut so that the answer always fits its header."""
    return Failed(job[:64], code, message, advice, retryable)


def no_room(waiting: Sequence[Submit], submit: Submit) -> bool:
    """Tell whether as much is waiting as this machine shall hold."""
    size = sum(declared_bytes(each) for each in (*waiting, submit))
    return len(waiting) >= WAITING_JOBS or size > WAITING_BYTES


def declared_bytes(submit: Submit) -> int:
    """Return how much memory a job's arrays will take."""
    return sum(math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in submit.arrays)


def _picture_refusal(job: str, picture: ArraySpec) -> Failed | None:
    shape = picture.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and not 1 <= shape[2] <= 4):
        message = "The picture must have rows, columns and one to four channels."
        return failed(job, "bad_image", message)
    height, width = shape[:2]
    if height < 1 or width < 1:
        return failed(job, "bad_image", f"The picture is empty ({width} × {height} pixels).")
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        message = f"The picture has {width} × {height} pixels."
        side = math.isqrt(MAX_PIXELS)
        advice = f"Scale it down: {side} × {side} pixels in all and {MAX_SIDE} a side are possible."
        return failed(job, "too_large", message, advice)
    return None


def _mask_refusal(job: str, picture: ArraySpec, mask: ArraySpec | None) -> Failed | None:
    if mask is None or mask.shape == picture.shape[:2]:
        return None
    message = "The mask must have the size of the picture and no channels."
    return failed(job, "bad_image", message, "Scale the mask to the picture.")


def _hints_refusal(job: str, picture: ArraySpec, hints: ArraySpec | None) -> Failed | None:
    if hints is None or (hints.shape == picture.shape[:2] and hints.dtype == "uint8"):
        return None
    message = "The hints must have the size of the picture, no channels and 8 bits."
    return failed(job, "bad_image", message, "Paint the hints over the picture itself.")
