"""From packs on disk to lessons: cut, zoom, mirror, relight, degrade, in batches.

A pack's single lights make its picture anew under any other mix of them, turned and painted over,
so a scene that was rendered once is never seen twice alike.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped, UInt8
from torch import Tensor

from backend.camera import camera_from_fov, cropped, resized, view_rays
from backend.image import CROP_MARGIN, luminance, srgb_to_linear
from backend.outline import outline_slopes
from backend.resample import resize
from training.batches import batched
from training.packs import Pack, SecondView, read_pack
from training.paint import paint
from training.scenes import Lesson, OtherView, mirrored
from training.scenes.capture import captured
from training.scenes.generator import OUTLINE_SHARE
from training.scenes.random import Dice
from training.scenes.shading import unlikeliness

RELIT_SHARE = 0.6
"""Share of the pictures that are mixed anew from the single lights."""
PAINTED_SHARE = 0.45
"""Share of those that get another paint."""
TURNABLE = ("object", "relief", "print")
"""Kinds without a ground, which look as likely from any side."""
BLACK_SHARE = 0.6
"""Share of the pictures whose ground is taken away, as the product does under a mask."""
MARGIN = (0.02, 0.35)
"""Ground kept around a thing, as a share of its size; validation takes the product's own."""


@dataclass(frozen=True)
class Window:
    """A square cut from a rendered picture, in its pixels."""

    top: int
    left: int
    side: int


@lru_cache(maxsize=6000)
def remembered(path: Path) -> Pack:
    """Read a pack once; the whole set fits in memory, 8 bits a value."""
    return read_pack(path)


@dataclass(frozen=True)
class Framing:
    """How the pictures of a batch are turned, then cut, and whether they are seen in a mirror."""

    quarters: tuple[int, ...]
    """Quarter turns of each picture, against the clock."""
    windows: tuple[Window, ...]
    mirror: bool


def varied_framing(packs: list[Pack], dice: Dice) -> Framing:
    """Draw the framing of a batch; these are the first numbers a batch takes from its dice."""
    quarters = tuple(int(dice.integers(4, 1)) * (pack.kind in TURNABLE) for pack in packs)
    pairs = zip(packs, quarters, strict=True)
    windows = tuple(
        _varied_window(turned(pack.inside, turns), pack.kind, dice) for pack, turns in pairs
    )
    return Framing(quarters, windows, float(dice.uniform(1)) < 0.5)


def lesson_of(packs: list[Pack], size: int, dice: Dice) -> Lesson:
    """Make a lesson of training packs, each varied by the dice."""
    framing = varied_framing(packs, dice)
    framed = zip(packs, framing.quarters, framing.windows, strict=True)
    whole = batched(
        [
            _lesson(_turned_pack(pack, turns), size, window, dice, 1.0 if turns else RELIT_SHARE)
            for pack, turns, window in framed
        ]
    )
    whole = replace(whole, picture=captured(dice, whole.picture, whole.inside))
    return mirrored(whole) if framing.mirror else whole


def plain_lesson(packs: list[Pack], size: int) -> Lesson:
    """Make a lesson of packs as they are, things cut out as the product does."""
    return batched([_lesson(pack, size, plain_window(pack)) for pack in packs])


def plain_window(pack: Pack) -> Window:
    """Cut a thing out with the margin of the product; everything else stays whole."""
    if pack.kind != "object":
        return Window(0, 0, pack.picture.shape[0])
    return _around(pack.inside, CROP_MARGIN)


def cut(values: Float[Tensor, "h w *c"], window: Window, size: int) -> Float[Tensor, "s s *c"]:
    """Cut a window out of a map and resample it."""
    rows = slice(window.top, window.top + window.side)
    columns = slice(window.left, window.left + window.side)
    return resize(values[rows, columns], size, size)


