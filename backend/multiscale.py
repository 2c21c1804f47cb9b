"""Any size of picture: shape from a small copy, detail from the picture itself.

The encoder learned on pictures of about ``SHAPE_SIZE`` pixels. On a larger one it sees detail as
well as before but loses sight of the whole, so the low frequencies of the normals, the depth and
the confidence come from a small copy and detail from the picture, in tiles where it is large. A
tiny picture is enlarged first. The shape is seen twice, the second time in a mirror: errors that
are not symmetric cancel, and where the two answers lie apart, there is doubt.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import cropped
from backend.encoder import Encoded
from backend.gaussians import Encoding
from backend.geometry import normalize
from backend.model import Clone, View, resized_view
from backend.outline import outline_slopes
from backend.resample import resize, shrunk
from backend.tiles import pieces

See = Callable[[View, Float[Tensor, "h w 2"] | None], Encoded]
"""Encodes a view, whose outline is given when the view is a part of a larger one."""
SHAPE_SIZE = 192
"""Longest side of the copy that gives the shape of a thing or a room."""
MATERIAL_SIZE = 128
"""The same for a flat material, whose relief comes out worse than flat when it is seen larger."""
LONGEST = 1.5
"""A picture longer than this for its height is seen in parts; none it learned from was so long."""
DIRECT = 1.25
"""A picture up to this much larger or smaller is encoded as it is."""
CUT = 64
"""Longest side of the grid that carries the shape; what is finer is detail. It lies well below
what the copy resolves, so that both agree where they meet."""
MIRROR_DOUBT = 0.15
"""How much doubt the logarithm of 1 − cos between the picture's and its mirror's normals adds."""
MIRROR_FLOOR = 1e-3
TILE = 512
OVERLAP = 64


@torch.no_grad()
def encode(model: Clone, view: View, shape: Encoded | None = None) -> Encoded:
    """Encode a picture of any size; ``shape`` is ``see_shape`` of another copy of the picture."""
    height, width = view.mask.shape
    shape = see_shape(model, view) if shape is None else shape
    if shape.features.shape[:2] == view.mask.shape:
        return shape
    if max(height, width) <= max(shape.features.shape[:2]):
        return _resampled(shape, height, width)
    whole, fine = shape.encoding, _tiled(model, view, TILE)
    detail = normalize(fine.encoding.normals)
    grid = cut_grid(height, width)
    coarse = shrunk(normalize(whole.normals), *grid) - shrunk(detail, *grid)
    normals = detail + resize(coarse, height, width)
    depth = resize(whole.depth_pixels, height, width) * (width / shape.features.shape[1])
    doubt = resize(whole.confidence_logits, height, width)
    encoding = replace(
        fine.encoding,
        normals=normalize(normals), depth_pixels=depth, confidence_logits=doubt,
    )  # fmt: skip
    return Encoded(encoding, fine.features)


@torch.no_grad()
def see_shape(model: Clone, view: View) -> Encoded:
    """Encode the small copy that gives a picture its shape, or the picture if it is as small."""
    height, width = view.mask.shape
    longest, shortest = max(height, width), min(height, width)
    size = shape_size(view)
    if size / DIRECT <= longest <= min(DIRECT * size, LONGEST * shortest):
        return seen_twice(model, view)
    scale = max(size / longest, size / LONGEST / shortest)
    small = resized_view(view, max(8, round(height * scale)), max(8, round(width * scale)))
    return _tiled(partial(seen_twice, model), small, size)


def shape_size(view: View) -> int:
    """Return how large a copy gives a picture its shape; one that is frontal and full is flat."""
    material = view.camera.orthographic and bool(view.mask.all())
    return MATERIAL_SIZE if material else SHAPE_SIZE


def cut_grid(height: int, width: int, cut: int = CUT) -> tuple[int, int]:
    """Return the grid on which a picture's shape is told from its detail."""
    scale = min(1.0, cut / max(height, width))
    return max(4, round(height * scale)), max(4, round(width * scale))


def seen_twice(model: See, view: View, outline: Float[Tensor, "h w 2"] | None = None) -> Encoded:
    """Encode a picture, its normals averaged with those of its mirror image.

    Where the two lie apart, the confidence falls.
    """
    hint = outline_slopes(view.mask) if outline is None else outline
    straight = model(view, hint)
    intrinsics = view.camera.intrinsics.clone()
    intrinsics[0, 2] = view.camera.width - intrinsics[0, 2]
    camera = replace(view.camera, intrinsics=intrinsics)
    across = view.rgb.new_tensor([-1.0, 1.0, 1.0])
    mirror = View(view.rgb.flip(1), view.mask.flip(1), camera, view.rasterize)
    mirrored = model(mirror, hint.flip(1) * across[:2])
    one, other = straight.encoding, mirrored.encoding
    here, back = normalize(one.normals), normalize(other.normals).flip(1) * across
    apart = (1 - (here * back).sum(-1) + MIRROR_FLOOR).log()
    sure = (one.confidence_logits + other.confidence_logits.flip(1)) / 2
    both = replace(
        one,
        normals=normalize(here + back),
        log_albedo=(one.log_albedo + other.log_albedo.flip(1)) / 2,
        confidence_logits=sure - MIRROR_DOUBT * apart,
    )
    return Encoded(both, straight.features)


def _resampled(found: Encoded, height: int, width: int) -> Encoded:
    """Carry what was seen in an enlarged picture back to its own grid."""
    ratio = width / found.features.shape[1]
    maps = {name: resize(values, height, width) for name, values in _maps(found).items()}
    maps["depth_pixels"] = maps["depth_pixels"] * ratio
    features = maps.pop("features")
    return Encoded(Encoding(**maps), features)


def _tiled(see: See, view: View, tile: int) -> Encoded:
    """Encode tile by tile, blended across their overlaps."""
    height, width = view.mask.shape
    if max(height, width) <= DIRECT * tile:
        return see(view, None)
    total: dict[str, Tensor] = {}
    outline = outline_slopes(view.mask)
    down, across = pieces(height, tile, OVERLAP), pieces(width, tile, OVERLAP)
    for row, column in product(range(len(down.starts)), range(len(across.starts))):
        top, left = down.starts[row], across.starts[column]
        rows, columns = slice(top, top + down.size), slice(left, left + across.size)
        camera = cropped(view.camera, left, top, across.size, down.size)
        part = View(view.rgb[rows, columns], view.mask[rows, columns], camera, view.rasterize)
        found = see(part, outline[rows, columns])
        weight = torch.from_numpy(np.outer(down.weights[row], across.weights[column]))
        for name, values in _maps(found).items():
            if name not in total:
                total[name] = values.new_zeros(height, width, *values.shape[2:])
            share = weight.to(values.device)
            total[name][rows, columns] += values * (share if values.ndim == 2 else share[..., None])
    maps = {f.name: total[f.name] for f in fields(Encoding)}
    return Encoded(Encoding(**maps), total["features"])


def _maps(found: Encoded) -> dict[str, Tensor]:
    encoding = {f.name: getattr(found.encoding, f.name) for f in fields(Encoding)}
    return encoding | {"normals": normalize(found.encoding.normals), "features": found.features}
