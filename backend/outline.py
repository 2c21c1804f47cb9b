"""What an outline alone says of a surface: the encoder is given it beside the picture.

A thing's surface turns away from the viewer toward its outline; inflating the outline says how, and
says it everywhere at once, where convolutions would have to learn to carry it inward.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.classical import inflate
from backend.geometry import surface_normals

GRID = 48
"""Longest side of the grid on which the outline is inflated: fast, and smooth enough for a hint."""
CHANNELS = 2


def outline_slopes(mask: Bool[Tensor, "h w"]) -> Float[Tensor, "h w 2"]:
    """Return x and y of the normals of a mask's inflation; 0 where there is none."""
    height, width = mask.shape
    if bool(mask.all()) or not bool(mask.any()):
        return torch.zeros(height, width, CHANNELS, device=mask.device)
    return slopes(inflate(mask, GRID).to(mask.device), mask)


def slopes(rise: Float[Tensor, "h w"], mask: Bool[Tensor, "h w"]) -> Float[Tensor, "h w 2"]:
    """Return x and y of the normals of a height toward the viewer in pixels; 0 outside the mask."""
    height, width = mask.shape
    v, u = torch.meshgrid(
        torch.arange(height, device=mask.device, dtype=rise.dtype),
        torch.arange(width, device=mask.device, dtype=rise.dtype),
        indexing="ij",
    )
    inside = mask.float()
    normals = surface_normals(torch.stack([u, v, -rise], dim=-1), inside)
    return normals[..., :CHANNELS] * inside[..., None]
