"""Pictures: decoding what came over the wire, sRGB and linear, resizing, masks."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from backend.errors import Refused
from backend.resample import filled, resize
from shared.messages import Transfer
from shared.transfer import MAX_PIXELS, MAX_SIDE

SMALLEST_SIDE = 8
WHITE_QUANTILE = 0.98
"""Share of the pixels of an HDR picture that are not brighter than its white."""
BRIGHTEST = 8.0
"""Highlights above this many times white say nothing more about the surface."""
CROP_MARGIN = 0.04
"""Ground kept around an object, as a share of its longest side."""
FLAT, IGNORED = 1, 2
"""What an artist paints over a picture: this is one plane; do not read the picture here."""
LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class Picture:
    """A picture ready to be worked on: linear RGB, scaled so that white is about 1."""

    rgb: Float[Tensor, "h w 3"]
    mask: Bool[Tensor, "h w"]
    """The object; all true when there is neither mask nor alpha."""
    has_silhouette: bool
    """Whether the mask's border is an outline of the object rather than the picture's frame."""
    notes: tuple[str, ...] = ()
    """What had to be repaired, for the report."""
    hints: UInt8[Tensor, "h w"] | None = None
    """``FLAT`` and ``IGNORED`` where they were painted, else 0; colours there are filled in."""
    white: float = 1.0
    """What the colours of the picture were divided by."""


def srgb_to_linear(encoded: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Undo the sRGB transfer function (IEC 61966-2-1)."""
    bright = ((encoded.clamp_min(0.0) + 0.055) / 1.055) ** 2.4
    return torch.where(encoded <= 0.04045, encoded / 12.92, bright)


