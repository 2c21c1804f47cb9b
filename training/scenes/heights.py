"""Cast shadows over what a camera sees: marching toward each light over the depth of its pixels."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from training.scenes.surface import Eye

STEPS = 24
CROWDING = 1.6
"""Steps lie closer near the surface, where shadows are sharp."""
VOID = 10.0
"""How much further than any surface the pixels without one are."""


def lit_over_depth(
    eye: Eye,
    points: Float[Tensor, "b p 3"],
    normals: Float[Tensor, "b p 3"],
    inside: Bool[Tensor, "b p"],
    directions: Float[Tensor, "b k 3"],
    lift: float,
    thickness: float,
) -> Bool[Tensor, "b k p"]:
    """Whether nothing the camera sees stands between visible points and distant lights.

    The march begins ``lift`` pixels above the surface. What is seen counts as solid for
    ``thickness`` behind its front.
    """
    size = round(points.shape[1] ** 0.5)
    nearest = torch.where(inside, points[..., 2], VOID).amin(1)
    furthest = torch.where(inside, points[..., 2], -VOID).amax(1)
    # the picture's frame counts as void too: outside it, sampling gives 0
    hollow = torch.where(inside, points[..., 2] - furthest[:, None] - VOID, 0.0)
    depth = hollow.unflatten(1, (size, size))[:, None]
    floor = (furthest + VOID)[:, None, None]
    pixel = 2 * (eye.width + eye.slope * eye.back) / size
    x, y, z = (points + lift * pixel[:, None, None] * normals)[:, None].unbind(-1)
    # beyond the nearest point nothing can be in the way
    reach = (furthest - nearest)[:, None] / -directions[..., 2]
    blocked = torch.zeros(directions.shape[:2] + x.shape[2:], dtype=torch.bool, device=x.device)
    for step in range(1, STEPS + 1):
        move = (reach * (step / STEPS) ** CROWDING)[..., None, None] * directions[:, :, None]
        there = z + move[..., 2]
        scale = eye.width[:, None, None] + eye.slope[:, None, None] * (
            there + eye.back[:, None, None]
        )
        seen = torch.stack([x + move[..., 0], y + move[..., 1]], dim=-1) / scale[..., None]
        front = F.grid_sample(depth, seen, align_corners=False)[:, 0] + floor
        blocked |= (there > front) & (there < front + thickness)
    return ~blocked
