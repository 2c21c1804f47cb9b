"""Tiles: how an axis of a picture is cut into overlapping pieces that blend without a seam."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Pieces:
    """An axis in overlapping pieces of one length, in order."""

    starts: tuple[int, ...]
    size: int
    weights: Float[np.ndarray, "n size"]
    """What a piece counts at each of its pixels; over all pieces they sum to 1 at every pixel."""

    def indices(self, number: int, length: int) -> Int[np.ndarray, " size"]:
        """Return the pixels of a piece, around the end of the axis where it reaches over it."""
        return (self.starts[number] + np.arange(self.size)) % length


def pieces(length: int, tile: int, overlap: int, wrap: bool = False) -> Pieces:
    """Cut an axis into pieces of at most ``tile`` pixels that overlap by at least ``overlap``.

    With ``wrap`` the axis is a ring: pieces reach over its end, and none begins or ends anywhere.
    """
    size = min(tile, length)
    overlap = min(overlap, size // 2)
    if wrap:
        count = max(2, -(-length // (size - overlap)))
        starts = tuple(round(index * length / count) for index in range(count))
    elif length <= tile:
        starts = (0,)
    else:
        count = -(-(length - overlap) // (size - overlap))
        starts = tuple(round(index * (length - size) / (count - 1)) for index in range(count))
    return Pieces(starts, size, _shares(starts, size, overlap, length))


def _shares(
    starts: tuple[int, ...], size: int, overlap: int, length: int
) -> Float[np.ndarray, "n size"]:
    """Let a piece fall off linearly toward both of its ends, over the overlap."""
    steps = np.arange(size) + 0.5
    hat = np.minimum(np.minimum(steps, size - steps) / max(overlap, 1), 1.0)
    total = np.zeros(length)
    places = [(start + np.arange(size)) % length for start in starts]
    for place in places:
        total[place] += hat
    return np.stack([hat / total[place] for place in places]).astype(np.float32)