def linear_to_srgb(linear: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Apply the sRGB transfer function (IEC 61966-2-1)."""
    bright = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, bright)


def luminance(rgb: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
    """Return the Rec. 709 luminance of linear RGB."""
    return rgb @ torch.tensor(LUMINANCE, dtype=rgb.dtype, device=rgb.device)


def decode_picture(
    picture: np.ndarray,
    transfer: Transfer,
    mask: np.ndarray | None = None,
    hints: np.ndarray | None = None,
) -> Picture:
    """Turn received arrays into a picture.

    Args:
        picture: (H, W), or (H, W, C) with 1 gray, 2 gray + alpha, 3 RGB or 4 RGBA channels.
        transfer: whether the colours are sRGB-encoded or linear.
        mask: (H, W), nonzero inside the object; used instead of the alpha.
        hints: (H, W) uint8, see ``Picture.hints``; what is ``IGNORED`` is filled from around it.

    Raises:
        Refused: when there is nothing to estimate from, saying why.
    """
    _check_size(picture.shape)
    rgb, alpha, notes = linear_colours(picture, transfer)
    inside = _object_mask(alpha, mask, tuple(rgb.shape[:2]))
    painted = None if hints is None else _checked_hints(hints, inside)
    if painted is not None:
        ignored = painted == IGNORED
        rgb = torch.where(ignored[..., None], filled(rgb, inside & ~ignored), rgb)
    brightest = rgb[inside].max()
    if brightest <= 1e-6:
        why = f" ({'; '.join(notes)})" if notes else ""
        raise Refused(
            "bad_image",
            f"The picture is completely black{why}, so there is no shading to read.",
            "Choose another picture, or check its exposure and mask.",
        )
    white = white_of(rgb[inside]) if brightest > 1.0 else 1.0
    whole = bool(inside.all())
    return Picture(exposed(rgb, white), inside, not whole, notes, painted, white)


def linear_colours(
    picture: np.ndarray, transfer: Transfer
) -> tuple[Float[Tensor, "h w 3"], Float[Tensor, "h w"] | None, tuple[str, ...]]:
    """Return linear RGB, the alpha if there is one, and what had to be repaired."""
    values = _to_unit(picture if picture.ndim == 3 else picture[..., None])
    colour, alpha = _split_alpha(values)
    colour, notes = _repair(colour)
    rgb = srgb_to_linear(colour) if transfer == "srgb" else colour
    return rgb.expand(-1, -1, 3), alpha, notes


def white_of(colours: Float[Tensor, "n 3"]) -> float:
    """Return the luminance of white in an HDR picture."""
    values = luminance(colours)
    sample = values[:: max(1, len(values) // 65536)]
    white = torch.quantile(sample, WHITE_QUANTILE).clamp_min(float(values.max()) * 1e-5)
    return float(white)


def exposed(rgb: Float[Tensor, "h w 3"], white: float) -> Float[Tensor, "h w 3"]:
    """Bring white to 1 and cut highlights at ``BRIGHTEST``; a white of 1 changes nothing."""
    return rgb.contiguous() if white == 1.0 else (rgb / white).clamp_max(BRIGHTEST)


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int


def object_box(mask: Bool[Tensor, "h w"]) -> Box:
    """Return the rectangle around a mask, with a small margin, of ``SMALLEST_SIDE`` at least."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    longest = 1 + max(int(at[-1] - at[0]) for at in (rows, columns))
    margin = 2 + round(CROP_MARGIN * longest)
    top, height = _span(rows, mask.shape[0], margin)
    left, width = _span(columns, mask.shape[1], margin)
    return Box(top, left, height, width)


def _span(at: Int[Tensor, " n"], length: int, margin: int) -> tuple[int, int]:
    """Return where a box begins along an axis, and how long it is."""
    first, end = max(0, int(at[0]) - margin), min(length, int(at[-1]) + 1 + margin)
    first = min(first, max(0, length - SMALLEST_SIDE))
    return first, max(end - first, SMALLEST_SIDE)


def crop(picture: Picture, box: Box) -> Picture:
    """Cut a rectangle out of a picture."""
    rows = slice(box.top, box.top + box.height)
    columns = slice(box.left, box.left + box.width)
    inside = picture.mask[rows, columns]
    hints = None if picture.hints is None else picture.hints[rows, columns]
    return replace(picture, rgb=picture.rgb[rows, columns], mask=inside, hints=hints)


def resize_mask(mask: Bool[Tensor, "h w"], height: int, width: int) -> Bool[Tensor, "hh ww"]:
    """Resample a mask; see ``mostly_inside``."""
    return mostly_inside(resize(mask.float(), height, width))


def mostly_inside(covered: Float[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """Tell where most of a pixel is inside; of a thing too thin for that, where most of it is."""
    inside = covered > 0.5
    return inside if inside.any() else covered > covered.max() / 2


def resize_hints(
    hints: UInt8[Tensor, "h w"] | None, height: int, width: int
) -> UInt8[Tensor, "hh ww"] | None:
    """Resample what was painted; each pixel takes the nearest."""
    if hints is None:
        return None
    return F.interpolate(hints[None, None], size=(height, width), mode="nearest-exact")[0, 0]


def resize_picture(picture: Picture, longest: int) -> Picture:
    """Shrink a picture so that its longest side has at most ``longest`` pixels.

    A very long picture keeps more, so that its short side does not vanish.
    """
    height, width = picture.rgb.shape[:2]
    scale = min(1.0, max(longest / max(height, width), SMALLEST_SIDE / min(height, width)))
    if scale == 1.0:
        return picture
    size = max(1, round(height * scale)), max(1, round(width * scale))
    rgb, mask = resize_inside(picture.rgb, picture.mask, *size)
    return replace(picture, rgb=rgb, mask=mask, hints=resize_hints(picture.hints, *size))


def resize_inside(
    rgb: Float[Tensor, "h w 3"], mask: Bool[Tensor, "h w"], height: int, width: int
) -> tuple[Float[Tensor, "hh ww 3"], Bool[Tensor, "hh ww"]]:
    """Resample colours and mask; the ground does not bleed in."""
    inside = mask.float()
    weight = resize(inside, height, width)
    rgb = resize(rgb * inside[..., None], height, width) / weight.clamp_min(1e-6)[..., None]
    return rgb, mostly_inside(weight)


def _check_size(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and not 1 <= shape[2] <= 4):
        raise Refused("bad_image", f"An array of shape {shape} is not a picture.")
    height, width = shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise Refused(
            "bad_image",
            f"The picture is {width}×{height} pixels; normals need at least "
            f"{SMALLEST_SIDE}×{SMALLEST_SIDE}.",
            "Choose a larger picture.",
        )
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise Refused(
            "too_large",
            f"The picture is {width}×{height} pixels; this version takes up to "
            f"{MAX_PIXELS // 2**20} megapixels and {MAX_SIDE} pixels a side.",
            "Scale the picture down, or cut it into parts.",
        )


def _to_unit(values: np.ndarray) -> Float[Tensor, "h w c"]:
    if values.dtype in (np.uint8, np.uint16):
        values = values.astype(np.float32) / np.iinfo(values.dtype).max
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _split_alpha(
    values: Float[Tensor, "h w c"],
) -> tuple[Float[Tensor, "h w d"], Float[Tensor, "h w"] | None]:
    if values.shape[2] in (2, 4):
        return values[..., :-1], torch.nan_to_num(values[..., -1], nan=0.0)
    return values, None


def _repair(colour: Float[Tensor, "h w c"]) -> tuple[Float[Tensor, "h w c"], tuple[str, ...]]:
    finite = torch.isfinite(colour)
    notes = []
    if not finite.all():
        notes.append(f"{int((~finite).sum())} values were not finite and count as black")
        colour = torch.where(finite, colour, 0.0)
    if (colour < 0).any():
        notes.append("negative values count as black")
    return colour.clamp(0.0, 1e6), tuple(notes)


def _object_mask(
    alpha: Float[Tensor, "h w"] | None, mask: np.ndarray | None, size: tuple[int, ...]
) -> Bool[Tensor, "h w"]:
    if mask is not None:
        if mask.shape[:2] != size:
            raise Refused(
                "bad_image",
                f"The mask is {mask.shape[1]}×{mask.shape[0]} pixels "
                f"and the picture {size[1]}×{size[0]}.",
                "Give a mask of the picture's size.",
            )
        plane = mask if mask.ndim == 2 else mask[..., 0]
        inside = _to_unit(plane[..., None])[..., 0] > 0.5
    elif alpha is not None:
        inside = alpha > 0.5
    else:
        return torch.ones(size, dtype=torch.bool)
    if int(inside.sum()) < SMALLEST_SIDE**2:
        raise Refused(
            "bad_image",
            "Almost nothing of the picture lies inside its mask or alpha.",
            "Check the mask: white is the object, black the ground.",
        )
    return inside


def _checked_hints(hints: np.ndarray, inside: Bool[Tensor, "h w"]) -> UInt8[Tensor, "h w"]:
    height, width = inside.shape
    if hints.shape != (height, width):
        size = " × ".join(str(side) for side in reversed(hints.shape))
        message = f"The hints are {size} pixels and the picture {width} × {height}."
        raise Refused("bad_image", message, "Paint the hints over the picture itself.")
    if hints.dtype != np.uint8 or hints.max() > IGNORED:
        message = "The hints hold values that mean nothing."
        raise Refused("bad_image", message, f"0 is nothing, {FLAT} flat, {IGNORED} ignore; 8 bits.")
    painted = torch.from_numpy(np.ascontiguousarray(hints))
    if int((inside & (painted != IGNORED)).sum()) < SMALLEST_SIDE**2:
        message = "Almost everything of the picture is painted to be ignored."
        raise Refused("bad_image", message, "Ignore less of it.")
    return painted
