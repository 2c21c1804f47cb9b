"""What every splatting engine takes and gives, and the rules all of them share.

The rules are those of gsplat 1.5.3 (``RasterizeToPixels3DGSFwd.cu``,
``ProjectionEWA3DGSFused.cu``): front to back by camera depth, α = min(0.999, o·exp(−σ)), skipped
below 1/255, and a pixel stops before the Gaussian that would bring its transmittance to 1e-4 or
less. gsplat 1.6 lowers the cap to 0.99, which is why the version is pinned.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from backend.camera import Camera
from backend.gaussians import Gaussians

ALPHA_MAX = 0.999
ALPHA_MIN = 1 / 255
TRANSMITTANCE_STOP = 1e-4
EPS_2D = 0.1
"""Variance in pixels² added to every splat, so that none falls between the pixels. gsplat's own
default, 0.3, would mix each pixel's Gaussian with its neighbours'."""
EXTENT_MAX = 3.33
"""Radius in standard deviations; √(2 ln 255) = 3.329, so the rectangle never cuts α ≥ 1/255."""
NEAR_PLANE = 0.01
FRUSTUM_MARGIN = 0.15
"""Share of the picture's width by which the Jacobian may look past the frustum's border."""


@dataclass(frozen=True)
class Rendering:
    """Splatted maps."""

    features: Float[Tensor, "h w d"]
    """Σ α T f, not divided by alpha."""
    alpha: Float[Tensor, "h w"]
    depth: Float[Tensor, "h w"]
    """Expected depth, Σ α T z / Σ α T."""


@runtime_checkable
class Rasterizer(Protocol):
    """A splatting engine, differentiable in Gaussians, features and the camera's viewmat."""

    name: str

    def __call__(
        self, gaussians: Gaussians, features: Float[Tensor, "n d"], camera: Camera
    ) -> Rendering:
        """Splat per-Gaussian features into the camera's picture."""
        ...
