# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal map so far, as a running estimate sends it, made ready for Blender."""

from dataclasses import dataclass

import numpy as np

from .shared.messages import Progress
from .shared.wire import Buffer

LONGEST_SIDE = 1024
"""A larger one is thinned out: it is only looked at, and the main thread has to copy it."""


@dataclass(frozen=True)
class Preview:
    """A normal map so far."""

    job: str
    values: np.ndarray
    """(H, W, 4) float32, rows bottom to top as in Blender, alpha 1."""


def preview_of(progress: Progress, frame: Buffer | None) -> Preview | None:
    """Return what came along with a progress message; None when it is not what it says it is."""
    rows, columns = progress.preview
    if frame is None or min(rows, columns) < 1:
        return None
    colors = np.frombuffer(frame, np.uint8)
    if colors.size != 3 * rows * columns:
        return None
    step = -(-max(rows, columns) // LONGEST_SIDE)
    thinned = colors.reshape(rows, columns, 3)[::step, ::step][::-1]
    values = np.ones((*thinned.shape[:2], 4), np.float32)
    np.divide(thinned, np.float32(255.0), out=values[..., :3])
    return Preview(progress.job, values)
