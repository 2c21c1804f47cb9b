"""What anyone can do without a model: flat, Sobel bump, silhouette inflation."""

from typing import Literal

import scipy.ndimage
import torch
from jaxtyping import Float
from torch import Tensor

from backend.camera import Camera
from backend.classical import start_for
from backend.geometry import normalize
from backend.image import Picture, linear_to_srgb, luminance

Baseline = Literal["flat", "sobel", "inflation"]
SOBEL_STRENGTH = 2.0
"""Slope per change of the display luminance from black to white within a pixel."""


def baseline_normals(kind: Baseline, picture: Picture, camera: Camera) -> Float[Tensor, "h w 3"]:
    """Return a baseline's normals, OpenCV camera."""
    if kind == "sobel":
        return sobel_bump(picture)
    return start_for(picture, camera, kind).normals


def sobel_bump(picture: Picture) -> Float[Tensor, "h w 3"]:
    """Take brightness for height, as image editors' bump filters do."""
    height = linear_to_srgb(luminance(picture.rgb)).numpy()
    du = torch.from_numpy(scipy.ndimage.sobel(height, axis=1)) / 8
    dv = torch.from_numpy(scipy.ndimage.sobel(height, axis=0)) / 8
    slopes = torch.stack([-du, -dv], dim=-1) * SOBEL_STRENGTH
    return normalize(torch.cat([slopes, -torch.ones_like(slopes[..., :1])], dim=-1))
