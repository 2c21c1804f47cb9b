"""gsplat's CUDA kernels behind the same protocol; imported only where CUDA is there."""

import torch
import torch.nn.functional as F
from gsplat import rasterization
from jaxtyping import Float
from torch import Tensor

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer.protocol import EPS_2D, NEAR_PLANE, Rendering

COMPILED_CHANNELS = (1, 2, 3, 4, 5, 8, 9, 16, 17, 32)
"""Channel counts gsplat 1.5.3 has kernels for; the depth adds one to ours."""


class GsplatRasterizer:
    """gsplat 1.5.3 on CUDA."""

    name = "gsplat"

    def __call__(
        self, gaussians: Gaussians, features: Float[Tensor, "n d"], camera: Camera
    ) -> Rendering:
        """Splat per-Gaussian features into the camera's picture."""
        channels = features.shape[1]
        room = next(count for count in COMPILED_CHANNELS if count > channels) - 1
        pushed = _push_away(gaussians, camera) if camera.orthographic else 0.0
        away = torch.zeros_like(camera.viewmat)
        away[2, 3] = pushed
        colours, alphas, _ = rasterization(
            gaussians.means,
            gaussians.quats,
            gaussians.scales,
            gaussians.opacities,
            F.pad(features, (0, room - channels)),
            (camera.viewmat + away)[None],
            camera.intrinsics[None],
            camera.width,
            camera.height,
            near_plane=NEAR_PLANE,
            eps2d=EPS_2D,
            packed=False,  # one view that sees nearly every Gaussian: faster than packed
            render_mode="RGB+ED",
            camera_model="ortho" if camera.orthographic else "pinhole",
        )
        return Rendering(
            features=colours[0, ..., :channels],
            alpha=alphas[0, ..., 0],
            depth=colours[0, ..., -1] - pushed,
        )


def _push_away(gaussians: Gaussians, camera: Camera) -> float:
    """Return by how much to move an orthographic scene so that every depth is positive.

    gsplat sorts depths by the bits of the float, which puts negative ones in reverse; and an
    orthographic reference plane may lie anywhere.
    """
    depths = gaussians.means.detach() @ camera.viewmat[2, :3].detach() + camera.viewmat[2, 3]
    return float(1.0 - depths.min()) if len(depths) else 0.0


def selftest() -> None:
    """Splat one Gaussian, which compiles the kernels; raises whatever is wrong with them."""
    device = torch.device("cuda")
    one = Gaussians(
        means=torch.tensor([[0.0, 0.0, 1.0]], device=device),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]], device=device),
        scales=torch.full((1, 3), 0.1, device=device),
        opacities=torch.full((1,), 0.5, device=device),
    )
    intrinsics = torch.tensor([[16.0, 0, 8], [0, 16, 8], [0, 0, 1]], device=device)
    camera = Camera(intrinsics, torch.eye(4, device=device), 16, 16)
    rendering = GsplatRasterizer()(one, torch.ones(1, 3, device=device), camera)
    if not rendering.alpha.max() > 0.4:
        raise RuntimeError("gsplat drew nothing")
