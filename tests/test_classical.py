from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.camera import camera_from_fov, resized, unproject
from backend.classical import encode_start, inflate, start_for
from backend.gaussians import closed, gaussians_of, normals_of
from backend.geometry import surface_normals
from backend.image import decode_picture
from backend.model import View, splat
from backend.rasterizer.numba_engine import NumbaRasterizer

from .scenes import sphere_normals, sphere_picture


def test_a_disc_inflates_to_half_a_ball():
    _, mask = sphere_normals(96)
    height = inflate(mask)
    radius = 0.8 * 48
    # ∇²p = −1 on a disc: p = (R² − r²)/4, so √p is a hemisphere of half the height
    assert float(height.max()) == pytest.approx(radius / 2, rel=0.08)
    assert (height[~mask] < 1.0).all()


def test_inflation_scales_with_the_picture():
    _, mask = sphere_normals(64)
    large = mask.repeat_interleave(4, 0).repeat_interleave(4, 1)
    assert float(inflate(large).max()) == pytest.approx(4 * float(inflate(mask).max()), rel=0.05)


def _relief(size: int, azimuth: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Light a rough surface from the side; return its normals and its picture."""
    noise = torch.randn(size, size, generator=torch.Generator().manual_seed(0))
    f = torch.fft.fftfreq(size)
    radius = (f[:, None] ** 2 + f[None, :size] ** 2).sqrt()
    height = torch.fft.ifft2(torch.fft.fft2(noise) * torch.exp(-((radius / 0.06) ** 2))).real
    height = height / height.diff(dim=0).std() * 0.25
    camera = camera_from_fov(size, size, 0.0)
    normals = surface_normals(unproject(camera, -height), torch.ones(size, size))
    sun = torch.tensor([*azimuth, -1.0])
    shading = 0.2 + 0.6 * (normals @ (sun / sun.norm())).clamp_min(0)
    return normals, shading[..., None].expand(size, size, 3)


@pytest.mark.parametrize("azimuth", [(0.0, -1.0), (-0.7, -0.7), (0.7, -0.7), (-1.0, 0.0)])
def test_relief_from_shading_beats_flat_when_light_comes_from_above(azimuth):
    normals, shading = _relief(96, azimuth)
    picture = decode_picture(shading.numpy().astype(np.float32), "linear")
    start = start_for(picture, camera_from_fov(96, 96, 0.0), "auto")
    flat = normals.new_tensor([0.0, 0.0, -1.0]).expand_as(normals)
    error = (start.normals * normals).sum(-1).clamp(-1, 1).acos().mean()
    of_flat = (flat * normals).sum(-1).clamp(-1, 1).acos().mean()
    assert start.kind == "shading" and error < 0.97 * of_flat


def test_a_flat_page_stays_nearly_flat():
    page = np.full((64, 64, 3), 0.8, np.float32)
    page[10:54:6, 8:56] = 0.1
    start = start_for(decode_picture(page, "linear"), camera_from_fov(64, 64, 0.0), "auto")
    tilt = (-start.normals[..., 2]).clamp(-1, 1).acos().rad2deg().mean()
    assert tilt < 15.0


@pytest.mark.parametrize("fov", [0.0, 45.0])
def test_the_start_survives_being_made_gaussians(fov):
    pixels, _, _ = sphere_picture(48)
    picture = decode_picture(pixels, "srgb")
    camera = camera_from_fov(48, 48, fov)
    start = start_for(picture, camera, "auto")
    encoding = encode_start(start, torch.full((48, 48, 3), 0.4), camera)
    gaussians = gaussians_of(encoding, camera, picture.mask)
    assert start.kind == "inflation" and len(gaussians.means) == int(picture.mask.sum())
    found = normals_of(gaussians, camera, picture.mask)
    wanted = start.normals[picture.mask]
    towards = found[:, 2] < -0.05
    torch.testing.assert_close(found[towards], wanted[towards], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(
        gaussians.means, unproject(camera, start.depth)[picture.mask], atol=1e-5, rtol=1e-4
    )
    assert (gaussians.scales[:, 2] <= gaussians.scales[:, :2].amin(-1)).all()


def test_no_holes_open_where_one_looks_closer():
    picture = decode_picture(np.full((24, 24, 3), 128, np.uint8), "srgb")
    camera = camera_from_fov(24, 24, 40.0)
    encoding = encode_start(start_for(picture, camera, "flat"), torch.ones(24, 24, 3), camera)
    gaussians = gaussians_of(encoding, camera, picture.mask)
    closer = resized(camera, 144, 144)
    alpha = NumbaRasterizer()(closed(gaussians, camera), torch.ones(24 * 24, 1), closer).alpha
    assert alpha[6:-6, 6:-6].min() > 0.9


def test_a_picture_that_is_all_mask_can_still_be_inflated():
    assert inflate(torch.ones(20, 30, dtype=torch.bool)).max() > 1


@pytest.mark.parametrize("fov", [0.0, 45.0])
def test_in_the_picture_each_pixel_keeps_its_own_gaussians_normal(fov):
    """On a rough surface; it is held opaque, so a neighbour that lies in front would hide it."""
    torch.manual_seed(0)
    picture = decode_picture(np.full((32, 32, 3), 128, np.uint8), "srgb")
    camera = camera_from_fov(32, 32, fov)
    start = start_for(picture, camera, "flat")
    rough = start.depth + (0.5 if fov == 0 else 0.5 / 32) * torch.rand(32, 32)
    normals = surface_normals(unproject(camera, rough), torch.ones(32, 32))
    encoding = encode_start(replace(start, depth=rough, normals=normals), picture.rgb, camera)
    opaque = replace(encoding, opacity_logits=torch.full((32, 32), 9.0))
    found = splat(opaque, View(picture.rgb, picture.mask, camera, NumbaRasterizer()))
    apart = (found.normals * found.own_normals).sum(-1).clamp(-1, 1).acos().rad2deg()
    assert apart.mean() < 3
