"""From a stack to a pack: a square around the object, lights of one strength, 8 bits."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from backend.geometry import normalize
from backend.image import linear_to_srgb, luminance
from backend.model import Clone
from backend.resample import resize
from training.loader import plain_lesson
from training.packs import Pack
from training.stacks.lights import FoundLights, found_lights
from training.stacks.reading import Stack
from training.validation import answer

ROOM = 1.3
"""Side of the square over the object's extent."""
WHITE = 0.995
"""Share of the object's values that are not brighter than white."""
MODEL_SIZE = 128
"""Pixels at which the model is asked: what it learned with."""


@dataclass(frozen=True)
class Square:
    """A square of a picture, which may reach over its edges."""

    top: int
    left: int
    side: int


def pack_of(stack: Stack, size: int, most: int, model: Clone) -> tuple[Pack, FoundLights | None]:
    """Make a pack of at most ``most`` lights; say which were found, if they were unknown.

    Without a mask the stack is a relief, seen whole.
    """
    square = square_around(stack.mask, centred=stack.fov_degrees > 0)
    inside = framed(stack.mask.float(), square, size) > 0.99
    lights = torch.stack([framed(picture, square, size) for picture in stack.pictures])
    pack = Pack(
        kind="relief" if bool(stack.mask.all()) else "object",
        picture=_encoded(framed(stack.ordinary, square, size), inside),
        lights=_encoded(lights, inside),
        inside=inside.numpy(),
        directions=((0.0, 0.0, -1.0),) * len(lights),
        fov_degrees=_fov(stack, square),
        ortho_width=0.0 if stack.fov_degrees else 2.0,
    )
    found, directions = None, stack.directions
    if directions is None:
        found = _found(pack, model)
        directions = found.directions
        lights = lights / found.strengths[:, None, None, None].clamp_min(1e-3)
    kept = spread(directions, most)
    toward = tuple((x, y, z) for x, y, z in directions[kept].tolist())
    return replace(pack, lights=_encoded(lights[kept], inside), directions=toward), found


def square_around(mask: Bool[Tensor, "h w"], centred: bool) -> Square:
    """Return a square around an object, or around everything where the mask is full.

    ``centred`` keeps the middle of the picture in its middle, as the camera of a pack needs it
    in perspective.
    """
    height, width = mask.shape
    if bool(mask.all()):
        side = min(height, width)
        return Square((height - side) // 2, (width - side) // 2, side)
    ends = [(int(on[0]), int(on[-1]) + 1) for on in (mask.any(d).nonzero()[:, 0] for d in (1, 0))]
    middles = [
        size / 2 if centred else (a + b) / 2 for (a, b), size in zip(ends, mask.shape, strict=True)
    ]
    reach = max(max(m - a, b - m) for (a, b), m in zip(ends, middles, strict=True))
    side = max(2, 2 * math.ceil(ROOM * reach))
    return Square(math.floor(middles[0]) - side // 2, math.floor(middles[1]) - side // 2, side)


def framed(values: Float[Tensor, "h w *c"], square: Square, size: int) -> Float[Tensor, "s s *c"]:
    """Cut a square out of a map, 0 beyond its edges, and resample it."""
    height, width = values.shape[:2]
    whole = values.new_zeros((square.side, square.side, *values.shape[2:]))
    top, left = max(0, square.top), max(0, square.left)
    bottom, right = min(height, square.top + square.side), min(width, square.left + square.side)
    rows = slice(top - square.top, bottom - square.top)
    columns = slice(left - square.left, right - square.left)
    whole[rows, columns] = values[top:bottom, left:right]
    return resize(whole, size, size)


def spread(directions: Float[Tensor, "k 3"], most: int) -> list[int]:
    """Choose at most so many lights, far from each other; the first is one of them."""
    chosen = [0]
    while len(chosen) < min(most, len(directions)):
        nearest = (directions @ directions[chosen].T).amax(1)
        nearest[chosen] = torch.inf
        chosen.append(int(nearest.argmin()))
    return sorted(chosen)


def _found(pack: Pack, model: Clone) -> FoundLights:
    """Find a pack's lights by the mean of what the model sees under each and ordinarily."""
    shown = [replace(pack, picture=picture) for picture in (*pack.lights, pack.picture)]
    lesson = plain_lesson(shown, MODEL_SIZE)
    inside = lesson.inside[0]
    normals = normalize(answer(model, lesson).mean(0))
    return found_lights(normals[inside], lesson.single_lights[0][:, inside].T)


def _fov(stack: Stack, square: Square) -> float:
    slope = math.tan(math.radians(stack.fov_degrees) / 2) * square.side / stack.mask.shape[1]
    return math.degrees(2 * math.atan(slope))


def _encoded(
    linear: Float[Tensor, "*k s s 3"], inside: Bool[Tensor, "s s"]
) -> UInt8[np.ndarray, "*k s s 3"]:
    """Expose pictures alike, so that only the brightest values are cut, and encode them."""
    values = luminance(linear)[..., inside].flatten()
    sample = values[:: max(1, len(values) // 65536)]
    white = sample.quantile(WHITE).clamp_min(1e-6) if len(sample) else torch.tensor(1.0)
    encoded = linear_to_srgb((linear / white).clamp(0, 1))
    return (encoded * 255).round().byte().numpy()
