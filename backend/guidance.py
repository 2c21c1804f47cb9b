"""What is known of the normals beforehand gives the shape, what we see ourselves the detail.

As in ``multiscale`` a grid tells both apart, here a much finer one: what is known is worth more
than what we see, as far as it goes. ``training.foreknown`` measures the grid, with true normals.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.camera import view_rays
from backend.geometry import normalize
from backend.image import Box
from backend.integration import held, integrated
from backend.model import View, splat
from backend.multiscale import cut_grid
from backend.resample import resize, shrunk
from backend.seamless import around
from backend.start import Beginning

CUT = 256
"""Finer grids follow true normals still better, but leave a picture of 512 pixels no detail of our
own, and a prior sees little more than this."""
NOT_REFINED = "none: refinement learned to mend what the encoder sees, not a prior"
OWN_CONFIDENCE = "The confidence is our own model's, not the prior's"
"""Its weights were fitted to our own starts, and the encoder doubts its own normals: where a prior
errs nobody has measured, so the number is left as it is and said to be."""


@dataclass(frozen=True)
class Prior:
    """Normals that are known beforehand, over a picture; OpenCV camera, unit where known."""

    name: str
    normals: Float[Tensor, "h w 3"]
    known: Bool[Tensor, "h w"]
    cells: int = CUT
    """Longest side of the grid that carries its shape; what is finer is our detail."""

    def cut(self, box: Box) -> "Prior":
        """Return the part inside a box."""
        rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        return replace(self, normals=self.normals[rows, columns], known=self.known[rows, columns])

    def continued(self) -> "Prior":
        """Return it around its edges as well, for the continued picture."""
        rows, columns = around(*self.known.shape)
        normals, known = self.normals[rows][:, columns], self.known[rows][:, columns]
        return replace(self, normals=normals, known=known)

    def on(self, like: Float[Tensor, "hh ww 3"]) -> "Prior":
        """Return it on another grid, where ``like`` is."""
        height, width = like.shape[:2]
        share = resize(self.known.float(), height, width)
        normals = normalize(resize(self.normals * self.known[..., None], height, width))
        return replace(self, normals=normals.to(like), known=(share > 0.5).to(like.device))


def guided(own: Float[Tensor, "h w 3"], prior: Prior | None) -> Float[Tensor, "h w 3"]:
    """Give normals a prior's shape where it claims one; without a prior they stay."""
    if prior is None:
        return own
    height, width = own.shape[:2]
    claim = prior.on(own)
    missing = torch.where(claim.known[..., None], claim.normals - own, torch.zeros_like(own))
    shape = shrunk(missing, *cut_grid(height, width, prior.cells))
    return normalize(own + resize(shape, height, width))


def led(beginning: Beginning, prior: Prior | None, view: View) -> Beginning:
    """Give a first surface a prior's shape; without a prior it stays.

    It is not refined, and what splatting blurs counts as no change: without a loop the answer has
    the prior's shape exactly.
    """
    if prior is None:
        return beginning
    rays, begun = view_rays(view.camera), beginning.encoding
    normals = held(guided(normalize(begun.normals), prior), rays)
    depth = integrated(normals, rays, view.mask, begun.depth_pixels)
    encoding = replace(begun, normals=normals, depth_pixels=depth)
    return replace(
        beginning,
        encoding=encoding,
        features=None,
        normals=splat(encoding, view).normals,
        unrefined=NOT_REFINED,
        name=f"the prior {prior.name}, its detail from {beginning.name}",
    )
