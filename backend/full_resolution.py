"""From the grid of Gaussians to every pixel of the picture."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.geometry import normalize
from backend.image import Box, Picture, crop
from backend.model import Turn, View
from backend.resample import filled, resize


@dataclass(frozen=True)
class Maps:
    """The answer as maps of the picture's size; OpenCV camera, linear colours.

    Outside the mask: facing normals, depth of the median, no albedo, no confidence.
    """

    normals: Float[Tensor, "h w 3"]
    start: Float[Tensor, "h w 3"]
    """The normals before splats, refinement and loop changed them."""
    depth: Float[Tensor, "h w"]
    albedo: Float[Tensor, "h w 3"]
    shading: Float[Tensor, "h w 3"]
    rerendered: Float[Tensor, "h w 3"]
    confidence: Float[Tensor, "h w"]


def at_full_resolution(
    picture: Picture,
    view: View,
    begun: Float[Tensor, "gh gw 3"],
    final: Turn,
    start: Float[Tensor, "h w 3"],
    confidence: Float[Tensor, "gh gw"],
    box: Box,
) -> Maps:
    """Carry what the loop changed on its grid to the pixels of the whole picture.

    The normals are the start at full resolution plus the loop's correction, so detail finer than
    the grid stays; texture that is finer than the splats goes to the albedo. ``picture`` is the
    whole picture, ``begun`` the starting normals on the grid, ``start`` those at the resolution of
    ``box``, the part of the picture the grid covers; ``confidence`` lies on the grid too.
    """
    size = box.height, box.width
    part = crop(picture, box)
    normals = start + grown(final.normals - begun, view, size)
    shading = grown(final.shading, view, size)
    texture = part.rgb / grown(final.splatted.target, view, size).clamp_min(1e-3)
    albedo = grown(final.splatted.albedo, view, size) * texture.clamp(0.1, 10.0)
    highlight = final.rerendered - final.splatted.albedo * final.shading
    rerendered = albedo * shading + grown(highlight, view, size)
    depth = grown(final.splatted.depth[..., None], view, size)[..., 0]
    sure = resize(confidence, *size).cpu()
    median = depth[part.mask].median()
    whole = picture.mask.shape
    facing = normals.new_tensor([0.0, 0.0, -1.0])
    return Maps(
        normals=pasted(normalize(normals), part.mask, box, facing.expand(*whole, 3)),
        start=pasted(start, part.mask, box, facing.expand(*whole, 3)),
        depth=pasted(depth, part.mask, box, median.expand(whole)),
        albedo=pasted(albedo.clamp(0.0, 1.0), part.mask, box, torch.zeros_like(picture.rgb)),
        shading=pasted(shading, part.mask, box, torch.zeros_like(picture.rgb)),
        rerendered=pasted(rerendered, part.mask, box, torch.zeros_like(picture.rgb)),
        confidence=pasted(sure, part.mask, box, torch.zeros(whole)),
    )


def grown(
    values: Float[Tensor, "h w c"], view: View, size: tuple[int, int]
) -> Float[Tensor, "hh ww c"]:
    """Resample a map of the grid, on the CPU from here on, with no dark border at the mask."""
    return resize(filled(values, view.mask), *size).cpu()


def pasted(
    part: Float[Tensor, "hh ww *c"],
    inside: Bool[Tensor, "hh ww"],
    box: Box,
    ground: Float[Tensor, "h w *c"],
) -> Float[Tensor, "h w *c"]:
    """Put the inside of a part into a whole filled with ``ground``."""
    whole = ground.clone()
    rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
    where = inside if part.ndim == 2 else inside[..., None]
    whole[rows, columns] = torch.where(where, part.cpu(), whole[rows, columns])
    return whole
