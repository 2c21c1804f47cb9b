"""Textures of any size in bounded memory: a reduced copy gives the whole, tiles give the detail.

Light, shape and everything else that needs the whole picture is found in a copy of at most
``REDUCED`` pixels a side, by the same story as every picture (``pipeline``). The encoder then looks
at the picture itself, tile by tile; what it sees lies on disk in half precision until all of it is
there. As in a picture that is seen at once (``multiscale``), shape comes from the small copy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Int, Shaped
from torch import Tensor

from backend.camera import Camera, camera_from_fov, cropped
from backend.errors import Stopped
from backend.geometry import normalize
from backend.grids import cells, edges, sampled
from backend.guidance import CUT as GUIDED
from backend.image import Picture, decode_picture, exposed, linear_colours, mostly_inside
from backend.model import Clone, View
from backend.multiscale import CUT, cut_grid
from backend.outline import outline_slopes
from backend.pipeline import Estimate, estimate
from backend.rasterizer import choose
from backend.resample import filled, shrunk
from backend.tiles import pieces
from backend.turning import turned, turned_back, turned_slopes
from shared.messages import Transfer
from shared.settings import EstimateSettings, LightFrom
from shared.transfer import MAX_PIXELS

LARGE = 4096
"""Longest side of a picture that is worked on at once."""
REDUCED = 1024
"""Longest side of the copy in which the whole is seen."""
TILE, OVERLAP = 512, 64
BAND = 64
"""Rows that are finished and handed on at once."""
WHOLE_SHARE = 0.2
"""Share of the time that the reduced copy takes, roughly."""


def is_large(height: int, width: int) -> bool:
    """Whether a picture is better not worked on at once."""
    return max(height, width) > LARGE or height * width > MAX_PIXELS


@dataclass(frozen=True)
class Texture:
    """A large picture as it was read; colours are decoded where they are needed."""

    pixels: Shaped[np.ndarray, "h w c"]
    transfer: Transfer
    mask: Bool[np.ndarray, "h w"]
    white: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def colours(self, rows: Int[np.ndarray, " r"], columns: Int[np.ndarray, " c"]) -> Tensor:
        """Return linear RGB of some rows and columns."""
        rgb, _, _ = linear_colours(self.pixels[rows[:, None], columns], self.transfer)
        return exposed(rgb, self.white)


@dataclass(frozen=True)
class Correction:
    """What turns the detail into the answer, on small grids, continued outside the mask."""

    shape: Float[Tensor, "sh sw 3"]
    """What its lowest frequencies lack: tiles do not see the whole."""
    change: Float[Tensor, "gh gw 3"]
    """What splats, refinement and loop changed."""
    albedo: Float[Tensor, "rh rw 3"]
    rgb: Float[Tensor, "rh rw 3"]
    """The reduced copy that has this albedo."""


@dataclass(frozen=True)
class Band:
    """Finished rows of a large answer; OpenCV camera, linear colours."""

    top: int
    normals: Float[Tensor, "r w 3"]
    albedo: Float[Tensor, "r w 3"]


@dataclass(frozen=True)
class Large:
    """A large answer."""

    whole: Estimate
    """What was found in the reduced copy."""
    bands: Iterator[Band]
    """The answer at full size, from top to bottom; made as it is asked for."""


def estimate_large(
    pixels: Shaped[np.ndarray, "h w c"],
    transfer: Transfer,
    mask: Shaped[np.ndarray, "h w"] | None,
    settings: EstimateSettings,
    scratch: Path,
    device: torch.device,
    report: Callable[[str, float], None],
    cancelled: Callable[[], bool],
    model: Clone,
) -> Large:
    """Estimate a picture of any size; ``scratch`` takes six bytes a pixel, until the last band.

    Raises:
        Refused: when the picture or the settings cannot be worked with.
        Stopped: when ``cancelled`` answered true.
    """
    height, width = pixels.shape[:2]
    shrink = -(-max(height, width) // REDUCED)  # whole numbers: even cells do not alias
    small = max(8, round(height / shrink)), max(8, round(width / shrink))
    inside = _inside(pixels, mask)
    picture = reduced(pixels, transfer, inside, small)

    def early(stage: str, done: float) -> None:
        report(stage, WHOLE_SHARE * done)

    whole = estimate(picture, settings, device, early, cancelled, model)
    texture = Texture(pixels, transfer, inside, picture.white)

    def late(done: float) -> None:
        report("Looking closely", WHOLE_SHARE + (1 - WHOLE_SHARE) * done)

    hint = outline_slopes(picture.mask)
    _look_closely(texture, hint, settings, scratch, device, late, cancelled, model)
    correction = _correction(whole, picture, scratch, texture.size, settings)
    return Large(whole, _bands(texture, correction, scratch, settings.seamless))


def reduced(
    pixels: Shaped[np.ndarray, "h w c"],
    transfer: Transfer,
    inside: Bool[np.ndarray, "h w"],
    size: tuple[int, int],
) -> Picture:
    """Average a picture's light over the cells of a small grid, a row of cells at a time."""
    # filled, not gathered: small arrays kept amid large ones that go would scatter the memory
    colours, covered = np.empty((*size, 3), np.float32), np.empty(size, np.float32)
    for row, (top, bottom) in enumerate(pairwise(edges(pixels.shape[0], size[0]))):
        rgb, _, _ = linear_colours(pixels[top:bottom], transfer)
        colours[row] = cells(rgb.numpy(), size[1])
        covered[row] = cells(inside[top:bottom, :, None].astype(np.float32), size[1])[..., 0]
    whole = None if inside.all() else mostly_inside(torch.from_numpy(covered)).numpy()
    return decode_picture(colours, "linear", whole)


