"""The normals so far, while the loop still turns: small, and not too often."""

import math
import time
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.full_resolution import pasted
from backend.geometry import normalize
from backend.image import Box, resize_mask
from backend.resample import resize
from backend.seamless import margin_of

LONGEST = 512
"""Longest side of a preview, in pixels."""
SECONDS = 1.0
"""Least time between two previews."""

Show = Callable[[Float[Tensor, "h w 3"]], None]
"""Called with unit normals of the whole picture, OpenCV camera, facing outside the mask."""


class Previews:
    """Shows the normals of a part of a picture in the whole; called after every step."""

    def __init__(self, show: Show, mask: Bool[Tensor, "h w"], box: Box) -> None:
        height, width = mask.shape
        scale = min(1.0, LONGEST / max(height, width))
        # two at least: torch does not average right down to a single column
        rows, columns = max(2, round(height * scale)), max(2, round(width * scale))
        self._show = show
        self._mask = resize_mask(mask, rows, columns)
        self._box = _scaled(box, rows / height, columns / width)
        self._shown = -SECONDS

    def __call__(self, normals: Float[Tensor, "gh gw 3"]) -> None:
        """Show the Gaussians' normals if it is time."""
        now = time.monotonic()
        if now < self._shown + SECONDS:
            return
        self._shown = now
        box = self._box
        part = normalize(resize(normals, box.height, box.width)).cpu()
        rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        facing = torch.tensor([0.0, 0.0, -1.0]).expand(*self._mask.shape, 3)
        self._show(pasted(part, self._mask[rows, columns], box, facing))


def framed(show: Show, height: int, width: int) -> Show:
    """Show previews of a continued picture without what was added around it."""
    added = margin_of(height, width)
    longest = max(height, width) + 2 * added

    def show_middle(normals: Float[Tensor, "hh ww 3"]) -> None:
        rows, columns = normals.shape[:2]
        margin = round(added * max(rows, columns) / longest)  # previews of large pictures are small
        show(normals[margin : rows - margin, margin : columns - margin])

    return show_middle


def _scaled(box: Box, down: float, across: float) -> Box:
    """Return a box on a smaller picture, of one pixel at least."""
    top, bottom = int(box.top * down), math.ceil((box.top + box.height) * down - 1e-6)
    left, right = int(box.left * across), math.ceil((box.left + box.width) * across - 1e-6)
    return Box(top, left, bottom - top, right - left)
