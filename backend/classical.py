"""Classical guesses at a surface: the baselines of evaluation, and starts for who asks for them.

A silhouette is inflated; a picture without one is taken for a flat material and its shading is
integrated to a low relief. Both answer with a height toward the viewer in pixels, which becomes
the depth of the first Gaussians.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.ndimage
import scipy.sparse
import scipy.sparse.linalg
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import Camera, unproject, view_rays
from backend.gaussians import Encoding
from backend.geometry import surface_normals
from backend.image import Picture, luminance, resize_mask
from backend.resample import resize

INFLATION_GRID = 128
"""Longest side of the grid on which a silhouette is inflated."""
INFLATION_SMOOTHING = 1.0
"""Standard deviation, in pixels of that grid, that takes the kink off the medial axis."""
RELIEF_SLANT = 1.0
"""Assumed tangent of the angle between a material's light and its normal."""
RELIEF_NOISE = 0.02
"""Wiener regulariser, in cycles per pixel: slopes across the light cannot be seen."""
RELIEF_STRENGTH = 0.25
"""Share of the relief that is believed: its sign is only as sure as that light comes from above."""

GUESS_CONFIDENCE = 0.7
"""As sure as one can be of a guess: an expected error of about 40°."""

Kind = Literal["inflation", "shading", "flat"]
NAMES: dict[Kind, str] = {
    "inflation": "silhouette inflation",
    "shading": "relief from shading",
    "flat": "flat",
}


@dataclass(frozen=True)
class Start:
    """A starting surface and what it was made from."""

    depth: Float[Tensor, "h w"]
    normals: Float[Tensor, "h w 3"]
    kind: Kind


def start_for(picture: Picture, camera: Camera, kind: Literal["auto"] | Kind) -> Start:
    """Return the starting surface of a picture; auto chooses by whether it has a silhouette."""
    if kind == "auto":
        kind = "inflation" if picture.has_silhouette else "shading"
    if kind == "inflation":
        height = inflate(picture.mask)
    elif kind == "shading":
        height = relief_from_shading(picture)
    else:
        height = torch.zeros(picture.mask.shape)
    depth = _depth_from_height(height.to(camera.intrinsics.device), camera, kind)
    normals = surface_normals(unproject(camera, depth), picture.mask.float())
    return Start(depth, normals, kind)


def _depth_from_height(
    height: Float[Tensor, "h w"], camera: Camera, kind: Kind
) -> Float[Tensor, "h w"]:
    """Raise a height in pixels over its base toward the camera.

    The base of a material is a plane facing the camera. That of an object is a sphere around it:
    an outline is where the line of sight touches the surface, and off the axis of a wide lens that
    line is not the axis.
    """
    if camera.orthographic:
        return -height
    depth = torch.exp(-height / camera.intrinsics[0, 0])
    return depth / view_rays(camera).norm(dim=-1) if kind == "inflation" else depth


def encode_start(start: Start, albedo: Float[Tensor, "h w 3"], camera: Camera) -> Encoding:
    """Express a starting surface as the Gaussians' unconstrained parameters."""
    shape = start.depth.shape
    in_pixels = start.depth if camera.orthographic else start.depth.log() * camera.intrinsics[0, 0]
    constant = start.depth.new_full
    return Encoding(
        depth_pixels=in_pixels,
        normals=start.normals,
        angle=constant(shape, 0.0),
        scale_logits=constant((*shape, 2), 0.0),
        flatness_logits=constant(shape, -2.0),
        opacity_logits=constant(shape, 2.0),
        log_albedo=albedo.clamp_min(0.02).log(),
        confidence_logits=constant(shape, GUESS_CONFIDENCE),
    )


def inflate(mask: Bool[Tensor, "h w"], grid: int = INFLATION_GRID) -> Float[Tensor, "h w"]:
    """Blow up a silhouette: ∇²p = −1 inside, p = 0 outside, height √p (in pixels of the mask).

    Solved on a grid of at most ``grid`` pixels a side; a mask without outside is inflated from the
    picture's frame.
    """
    height, width = mask.shape
    scale = min(1.0, grid / max(height, width))
    size = max(3, round(height * scale)), max(3, round(width * scale))
    inside = resize_mask(mask.cpu(), *size).numpy()
    bulge = np.sqrt(_poisson(inside))
    smooth = scipy.ndimage.gaussian_filter(bulge, INFLATION_SMOOTHING) * inside
    on_grid = torch.from_numpy(smooth.astype(np.float32))
    return resize(on_grid, height, width) / scale


