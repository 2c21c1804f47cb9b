"""Any size of picture: shape from a small copy, detail from the picture itself.

The encoder learned on pictures of about ``SHAPE_SIZE`` pixels. On a larger one it sees detail as
well as before but loses sight of the whole, so the low frequencies of the normals, the depth and
the confidence come from a small copy and detail from the picture, in tiles where it is large. A
tiny picture is enlarged first. The shape is seen twice, the second time in a mirror: errors that
are not symmetric cancel.
"""

from dataclasses import fields, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import cropped
from backend.encoder import Encoded
from backend.gaussians import Encoding
from backend.geometry import normalize
from backend.image import Box, resize
from backend.model import Clone, View, resized_view
from backend.outline import outline_slopes

SHAPE_SIZE = 128
"""Longest side of the copy that gives the shape."""
DIRECT = 1.25
"""A picture up to this much larger or smaller is encoded as it is."""
TILE = 512
OVERLAP = 64


@torch.no_grad()
def encode(model: Clone, view: View) -> Encoded:
    """Encode a picture of any size."""
    height, width = view.mask.shape
    if SHAPE_SIZE / DIRECT <= max(height, width) <= DIRECT * SHAPE_SIZE:
        return _seen_twice(model, view)
    scale = SHAPE_SIZE / max(height, width)
    small = resized_view(view, max(8, round(height * scale)), max(8, round(width * scale)))
    if max(height, width) < SHAPE_SIZE:
        return _resampled(_seen_twice(model, small), height, width)
    shape, fine = _seen_twice(model, small).encoding, _tiled(model, view)
    detail = normalize(fine.encoding.normals)
    smooth = resize(resize(detail, *small.mask.shape), height, width)
    normals = resize(normalize(shape.normals), height, width) + detail - smooth
    depth = resize(shape.depth_pixels, height, width) * (width / small.mask.shape[1])
    doubt = resize(shape.confidence_logits, height, width)
    encoding = replace(
        fine.encoding,
        normals=normalize(normals), depth_pixels=depth, confidence_logits=doubt,
    )  # fmt: skip
    return Encoded(encoding, fine.features)


def _seen_twice(model: Clone, view: View) -> Encoded:
    """Encode a picture, its normals averaged with those of its mirror image."""
    straight = model(view)
    intrinsics = view.camera.intrinsics.clone()
    intrinsics[0, 2] = view.camera.width - intrinsics[0, 2]
    camera = replace(view.camera, intrinsics=intrinsics)
    mirrored = model(View(view.rgb.flip(1), view.mask.flip(1), camera, view.rasterize))
    across = view.rgb.new_tensor([-1.0, 1.0, 1.0])
    one, other = straight.encoding, mirrored.encoding
    back = normalize(other.normals).flip(1) * across
    both = replace(
        one,
        normals=normalize(normalize(one.normals) + back),
        log_albedo=(one.log_albedo + other.log_albedo.flip(1)) / 2,
        confidence_logits=(one.confidence_logits + other.confidence_logits.flip(1)) / 2,
    )
    return Encoded(both, straight.features)


def _resampled(found: Encoded, height: int, width: int) -> Encoded:
    """Carry what was seen in an enlarged picture back to its own grid."""
    ratio = width / found.features.shape[1]
    maps = {name: resize(values, height, width) for name, values in _maps(found).items()}
    maps["depth_pixels"] = maps["depth_pixels"] * ratio
    features = maps.pop("features")
    return Encoded(Encoding(**maps), features)


def _tiled(model: Clone, view: View) -> Encoded:
    """Encode tile by tile, blended across their overlaps."""
    height, width = view.mask.shape
    if max(height, width) <= TILE + 2 * OVERLAP:
        return model(view)
    total: dict[str, Tensor] = {}
    weights = view.rgb.new_zeros(height, width)
    outline = outline_slopes(view.mask)
    for box in _boxes(height, width):
        rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        camera = cropped(view.camera, box.left, box.top, box.width, box.height)
        part = View(view.rgb[rows, columns], view.mask[rows, columns], camera, view.rasterize)
        found, weight = model(part, outline[rows, columns]), _hat(box, view.rgb)
        weights[rows, columns] += weight
        for name, values in _maps(found).items():
            if name not in total:
                total[name] = values.new_zeros(height, width, *values.shape[2:])
            shaped = weight if values.ndim == 2 else weight[..., None]
            total[name][rows, columns] += values * shaped
    maps = {
        name: values / (weights if values.ndim == 2 else weights[..., None])
        for name, values in total.items()
    }
    return Encoded(Encoding(**{f.name: maps[f.name] for f in fields(Encoding)}), maps["features"])


def _maps(found: Encoded) -> dict[str, Tensor]:
    encoding = {f.name: getattr(found.encoding, f.name) for f in fields(Encoding)}
    return encoding | {"normals": normalize(found.encoding.normals), "features": found.features}


def _boxes(height: int, width: int) -> list[Box]:
    """Cover a picture with tiles that overlap by at least ``OVERLAP``."""
    return [
        Box(top, left, min(TILE, height), min(TILE, width))
        for top in _starts(height)
        for left in _starts(width)
    ]


def _starts(length: int) -> list[int]:
    if length <= TILE:
        return [0]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    return [round(i * (length - TILE) / (count - 1)) for i in range(count)]


def _hat(box: Box, like: Tensor) -> Float[Tensor, "h w"]:
    """Return weights that fall toward a tile's border over the overlap."""

    def ramp(length: int) -> Tensor:
        steps = torch.arange(length, device=like.device) + 0.5
        return (torch.minimum(steps, length - steps) / OVERLAP).clamp(max=1.0)

    return ramp(box.height)[:, None] * ramp(box.width)[None, :]
