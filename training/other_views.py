"""Other views: the Gaussians of one picture, splatted into a second camera, must match what it saw.

A picture's depth has no scale, so each pair's scale is found first: the one under which the second
picture agrees best with the first along the Gaussians' rays. Pixels that only one of the cameras
sees, or that another part of the surface may hide, have no say.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from backend import losses
from backend.camera import Camera, project, unproject
from backend.gaussians import depth_of, gaussians_of
from backend.geometry import normalize
from training.joint import SOLID, Around, camera_of, moved_camera
from training.scenes import OtherView

SCALES = 25
WIDEST = 12.0
"""Scales from its inverse to it are tried, relative to the distance where the axes cross."""
CLEAR = 0.8
"""A pair whose best scale does not fit this much better than the middling one says nothing."""
FRONTAL = 0.3
"""Surfaces seen more slantwise than this cosine may be hidden from the other camera."""


def other_view_error(around: Around, other: OtherView, index: int) -> Float[Tensor, ""]:
    """Return how far the Gaussians, seen from the second camera, are from its picture."""
    second = camera_of(other.rays[index])
    nothing = around.splatted.depth.sum() * 0
    placed = _best_placed(around, other, index, second)
    if placed is None:
        return nothing
    view = around.view
    gaussians = gaussians_of(around.encoding, view.camera, view.mask)
    rays = normalize(unproject(view.camera, torch.ones_like(around.splatted.depth)))
    facing = (around.splatted.own_normals * -rays).sum(-1)[view.mask]
    features = torch.cat([other.first[index][view.mask], facing[:, None].detach()], dim=-1)
    seen = view.rasterize(gaussians, features, placed)
    maps = seen.features / seen.alpha[..., None].clamp_min(1e-4)
    told = other.inside[index] & (seen.alpha > SOLID) & (maps[..., 3] > FRONTAL)
    return losses.reprojection(maps[..., :3], other.picture[index], told.float().detach())


@torch.no_grad()
def _best_placed(around: Around, other: OtherView, index: int, second: Camera) -> Camera | None:
    """Find the scale of a pair and return the second camera in units of the first's depth."""
    view = around.view
    if view.camera.orthographic:
        return None  # its depth has an offset besides: there is no scale to find
    points = unproject(view.camera, depth_of(around.encoding, view.camera))
    keep = view.mask & other.inside[index]
    if int(keep.sum()) < 256:
        return None
    keep[1::2], keep[:, 1::2] = False, False
    points, colours = points[keep], other.first[index][keep]
    rotation, translation = other.rotation[index], other.translation[index]
    across = float(
        translation.norm() / (2 * (1 - (rotation.trace() - 1) / 2).clamp_min(1e-6)).sqrt()
    )
    tried = across * torch.logspace(-1, 1, SCALES) ** math.log10(WIDEST)
    errors = torch.stack(
        [_disagreement(points, colours, other, index, second, float(s)) for s in tried]
    )
    best = int(errors.argmin())
    if errors[best] > CLEAR * errors.median():
        return None
    return moved_camera(second, rotation, translation / tried[best])


def _disagreement(
    points: Float[Tensor, "m 3"],
    colours: Float[Tensor, "m 3"],
    other: OtherView,
    index: int,
    second: Camera,
    scale: float,
) -> Float[Tensor, ""]:
    """Return how much colours differ where points land in the second picture at a scale."""
    there = points @ other.rotation[index].T + other.translation[index] / scale
    pixels = project(second, there)
    size = points.new_tensor([second.width, second.height])
    grid = (pixels / size * 2 - 1)[None, None]
    found = F.grid_sample(other.picture[index].permute(2, 0, 1)[None], grid, align_corners=False)
    inside = (grid[0, 0].abs() < 1).all(-1) & (there[:, 2] > 1e-3)
    difference = (found[0, :, 0].T - colours).abs().mean(-1)
    # what falls outside counts as a middling miss, else the best scale leaves the picture
    return torch.where(inside, difference, difference.new_tensor(0.3)).mean()