def turned(
    values: Shaped[np.ndarray, "*s"], quarters: int, rows: int = 0
) -> Shaped[np.ndarray, "*s"]:
    """Turn a map by quarters against the clock; its rows lie along axis ``rows``."""
    return np.ascontiguousarray(np.rot90(values, quarters, (rows, rows + 1)))


def turned_vectors(vectors: Float[np.ndarray, "*s 3"], quarters: int) -> Float[np.ndarray, "*s 3"]:
    """Turn vectors (OpenCV camera) about the view axis as ``turned`` turns the map."""
    for _ in range(quarters):
        vectors = vectors[..., [1, 0, 2]] * np.array([1, -1, 1], np.float32)
    return vectors


def _turned_pack(pack: Pack, quarters: int) -> Pack:
    """Turn a scene about the view axis; its second view is given up."""
    if not quarters:
        return pack
    return replace(
        pack,
        picture=turned(pack.picture, quarters),
        lights=turned(pack.lights, quarters, rows=1),
        inside=turned(pack.inside, quarters),
        directions=tuple(
            map(tuple, turned_vectors(np.array(pack.directions, np.float32), quarters).tolist())
        ),
        view=None,
    )


def _varied_window(inside: Bool[np.ndarray, "h w"], kind: str, dice: Dice) -> Window:
    side = len(inside)
    if kind == "object" and float(dice.uniform(1)) < 0.8:
        low, high = MARGIN
        return _around(inside, float(dice.uniform(1, low=low, high=high)))
    shrunk = round(side * float(dice.uniform(1, low=0.6, high=1.0)))
    top, left = (int(dice.integers(side - shrunk + 1, 1)) for _ in range(2))
    return Window(top, left, shrunk)


def _around(inside: Bool[np.ndarray, "h w"], margin: float) -> Window:
    """Return the smallest square around a thing, with a margin, that the picture has room for."""
    mask = torch.from_numpy(inside)
    whole = mask.shape[0]
    if not mask.any():
        return Window(0, 0, whole)
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    centre = [int(axis[0] + axis[-1]) / 2 for axis in (rows, columns)]
    extent = max(int(axis[-1] - axis[0]) + 1 for axis in (rows, columns))
    side = min(whole, max(32, math.ceil(extent * (1 + 2 * margin))))
    top, left = (min(max(0, round(middle - side / 2)), whole - side) for middle in centre)
    return Window(top, left, side)


@lru_cache(maxsize=1)
def _decoding() -> Float[Tensor, "256"]:
    return srgb_to_linear(torch.arange(256) / 255)


def _linear(pixels: UInt8[np.ndarray, "*s"]) -> Float[Tensor, "*s"]:
    return _decoding()[torch.from_numpy(pixels).int()]


def _lesson(
    pack: Pack, size: int, window: Window, dice: Dice | None = None, relit_share: float = 0.0
) -> Lesson:
    """Make a lesson of one scene; without dice the picture stays as it was rendered."""
    inside = cut(torch.from_numpy(pack.inside).float(), window, size) > 0.99
    picture = cut(_linear(pack.picture), window, size)
    directions, lights = torch.tensor(pack.directions), _linear(pack.lights)
    if dice is None:
        singles = _cut_lights(luminance(lights), window, size)
        picture = picture if pack.kind in ("room", "pile") else picture * inside[..., None]
    elif float(dice.uniform(1)) < relit_share:
        colours = _cut_lights(lights, window, size)
        if float(dice.uniform(1)) < PAINTED_SHARE:
            colours = colours * paint(dice, size, pack.kind in TURNABLE)
        singles = luminance(colours)
        unlikely = unlikeliness(dice, directions, pack.kind == "relief")
        picture = _relit(colours, unlikely, inside, picture, dice)
        picture = _grounded(picture, inside, dice)
    else:
        singles = _cut_lights(luminance(lights), window, size)
        picture = _grounded(picture, inside, dice)
    return Lesson(
        picture=picture[None],
        single_lights=singles[None],
        directions=directions[None],
        inside=inside[None],
        rays=_rays(pack, window, size)[None],
        outline=_outline(pack, inside, dice)[None],
        other=_other(pack, window, size, dice),
    )


