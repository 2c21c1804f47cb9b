"""Arrays to chunks and back, with credit so that neither side ever holds more than a window.

The sender starts with ``WINDOW`` credits per job, spends one per chunk, and gets one back for each
chunk the receiver has put away.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from .messages import ArraySpec, Chunk
from .wire import Buffer, WireError

CHUNK_BYTES = 2 * 1024 * 1024
WINDOW = 8
MAX_SIDE = 16384
MAX_PIXELS = 4096 * 4096
MAX_ARRAY_BYTES = MAX_PIXELS * 4 * 4


def specs_of(arrays: Mapping[str, np.ndarray]) -> tuple[ArraySpec, ...]:
    """Describe named arrays in the order they will be sent."""
    return tuple(
        ArraySpec(name=name, dtype=array.dtype.name, shape=array.shape)  # type: ignore[arg-type]
        for name, array in arrays.items()
    )


def chunks_of(job: str, arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[Chunk, memoryview]]:
    """Cut arrays into chunk messages and raw frames, without copying contiguous arrays."""
    for index, array in enumerate(arrays.values()):
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        for offset in range(0, flat.nbytes, CHUNK_BYTES):
            frame = flat[offset : offset + CHUNK_BYTES].data
            yield Chunk(job=job, index=index, offset=offset), frame


class Assembly:
    """Arrays being received: filled in order, checked against their specs, never larger."""

    def __init__(self, specs: tuple[ArraySpec, ...]) -> None:
        for spec in specs:
            check_spec(spec)
        if len({spec.name for spec in specs}) != len(specs):
            raise WireError("two arrays of one name")
        self.specs = specs
        self._buffers = [np.empty(_nbytes(spec), np.uint8) for spec in specs]
        self._filled = [0] * len(specs)

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return all(
            filled == len(buffer)
            for filled, buffer in zip(self._filled, self._buffers, strict=True)
        )

    def add(self, chunk: Chunk, frame: Buffer | None) -> None:
        """Put one chunk in its place.

        Raises:
            WireError: if it is not the next chunk of a known array.
        """
        if frame is None or not 0 <= chunk.index < len(self._buffers):
            raise WireError("chunk of no known array")
        start, buffer = self._filled[chunk.index], self._buffers[chunk.index]
        if chunk.offset != start or not 0 < len(frame) <= len(buffer) - start:
            raise WireError(f"array {chunk.index}: chunk out of order or too long")
        buffer[start : start + len(frame)] = np.frombuffer(frame, np.uint8)
        self._filled[chunk.index] = start + len(frame)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the finished arrays by name."""
        assert self.complete, "arrays are still arriving"
        return {
            spec.name: buffer.view(spec.dtype).reshape(spec.shape)
            for spec, buffer in zip(self.specs, self._buffers, strict=True)
        }


def check_spec(spec: ArraySpec) -> None:
    """Refuse an array no message of this protocol carries, before anything is allocated.

    Raises:
        WireError: naming the array and what is wrong with it.
    """
    if not 1 <= len(spec.shape) <= 3 or len(spec.name) > 64:
        raise WireError(f"array '{spec.name[:64]}': {len(spec.shape)} dimensions")
    if min(spec.shape) < 0 or _nbytes(spec) > MAX_ARRAY_BYTES:
        raise WireError(f"array '{spec.name}': shape {spec.shape} is out of bounds")


def _nbytes(spec: ArraySpec) -> int:
    size = np.dtype(spec.dtype).itemsize
    for side in spec.shape:
        size *= side
    return size
