"""What the networks say of one picture in one pass, without splats, light or loop: for export.

Where refinement and gate are given splatted maps in the whole model, they are given the encoder's
own here.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from backend.camera import Camera, view_rays
from backend.conventions import flip_axes
from backend.gaussians import Encoding, albedo_of, depth_of
from backend.geometry import normalize
from backend.integration import held
from backend.model import Clone, View
from backend.multiscale import seen_twice
from backend.outline import slopes
from backend.rasterizer.torch_engine import TorchRasterizer
from backend.refinement import fuse


@dataclass(frozen=True)
class Answer:
    """Maps of the picture's size; normals in wire axes (x right, y up, z toward the viewer)."""

    normals: Float[Tensor, "h w 3"]
    """Fused and unit; 0 outside the mask."""
    encoder_normals: Float[Tensor, "h w 3"]
    """As the encoder sees them, before refinement and gate."""
    gate: Float[Tensor, "h w"]
    """Γ, the share of the encoder's normal in the fused one."""
    albedo: Float[Tensor, "h w 3"]
    """Linear; its level is free."""
    depth: Float[Tensor, "h w"]
    """The encoder's: about 1 in a perspective picture, in pixels in an orthographic one."""
    confidence_logits: Float[Tensor, "h w"]
    """Greater is surer; the first clue to an error in degrees (``backend.confidence``)."""


NAMES = tuple(field.name for field in fields(Answer))


class FeedForward(nn.Module):
    """Encoder, refinement and gate in one pass."""

    def __init__(self, clone: Clone) -> None:
        super().__init__()
        self.clone = clone

    def forward(
        self,
        picture: Float[Tensor, "h w 3"],
        mask: Bool[Tensor, "h w"],
        inflation: Float[Tensor, "h w"],
        intrinsics: Float[Tensor, "3 3"],
    ) -> tuple[Tensor, ...]:
        """Return the maps of an ``Answer``, in its order: graphs have no names for fields.

        ``picture`` is linear, white about 1; ``inflation`` the height of the mask's inflation in
        pixels, 0 for a mask without outside. An infinite focal length is an orthographic camera.
        """
        height, width = mask.shape
        camera = Camera(intrinsics, torch.eye(4), width, height)
        view = View(picture, mask, camera, TorchRasterizer())
        encoded = seen_twice(self.clone, view, slopes(inflation, mask))
        found, inside = encoded.encoding, mask.float()
        own = held(normalize(found.normals), view_rays(camera)) * inside[..., None]
        depth = _depth(found, camera)
        refined = self.clone.refinement(own, depth * inside, picture, encoded.features)
        gate = self.clone.gate(own, refined, encoded.features)
        fused = fuse(own, refined, gate) * inside[..., None]
        answer = Answer(
            flip_axes(fused), flip_axes(own), gate, albedo_of(found), depth, found.confidence_logits
        )
        return tuple(getattr(answer, name) for name in NAMES)


def _depth(found: Encoding, camera: Camera) -> Float[Tensor, "h w"]:
    """Return the depth whatever the camera: which one it is, is data in a graph."""
    orthographic = torch.isinf(camera.intrinsics[0, 0])
    return torch.where(orthographic, found.depth_pixels, depth_of(found, camera))
