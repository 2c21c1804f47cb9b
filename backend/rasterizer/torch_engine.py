"""Splatting in plain torch: any device, gradients by autograd, memory bounded by tiles.

Each tile of the picture gets the depth-sorted list of the splats that touch it; tiles of similar
list length are composited together as one padded block (tiles × list × pixels). A block keeps
nothing but its inputs: its intermediates are computed again in the backward pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer.projection import Splats, project_gaussians
from backend.rasterizer.protocol import ALPHA_MAX, ALPHA_MIN, TRANSMITTANCE_STOP, Rendering

TILE = 4
"""Side of a tile in pixels: splats here are 1–3 px wide, larger tiles test too many of them."""
BLOCK_ELEMENTS = 4_000_000
"""Splat–pixel pairs composited at once; one such block takes about 16 MB per intermediate."""


@dataclass(frozen=True)
class TileLists:
    """Which splats touch which tile, front to back; tiles in order of descending list length."""

    splats: Int[Tensor, " pairs"]
    starts: Int[Tensor, " tiles"]
    lengths: Int[Tensor, " tiles"]
    tiles: Int[Tensor, " tiles"]
    columns: int
    rows: int


class TorchRasterizer:
    """The plain engine: the reference for the fast ones and the fallback on every device."""

    name = "torch"

    def __call__(
        self, gaussians: Gaussians, features: Float[Tensor, "n d"], camera: Camera
    ) -> Rendering:
        """Splat per-Gaussian features into the camera's picture."""
        splats = project_gaussians(gaussians, camera)
        lists = _tile_lists(splats, camera)
        carried = torch.cat([features, splats.depths[:, None], torch.ones_like(features[:, :1])], 1)
        log_opacities = gaussians.opacities.clamp_min(1e-12).log()
        blocks = [
            checkpoint(
                _composite, corners, index, splats.means, splats.conics, log_opacities, carried,
                use_reentrant=False, preserve_rng_state=False,
            )
            for corners, index in _blocks(lists)
        ]  # fmt: skip
        image = _assemble(torch.cat(blocks), lists, camera)
        alpha = image[..., -1]
        return Rendering(
            features=image[..., :-2],
            alpha=alpha,
            depth=image[..., -2] / alpha.clamp_min(1e-10),
        )


def _tile_lists(splats: Splats, camera: Camera) -> TileLists:
    """Sort the splats by depth and hand each to the tiles its rectangle touches."""
    columns, rows = -(-camera.width // TILE), -(-camera.height // TILE)
    order = torch.argsort(splats.depths.detach(), stable=True)
    order = order[(splats.radii[order] > 0).all(-1)]
    means, radii = splats.means.detach()[order], splats.radii[order]
    limit = torch.tensor([columns, rows], device=means.device)
    first = ((means - radii) / TILE).floor().int().clamp_min(0).minimum(limit)
    last = ((means + radii) / TILE).floor().int().clamp_min(-1).minimum(limit - 1)
    spans = (last - first + 1).clamp_min(0)
    counts = spans[:, 0] * spans[:, 1]
    splat = torch.repeat_interleave(torch.arange(len(order), device=means.device), counts)
    within = torch.arange(len(splat), device=means.device) - (counts.cumsum(0) - counts)[splat]
    column = first[splat, 0] + within % spans[splat, 0]
    row = first[splat, 1] + within // spans[splat, 0]
    tile = (row * columns + column).long()
    by_tile = torch.argsort(tile, stable=True)  # stable: depth order survives within a tile
    lengths = torch.bincount(tile, minlength=columns * rows)
    starts = lengths.cumsum(0) - lengths
    tiles = torch.argsort(lengths, descending=True, stable=True)
    return TileLists(order[splat[by_tile]], starts[tiles], lengths[tiles], tiles, columns, rows)


def _blocks(
    lists: TileLists,
) -> Iterator[tuple[Float[Tensor, "t 2"], Int[Tensor, "t l"]]]:
    """Yield tiles' corner pixels and padded splat lists, in blocks of bounded size; −1 pads."""
    position = 0
    corner = torch.stack([lists.tiles % lists.columns, lists.tiles // lists.columns], -1) * TILE
    padded = torch.cat([lists.splats, lists.splats.new_full((1,), -1)])
    while position < len(lists.tiles):
        longest = max(1, int(lists.lengths[position]))
        stop = position + max(1, BLOCK_ELEMENTS // (longest * TILE * TILE))
        steps = torch.arange(longest, device=lists.tiles.device)
        used = steps < lists.lengths[position:stop, None]
        index = torch.where(used, lists.starts[position:stop, None] + steps, len(lists.splats))
        yield corner[position:stop].float(), padded[index]
        position = stop


def _composite(
    corners: Float[Tensor, "t 2"],
    index: Int[Tensor, "t l"],
    means: Float[Tensor, "n 2"],
    conics: Float[Tensor, "n 3"],
    log_opacities: Float[Tensor, " n"],
    carried: Float[Tensor, "n d"],
) -> Float[Tensor, "t pixels d"]:
    """Blend each tile's list front to back; a row of pixels varies fastest."""
    offsets = torch.arange(TILE, device=means.device) + 0.5
    mean = means[index]
    dx = (mean[..., :1] - corners[:, None, :1] - offsets)[..., None, :]  # t l 1 x
    dy = (mean[..., 1:] - corners[:, None, 1:] - offsets)[..., :, None]  # t l y 1
    a, b, c = conics[index][..., None, None].unbind(2)
    sigma = (0.5 * a * dx * dx + (b * dy) * dx + 0.5 * c * dy * dy).flatten(2)  # t l pixels
    raw = torch.exp(log_opacities[index][..., None] - sigma)
    drawn = (raw >= ALPHA_MIN) & (sigma >= 0) & (index >= 0)[..., None]
    alpha = torch.where(drawn, raw.clamp_max(ALPHA_MAX), 0.0)
    log_keep = torch.log1p(-alpha)
    log_after = log_keep.cumsum(1)
    alive = log_after.detach().exp() > TRANSMITTANCE_STOP
    weights = torch.where(alive, alpha * (log_after - log_keep).exp(), 0.0)
    return weights.mT @ carried[index]


def _assemble(
    blocks: Float[Tensor, "tiles pixels d"], lists: TileLists, camera: Camera
) -> Float[Tensor, "h w d"]:
    """Put the tiles, which come sorted by length, back into their places."""
    ordered = torch.empty_like(blocks).index_copy(0, lists.tiles, blocks)
    grid = ordered.unflatten(1, (TILE, TILE)).unflatten(0, (lists.rows, lists.columns))
    image = grid.permute(0, 2, 1, 3, 4).flatten(2, 3).flatten(0, 1)
    return image[: camera.height, : camera.width]