def _poisson(inside: np.ndarray) -> np.ndarray:
    """Solve ∇²p = −1 on the inside of a mask with p = 0 outside."""
    number = np.full((inside.shape[0] + 2, inside.shape[1] + 2), -1)
    number[1:-1, 1:-1][inside] = np.arange(inside.sum())
    centre = number[1:-1, 1:-1][inside]
    rows, columns = [centre], [centre]
    values = [np.full(len(centre), 4.0)]
    for neighbour in (number[:-2, 1:-1], number[2:, 1:-1], number[1:-1, :-2], number[1:-1, 2:]):
        other = neighbour[inside]
        rows.append(centre[other >= 0])
        columns.append(other[other >= 0])
        values.append(np.full(int((other >= 0).sum()), -1.0))
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    matrix = scipy.sparse.csc_matrix(entries, shape=(len(centre),) * 2)
    solution = np.zeros(inside.shape)
    solution[inside] = scipy.sparse.linalg.spsolve(matrix, np.ones(len(centre)))
    return solution.clip(min=0.0)


def relief_from_shading(picture: Picture) -> Float[Tensor, "h w"]:
    """Integrate the shading of a material lit from one side to a low relief, in pixels.

    Linear shape from shading in the Fourier domain (Pentland 1990). The light's azimuth comes from
    the second moments of the brightness gradient: a rough surface varies most along its light
    (Koenderink & Pont 2003). How clearly it does so is how far the relief is believed.
    """
    shade = torch.log(luminance(picture.rgb.cpu()) + 0.02)
    inside = picture.mask.cpu()
    shade = torch.where(inside, shade, shade[inside].mean())
    shade = shade - _blur(shade, max(shade.shape) / 8)
    azimuth, clarity = _light_azimuth(shade)
    relief = _integrate(shade, azimuth)
    return RELIEF_STRENGTH * clarity * relief


def _light_azimuth(shade: Float[Tensor, "h w"]) -> tuple[Float[Tensor, "2"], float]:
    """Return the likeliest light azimuth (u right, v down), from above, and its clarity 0..1."""
    du = (shade[:, 2:] - shade[:, :-2])[1:-1] / 2
    dv = (shade[2:] - shade[:-2])[:, 1:-1] / 2
    moments = torch.stack([du.flatten(), dv.flatten()])
    values, vectors = torch.linalg.eigh(moments @ moments.T + 1e-9 * torch.eye(2))
    azimuth = vectors[:, 1]
    if azimuth[1] > 0.1 or (abs(azimuth[1]) <= 0.1 and azimuth[0] > 0):
        azimuth = -azimuth  # light from above, else from the left: the convention of drawing
    # an isotropic rough surface has twice the spread of slopes seen along its light: 1/2
    clarity = float((values[1] - values[0]) / values.sum() / 0.5)
    return azimuth, min(1.0, clarity)


def _integrate(shade: Float[Tensor, "h w"], azimuth: Float[Tensor, "2"]) -> Float[Tensor, "h w"]:
    """Find the height whose slope along the light is the shading, Wiener-regularised.

    Periodic at the borders, as materials are that tile.
    """
    height, width = shade.shape
    fu = torch.fft.rfftfreq(width)[None, :]
    fv = torch.fft.fftfreq(height)[:, None]
    along = RELIEF_SLANT * (fu * azimuth[0] + fv * azimuth[1])
    # brightness ≈ −slant · (τ·∇height): a slope toward the light is bright
    gain = -1j * 2 * torch.pi * along
    inverse = gain.conj() / (gain.abs().square() + (2 * torch.pi * RELIEF_NOISE) ** 2)
    return torch.fft.irfft2(torch.fft.rfft2(shade) * inverse, s=shade.shape)


def _blur(values: Float[Tensor, "h w"], sigma: float) -> Float[Tensor, "h w"]:
    return torch.from_numpy(scipy.ndimage.gaussian_filter(values.numpy(), sigma, mode="nearest"))