def _cut_lights(
    lights: Float[Tensor, "k h w *c"], window: Window, size: int
) -> Float[Tensor, "k s s *c"]:
    return cut(lights.movedim(0, 2), window, size).movedim(2, 0)


def _relit(
    lights: Float[Tensor, "k s s 3"],
    unlikely: Float[Tensor, " k"],
    inside: Bool[Tensor, "s s"],
    picture: Float[Tensor, "s s 3"],
    dice: Dice,
) -> Float[Tensor, "s s 3"]:
    """Mix the single lights: the likeliest one or two, and all as a soft sky."""
    count = len(lights)
    chosen = unlikely.argsort()[: 1 + int(dice.integers(4, 1)) // 2]
    shines = torch.zeros(count).index_fill(0, chosen, 1.0)
    power = (shines * dice.uniform(count, low=0.3, high=1.2))[:, None]
    tint = 1 + 0.25 * dice.uniform(count, 3, low=-1.0)
    soft = float(dice.uniform(1, low=0.03, high=0.6))
    mixed = torch.einsum("kc,khwc->hwc", power * tint, lights) + soft * lights.mean(0)
    mixed = mixed / mixed.flatten()[::7].quantile(0.98).clamp_min(1e-3)
    return torch.where(inside[..., None], mixed, picture)


def _grounded(
    picture: Float[Tensor, "s s 3"], inside: Bool[Tensor, "s s"], dice: Dice
) -> Float[Tensor, "s s 3"]:
    """Take the ground away, leave it, or make it plain."""
    chance = float(dice.uniform(1))
    if chance < BLACK_SHARE:
        return picture * inside[..., None]
    if chance < BLACK_SHARE + 0.2:
        return torch.where(inside[..., None], picture, dice.uniform(3))
    return picture


def _rays(pack: Pack, window: Window, size: int) -> Float[Tensor, "s s 3"]:
    """Return the view rays of a window's pixels."""
    whole = pack.picture.shape[0]
    camera = camera_from_fov(whole, whole, pack.fov_degrees)
    part = cropped(camera, window.left, window.top, window.side, window.side)
    return view_rays(resized(part, size, size))


def _outline(pack: Pack, inside: Bool[Tensor, "s s"], dice: Dice | None) -> Float[Tensor, "s s 2"]:
    """Return a single thing's outline, most of the time: who has no mask has no outline."""
    given = pack.kind == "object" and (dice is None or float(dice.uniform(1)) < OUTLINE_SHARE)
    return outline_slopes(inside if given else torch.ones_like(inside))


def _other(pack: Pack, window: Window, size: int, dice: Dice | None) -> OtherView:
    """Return a scene's second view, uncut, or one that is not known."""
    view: SecondView | None = pack.view
    if view is None or dice is None:
        blank = torch.zeros(1, size, size, 3)
        return OtherView(
            blank, blank, blank[..., 0] > 0, blank, torch.eye(3)[None], torch.zeros(1, 3),
            torch.tensor([False]),
        )  # fmt: skip
    whole = Window(0, 0, pack.picture.shape[0])
    pixel = pack.ortho_width / pack.picture.shape[0] * window.side / size if pack.ortho_width else 1
    return OtherView(
        first=cut(_linear(pack.picture), window, size)[None],
        picture=cut(_linear(view.picture), whole, size)[None],
        inside=(cut(torch.from_numpy(view.inside).float(), whole, size) > 0.99)[None],
        rays=_rays(pack, whole, size)[None],
        rotation=torch.tensor(view.rotation)[None],
        translation=torch.tensor(view.translation)[None] / pixel,
        known=torch.tensor([True]),
    )
