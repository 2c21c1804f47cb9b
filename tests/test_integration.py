import pytest
import torch

from backend.camera import camera_from_fov, unproject, view_rays
from backend.gaussians import depth_of
from backend.geometry import normalize, surface_normals
from backend.integration import held, integrated
from tests.test_model import make_model, make_view


def bumpy(fov: float, size: int = 48):
    """A smooth surface, its depth in pixels and its normals."""
    camera = camera_from_fov(size, size, fov)
    v, u = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    depth = 3.0 * torch.sin(5 * u) * torch.cos(4 * v) + 6 * u
    view, model = make_view(fov), make_model()
    encoding = model(view).encoding
    maps = {k: torch.zeros(size, size, *v.shape[2:]) for k, v in vars(encoding).items()}
    shown = type(encoding)(**maps | {"depth_pixels": depth})
    points = unproject(camera, depth_of(shown, camera))
    return camera, depth, surface_normals(points, torch.ones(size, size))


@pytest.mark.parametrize("size", [48, 170])
@pytest.mark.parametrize("fov", [0.0, 30.0, 80.0])
def test_integrating_a_surfaces_normals_gives_the_surface(fov, size):
    camera, depth, normals = bumpy(fov, size)
    mask = torch.ones(size, size, dtype=torch.bool)
    found = integrated(normals, view_rays(camera), mask, torch.zeros(size, size))
    difference = (found - depth)[2:-2, 2:-2]
    assert (difference - difference.mean()).abs().max() < 0.25


def test_each_island_keeps_the_level_of_the_prior():
    camera, depth, normals = bumpy(0.0)
    mask = torch.ones(48, 48, dtype=torch.bool)
    mask[:, 22:26] = False
    prior = depth.clone()
    prior[:, 26:] += 10.0
    found = integrated(normals, view_rays(camera), mask, prior)
    assert abs(float((found - depth)[:, 26:].mean()) - 10) < 0.5
    assert torch.equal(found[~mask], prior[~mask])


def test_nothing_faces_away_afterwards():
    rays = view_rays(camera_from_fov(16, 16, 90.0))
    normals = normalize(torch.randn(16, 16, 3, generator=torch.Generator().manual_seed(0)))
    turned = held(normals, rays)
    assert ((turned * rays).sum(-1) < 1e-5).all()
    facing = (normals * rays).sum(-1) < 0
    torch.testing.assert_close(turned[facing], normals[facing])
