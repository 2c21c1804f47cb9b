"""Heights from normals, against surfaces that are known."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend.camera import Camera, camera_from_fov, unproject, view_rays
from backend.geometry import normalize, surface_normals
from backend.height import height_of
from backend.integration import slopes_of

from .scenes import sphere_normals


def everywhere(height: int, width: int) -> torch.Tensor:
    return torch.ones(height, width, dtype=torch.bool)


def level(values: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Take the mean plane off, by an explicit least squares."""
    v, u = inside.nonzero().double().T
    system = torch.stack([torch.ones_like(u), u, v], -1)
    plane = system @ torch.linalg.lstsq(system, values[inside].double()[:, None]).solution
    return torch.zeros_like(values).masked_scatter(inside, (values[inside] - plane[:, 0]).float())


def normals_of_height(height: torch.Tensor) -> torch.Tensor:
    camera = camera_from_fov(height.shape[1], height.shape[0], 0.0)
    return surface_normals(unproject(camera, -height), torch.ones_like(height))


def waves(height: int, width: int, tilt: float = 0.0) -> torch.Tensor:
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    coarse = 12 * torch.sin(2.3 * u / width * torch.pi) * torch.cos(1.7 * v / height * torch.pi)
    return coarse + 0.8 * torch.sin(u / 2.5) + 0.8 * torch.cos(v / 3.0) + tilt * u


@pytest.mark.parametrize("size", [(40, 30), (150, 200), (700, 900)])
def test_waves_come_back_without_their_tilt(size):
    truth = waves(*size, tilt=0.3)
    inside = everywhere(*size)
    found = height_of(normals_of_height(truth), camera_from_fov(size[1], size[0], 0.0), inside)
    wanted = level(truth, inside)
    assert (found - wanted)[2:-2, 2:-2].abs().max() < 0.03 * float(wanted.max() - wanted.min())


@pytest.mark.parametrize("size", [64, 600])
def test_a_sphere_cap_comes_back_inside_its_outline(size):
    normals, sphere = sphere_normals(size)
    radius = 0.8 * size / 2
    inside = sphere & (normals[..., 2] < -0.4)
    found = height_of(normals, camera_from_fov(size, size, 0.0), inside)
    wanted = level(radius * -normals[..., 2], inside)
    assert (found - wanted)[inside].abs().max() < 0.03 * radius
    assert (found[~inside] == 0).all() and abs(float(found[inside].mean())) < 1e-3 * radius


def test_the_rim_of_a_whole_sphere_is_low():
    normals, inside = sphere_normals(512)
    found = height_of(normals, camera_from_fov(512, 512, 0.0), inside)
    wanted = 0.8 * 256 * (-normals[..., 2] - normals[..., 2].neg()[inside].mean())
    # slopes at the rim are infinite; they are cut, and the rest is as round as it should be
    assert (found - wanted)[inside].abs().mean() < 0.04 * 0.8 * 256


def test_detail_of_a_pixel_stays_on_a_large_picture():
    v, u = torch.meshgrid(torch.arange(900), torch.arange(1000), indexing="ij")
    ripple = torch.sin(2 * torch.pi * u / 8) * torch.sin(2 * torch.pi * v / 8)
    found = height_of(
        normals_of_height(ripple), camera_from_fov(1000, 900, 0.0), everywhere(900, 1000)
    )
    share = float((found * ripple).sum() / ripple.square().sum())
    assert 0.75 < share < 1.01  # slopes are averaged over two pixels


@pytest.mark.parametrize("fov", [0.0, 60.0])
def test_a_tilted_wall_is_level(fov):
    wall = normalize(torch.tensor([0.4, -0.3, -0.8])).expand(120, 160, 3)
    found = height_of(wall, camera_from_fov(160, 120, fov), everywhere(120, 160))
    assert found.abs().max() < (0.4 if fov else 0.02)


@given(
    height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 100),
    fov=st.sampled_from([0.0, 90.0]),
)  # fmt: skip
def test_any_normals_give_a_finite_level_height(height, width, seed, fov):
    generator = torch.Generator().manual_seed(seed)
    normals = normalize(torch.randn(height, width, 3, generator=generator))
    inside = torch.rand(height, width, generator=generator) < 0.7
    inside[0, 0] = True
    camera = camera_from_fov(width, height, fov)
    found = height_of(normals, camera, inside)
    assert torch.isfinite(found).all() and (found[~inside] == 0).all()
    assert abs(float(found[inside].mean())) < 1e-3
    assert torch.equal(found, height_of(normals, camera, inside))


def test_a_strong_lens_keeps_the_slopes():
    camera: Camera = camera_from_fov(200, 160, 70.0)
    v, u = torch.meshgrid(torch.arange(160), torch.arange(200), indexing="ij")
    depth = 1 + 0.05 * torch.sin(u / 9.0) * torch.cos(v / 11.0)
    normals = surface_normals(unproject(camera, depth), torch.ones(160, 200))
    found = height_of(normals, camera, everywhere(160, 200))
    slopes, _ = slopes_of(normals, view_rays(camera))
    across = -(found[1:-1, 2:] - found[1:-1, :-2]) / 2 - slopes[1:-1, 1:-1, 0]
    assert (across - across.mean()).abs().mean() < 0.1 * slopes[..., 0].abs().mean()