def _inside(
    pixels: Shaped[np.ndarray, "h w c"], mask: Shaped[np.ndarray, "h w"] | None
) -> Bool[np.ndarray, "h w"]:
    """Return where the object is: the mask, else the alpha, else everywhere."""
    if mask is None and pixels.shape[2] not in (2, 4):
        return np.ones(pixels.shape[:2], bool)
    given = pixels[..., -1] if mask is None else mask
    whole = np.iinfo(given.dtype).max if given.dtype.kind == "u" else 1.0
    return given > whole / 2


def _look_closely(
    texture: Texture,
    hint: Float[Tensor, "rh rw 2"],
    settings: EstimateSettings,
    scratch: Path,
    device: torch.device,
    report: Callable[[float], None],
    cancelled: Callable[[], bool],
    model: Clone,
) -> None:
    """Write the normals that the encoder sees at full size to disk."""
    height, width = texture.size
    _detail(scratch, texture.size, "w+")
    camera = camera_from_fov(width, height, settings.fov_degrees, settings.principal)
    down = pieces(height, TILE, OVERLAP, settings.seamless)
    across = pieces(width, TILE, OVERLAP, settings.seamless)
    places = list(product(range(len(down.starts)), range(len(across.starts))))
    for done, (row, column) in enumerate(places):
        if cancelled():
            raise Stopped
        report(done / len(places))
        rows, columns = down.indices(row, height), across.indices(column, width)
        outline = sampled(hint, rows, columns, texture.size, settings.seamless)
        tile = _tile(texture, rows, columns, camera, device)
        normals = _seen(model, tile, outline.to(device), settings.light_from)
        weight = np.outer(down.weights[row], across.weights[column])[..., None]
        # opened anew for every tile: pages of a mapping that stays open count as our memory
        detail = _detail(scratch, texture.size, "r+")
        detail[rows[:, None], columns] += (normals * weight).astype(np.float16)


