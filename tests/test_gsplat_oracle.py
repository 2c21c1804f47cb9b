"""Our engines against gsplat 1.5.3's own torch code, on the CPU.

gsplat's reference needs CUDA in two leaves only: the listing of pairs, and two sums of nerfacc.
Both are written out here; projection, tiles and blending are gsplat's.
"""

import sys
import types
from dataclasses import fields
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from backend.gaussians import Gaussians
from backend.rasterizer.numba_engine import NumbaRasterizer
from backend.rasterizer.protocol import ALPHA_MAX, ALPHA_MIN, EPS_2D, TRANSMITTANCE_STOP
from backend.rasterizer.torch_engine import TorchRasterizer

from .scenes import random_gaussians, small_camera

pytest.importorskip("gsplat")
TILE = 16


def render_weight_from_alpha(alphas: Tensor, ray_indices: Tensor, n_rays: int):
    log_keep = torch.log1p(-alphas.double())
    sums = log_keep.cumsum(0)
    first = torch.ones_like(ray_indices, dtype=torch.bool)
    first[1:] = ray_indices[1:] != ray_indices[:-1]
    begins = first.nonzero()[:, 0][first.cumsum(0) - 1]
    before = torch.exp(sums - log_keep - (sums - log_keep)[begins]).to(alphas.dtype)
    return alphas * before, before


def accumulate_along_rays(weights: Tensor, values: Tensor | None, ray_indices: Tensor, n_rays: int):
    source = weights[:, None] if values is None else weights[:, None] * values
    return source.new_zeros(n_rays, source.shape[1]).index_add(0, ray_indices, source)


def indices_in_range(
    start, end, transmittances, means, conics, opacities, width, height, tile, offsets, ids
):
    """List the pairs of RasterizeToIndices3DGS.cu for one picture, by pixel and depth."""
    gaussians, pixels = [], []
    bounds = [*offsets.flatten().tolist(), len(ids)]
    for number, (low, high) in enumerate(pairwise(bounds)):
        chosen = ids[low + start * tile * tile : min(high, low + end * tile * tile)].long()
        left, top = number % offsets.shape[-1] * tile, number // offsets.shape[-1] * tile
        for y in range(top, min(top + tile, height)):
            for x in range(left, min(left + tile, width)):
                here = torch.tensor([x + 0.5, y + 0.5])
                dx, dy = (means[0, chosen].detach() - here).unbind(-1)
                a, b, c = conics[0, chosen].detach().unbind(-1)
                sigma = 0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy
                alpha = (opacities[0, chosen].detach() * torch.exp(-sigma)).clamp_max(ALPHA_MAX)
                drawn = (sigma >= 0) & (alpha >= ALPHA_MIN)
                after = transmittances[0, y, x].detach() * (1 - alpha[drawn]).cumprod(0)
                kept = chosen[drawn][after > TRANSMITTANCE_STOP]
                gaussians.append(kept)
                pixels.append(torch.full_like(kept, y * width + x))
    order = torch.argsort(torch.cat(pixels), stable=True)
    listed = torch.cat(gaussians)[order]
    return listed, torch.cat(pixels)[order], torch.zeros_like(listed)


@pytest.fixture
def reference(monkeypatch):
    """Return gsplat's torch code as ``splat(camera, means, quats, …, features, viewmat)``."""
    nerfacc = types.ModuleType("nerfacc")
    nerfacc.render_weight_from_alpha = render_weight_from_alpha
    nerfacc.accumulate_along_rays = accumulate_along_rays
    monkeypatch.setitem(sys.modules, "nerfacc", nerfacc)
    from gsplat.cuda import _torch_impl, _wrapper  # noqa: PLC0415

    monkeypatch.setattr(_wrapper, "rasterize_to_indices_in_range", indices_in_range)

    def splat(camera, means, quats, scales, opacities, features, viewmat):
        covariances, _ = _torch_impl._quat_scale_to_covar_preci(quats, scales, True, False)
        model = "ortho" if camera.orthographic else "pinhole"
        radii, flat, depths, conics, _ = _torch_impl._fully_fused_projection(
            means, covariances, viewmat[None], camera.intrinsics[None],
            camera.width, camera.height, eps2d=EPS_2D, camera_model=model,
        )  # fmt: skip
        columns, rows = -(-camera.width // TILE), -(-camera.height // TILE)
        _, keys, ids = _torch_impl._isect_tiles(
            flat.detach(), radii, depths.detach(), TILE, columns, rows
        )
        offsets = _torch_impl._isect_offset_encode(keys, 1, columns, rows)
        maps, alpha = _torch_impl._rasterize_to_pixels(
            flat, conics, features[None], opacities[None],
            camera.width, camera.height, TILE, offsets, ids,
        )  # fmt: skip
        return maps[0], alpha[0, ..., 0]

    return splat


@pytest.mark.parametrize("engine", [NumbaRasterizer(), TorchRasterizer()], ids=lambda e: e.name)
@pytest.mark.parametrize("fov", [0.0, 50.0])
@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_values_and_gradients_equal_gsplats_own_code(reference, engine, fov, sigma):
    camera = small_camera(40, 28, fov=fov)
    gaussians = random_gaussians(camera, 800, sigma=sigma)
    assert len(gaussians.means[:, 2].unique()) == 800  # gsplat leaves the order of ties open
    features = torch.rand(800, 5, generator=torch.Generator().manual_seed(1))
    leaves = [getattr(gaussians, f.name).requires_grad_() for f in fields(Gaussians)]
    leaves += [features.requires_grad_(), camera.viewmat.requires_grad_()]
    rendering = engine(gaussians, features, camera)
    maps, alpha = reference(camera, *leaves)
    torch.testing.assert_close(rendering.features, maps, atol=3e-6, rtol=1e-5)
    torch.testing.assert_close(rendering.alpha, alpha, atol=3e-6, rtol=1e-5)
    mix = torch.rand(maps.shape, generator=torch.Generator().manual_seed(2))
    ours = torch.autograd.grad((rendering.features * mix).sum() + rendering.alpha.sum(), leaves)
    theirs = torch.autograd.grad((maps * mix).sum() + alpha.sum(), leaves)
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine - other).abs().max() <= 5e-5 * other.abs().max(), mine.shape