def _tile(
    texture: Texture,
    rows: Int[np.ndarray, " r"],
    columns: Int[np.ndarray, " c"],
    camera: Camera,
    device: torch.device,
) -> View:
    """Cut a tile out of a texture."""
    rgb = texture.colours(rows, columns).to(device)
    mask = torch.from_numpy(texture.mask[rows[:, None], columns]).to(device)
    part = cropped(camera, int(columns[0]), int(rows[0]), len(columns), len(rows)).to(device)
    return View(rgb, mask, part, choose(device))


@torch.no_grad()
def _seen(
    model: Clone, tile: View, outline: Float[Tensor, "r c 2"], light_from: LightFrom
) -> Float[np.ndarray, "r c 3"]:
    """Look at one tile."""
    found = model(turned(tile, light_from), turned_slopes(outline, light_from))
    return normalize(turned_back(found, light_from).encoding.normals).cpu().numpy()


def _correction(
    whole: Estimate,
    picture: Picture,
    scratch: Path,
    size: tuple[int, int],
    settings: EstimateSettings,
) -> Correction:
    """Compare what was seen closely with what the reduced copy gave."""

    def continued(values: Tensor) -> Tensor:
        return filled(values, whole.mask)  # else the ground would reach in across the outline

    small: tuple[int, int] = (whole.mask.shape[0], whole.mask.shape[1])
    detail = torch.empty(*small, 3)
    for row, (top, bottom) in enumerate(pairwise(edges(size[0], small[0]))):
        seen = cells(_detail(scratch, size, "r")[top:bottom], small[1])
        detail[row] = torch.from_numpy(seen)
    start, change = whole.maps.start, whole.maps.normals - whole.maps.start
    scale = min(1.0, settings.size / max(small))
    coarse = max(8, round(small[0] * scale)), max(8, round(small[1] * scale))
    cut = GUIDED if settings.prior else CUT
    return Correction(
        shape=_shrunk(continued(start - detail), cut_grid(*small, cut), settings.seamless),
        change=_shrunk(continued(change), coarse, settings.seamless),
        albedo=continued(whole.maps.albedo),
        rgb=continued(picture.rgb),
    )


def _shrunk(
    values: Float[Tensor, "h w 3"], size: tuple[int, int], wrap: bool
) -> Float[Tensor, "sh sw 3"]:
    """Shrink a map; one that tiles is shrunk amid copies of itself, so that it still does."""
    if not wrap:
        return shrunk(values, *size)
    around = shrunk(values.repeat(3, 3, 1), 3 * size[0], 3 * size[1])
    return around[size[0] : 2 * size[0], size[1] : 2 * size[1]]


def _bands(
    texture: Texture, correction: Correction, scratch: Path, seamless: bool
) -> Iterator[Band]:
    """Put coarse and fine together, some rows at a time."""
    height, width = texture.size
    columns = np.arange(width)
    for top in range(0, height, BAND):
        rows = np.arange(top, min(top + BAND, height))

        def grown(values: Tensor, rows: np.ndarray = rows) -> Tensor:
            return sampled(values, rows, columns, texture.size, seamless)

        inside = torch.from_numpy(texture.mask[rows])[..., None]
        detail = _detail(scratch, texture.size, "r")[rows[0] : rows[-1] + 1]
        fine = torch.from_numpy(detail.astype(np.float32))
        start = normalize(fine + grown(correction.shape))
        normals = normalize(start + grown(correction.change))
        ratio = texture.colours(rows, columns) / grown(correction.rgb).clamp_min(1e-3)
        albedo = grown(correction.albedo) * ratio.clamp(0.1, 10.0)
        facing = normals.new_tensor([0.0, 0.0, -1.0])
        yield Band(top, torch.where(inside, normals, facing), albedo.clamp(0.0, 1.0) * inside)
    scratch.unlink()


def _detail(
    scratch: Path, size: tuple[int, int], mode: Literal["r", "r+", "w+"]
) -> Float16[np.ndarray, "h w 3"]:
    return np.memmap(scratch, np.float16, mode, shape=(*size, 3))
