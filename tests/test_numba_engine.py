import logging
import sys
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import strategies as st

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer import choose, numba_engine, warm_up
from backend.rasterizer.numba_engine import NumbaRasterizer
from backend.rasterizer.projection import project_gaussians
from backend.rasterizer.protocol import Rendering
from backend.rasterizer.torch_engine import TorchRasterizer

from .reference import splat_by_pixel
from .scenes import random_gaussians, small_camera
from .splat_pairs import PairRasterizer

rasterize = NumbaRasterizer()
seeds = st.integers(0, 10_000)


def changed(gaussians: Gaussians, change) -> Gaussians:
    return Gaussians(**{f.name: change(getattr(gaussians, f.name)) for f in fields(gaussians)})


def turned(camera: Camera) -> Camera:
    viewmat = torch.eye(4)
    c, s = torch.cos(torch.tensor(0.2)), torch.sin(torch.tensor(0.2))
    viewmat[:3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    viewmat[:3, 3] = torch.tensor([-0.4, 0.1, 0.3])
    return replace(camera, viewmat=viewmat)


def random_features(count: int, channels: int = 5) -> torch.Tensor:
    return torch.rand(count, channels, generator=torch.Generator().manual_seed(1))


def with_gradients(engine, gaussians, features, camera):
    """Return maps, and the gradients of a mix of all of them for every input."""
    leaves = [getattr(gaussians, f.name).detach().clone() for f in fields(gaussians)]
    leaves = [leaf.requires_grad_() for leaf in [*leaves, features.clone(), camera.viewmat.clone()]]
    rendering = engine(Gaussians(*leaves[:4]), leaves[4], replace(camera, viewmat=leaves[5]))
    maps = [rendering.features, rendering.alpha, rendering.depth]
    g = torch.Generator().manual_seed(2)
    loss = sum((one * torch.rand(one.shape, generator=g).to(one.dtype)).sum() for one in maps)
    return [one.detach() for one in maps], torch.autograd.grad(loss, leaves)


def assert_alike(ours, theirs, values: float, gradients: float):
    for mine, other in zip(ours[0], theirs[0], strict=True):
        torch.testing.assert_close(mine, other.float(), atol=values, rtol=1e-5)
    for mine, other in zip(ours[1], theirs[1], strict=True):
        error = (mine - other).abs().max() / other.abs().max()
        assert error <= gradients, (tuple(mine.shape), float(error))


def pixel_loop(gaussians, features, camera):
    """Return the loop over pixels in the clothes of an engine."""
    maps, alpha, depth = splat_by_pixel(gaussians, features, camera)
    return Rendering(maps, alpha, depth / alpha.clamp_min(1e-10))


def exactly(engine):
    """Wrap an engine to compute in double precision, where no two depths round to one."""

    def splat(gaussians, features, camera):
        exact = replace(
            camera, intrinsics=camera.intrinsics.double(), viewmat=camera.viewmat.double()
        )
        return engine(changed(gaussians, torch.Tensor.double), features.double(), exact)

    return splat


@pytest.mark.parametrize("fov", [0.0, 50.0])
@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_it_equals_the_loop_over_pixels_in_double_precision(fov, sigma):
    camera = turned(small_camera(fov=fov))
    gaussians, features = random_gaussians(camera, 60, sigma=sigma), random_features(60)
    ours = with_gradients(rasterize, gaussians, features, camera)
    assert_alike(ours, with_gradients(exactly(pixel_loop), gaussians, features, camera), 2e-6, 1e-5)


@pytest.mark.parametrize("fov", [0.0, 50.0])
@pytest.mark.parametrize("sigma", [0.4, 1.0, 6.0])
@pytest.mark.parametrize("other", [TorchRasterizer(), PairRasterizer()], ids=lambda e: e.name)
def test_it_equals_the_plain_engines_on_larger_scenes(fov, sigma, other):
    camera = turned(small_camera(75, 43, fov=fov))
    gaussians = random_gaussians(camera, 3000, sigma=sigma)
    features = random_features(3000, 9)
    ours = with_gradients(rasterize, gaussians, features, camera)
    # places in the picture are single precision: the sharper a splat, the more they matter
    close = 2e-5 if sigma <= 1.0 else 1e-5
    assert_alike(ours, with_gradients(exactly(other), gaussians, features, camera), 2e-6, close)


@pytest.mark.parametrize("channels", [1, 2, 40])
def test_any_number_of_features(channels):
    camera = small_camera(40, 30)
    gaussians, features = random_gaussians(camera, 400), random_features(400, channels)
    ours = rasterize(gaussians, features, camera)
    torch.testing.assert_close(
        ours.features, TorchRasterizer()(gaussians, features, camera).features
    )


@pytest.mark.parametrize("fov", [0.0, 50.0])
def test_projection_equals_the_plain_one(fov):
    camera = turned(small_camera(64, 48, fov=fov))
    gaussians = random_gaussians(camera, 3000, sigma=2.0)
    wanted = project_gaussians(gaussians, camera)
    flat, conics, depths, radii, _ = numba_engine._project(gaussians, camera)
    drawn = (radii > 0).all(-1)
    torch.testing.assert_close(flat[drawn], wanted.means[drawn], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(conics[drawn], wanted.conics[drawn], rtol=2e-5, atol=1e-6)
    torch.testing.assert_close(depths, wanted.depths, rtol=1e-5, atol=1e-6)
    assert ((radii != wanted.radii).any(-1)).float().mean() < 1e-3  # ceil of a rounded number


@pytest.mark.parametrize("fov", [0.0, 50.0])
def test_the_derivative_of_the_projection_holds_in_double_precision(fov):
    camera = turned(small_camera(16, 12, fov=fov))
    gaussians = changed(random_gaussians(camera, 12, sigma=2.0), torch.Tensor.double)
    # wide enough to be seen from outside, where the direction of the Jacobian is clamped
    gaussians.means[:4, 0] *= 3.0
    gaussians.scales[:4] *= 9.0
    intrinsics = camera.intrinsics
    lens = [*intrinsics.diagonal()[:2].tolist(), *intrinsics[:2, 2].tolist(), 16, 12, fov == 0]

    def projected(means, quats, scales, viewmat):
        return numba_engine._Project.apply(
            means, quats, scales, gaussians.opacities, viewmat, lens
        )[:3]

    seen = project_gaussians(gaussians, replace(camera, viewmat=camera.viewmat.double())).radii
    drawn = (seen > 0).all(-1)
    assert drawn[:4].any() and drawn[4:].any()
    leaves = [gaussians.means[drawn], gaussians.quats[drawn], gaussians.scales[drawn]]
    gaussians = changed(gaussians, lambda tensor: tensor[drawn])
    leaves = [leaf.clone().requires_grad_() for leaf in [*leaves, camera.viewmat.double()]]
    assert torch.autograd.gradcheck(projected, leaves, eps=1e-6, atol=1e-6)


def test_depth_ties_keep_the_order_of_the_list():
    camera = small_camera(8, 8, fov=0.0)
    two = Gaussians(
        means=torch.zeros(2, 3) + torch.tensor([0.0, 0.0, 1.0]),
        quats=torch.tensor([[1.0, 0, 0, 0]]).expand(2, 4),
        scales=torch.ones(2, 3), opacities=torch.full((2,), 0.9),
    )  # fmt: skip
    features = torch.eye(2)
    assert rasterize(two, features, camera).features[4, 4, 0] > 0.5
    assert rasterize(two, features.flip(0), camera).features[4, 4, 1] > 0.5


def test_negative_depths_of_an_orthographic_camera_come_first():
    camera = small_camera(8, 8, fov=0.0)
    two = Gaussians(
        means=torch.tensor([[0.0, 0, 1.0], [0.0, 0, -2.0]]),
        quats=torch.tensor([[1.0, 0, 0, 0]]).expand(2, 4),
        scales=torch.ones(2, 3), opacities=torch.full((2,), 0.9),
    )  # fmt: skip
    assert rasterize(two, torch.eye(2), camera).features[4, 4, 1] > 0.5


def test_threads_and_repetition_do_not_change_a_bit():
    camera = turned(small_camera(150, 90))
    gaussians, features = random_gaussians(camera, 5000), random_features(5000)
    results = []
    try:
        for threads in (1, 1, 2, 3):
            torch.set_num_threads(threads)
            results.append(with_gradients(rasterize, gaussians, features, camera))
    finally:
        torch.set_num_threads(1)
    for maps, gradients in results[1:]:
        for one, first in zip([*maps, *gradients], [*results[0][0], *results[0][1]], strict=True):
            assert torch.equal(one, first)


def test_a_batch_equals_its_pictures_one_by_one():
    cameras = [small_camera(70, 20), turned(small_camera(70, 20)), small_camera(70, 20, fov=0.0)]
    scenes = [random_gaussians(camera, 300, seed) for seed, camera in enumerate(cameras)]
    scenes[1] = changed(scenes[1], lambda tensor: tensor[:100])
    features = [random_features(len(scene.means)).requires_grad_() for scene in scenes]
    together = rasterize.batch(scenes, features, cameras)
    alone = [rasterize(*one) for one in zip(scenes, features, cameras, strict=True)]
    for a, b in zip(together, alone, strict=True):
        assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    gradients = [
        torch.autograd.grad(sum(one.features.square().sum() for one in renderings), features)
        for renderings in (together, alone)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_inputs_may_lie_in_memory_any_way():
    camera = small_camera(40, 30)
    gaussians, features = random_gaussians(camera, 300), random_features(300)
    wanted = torch.autograd.functional.jacobian(
        lambda means: rasterize(replace(gaussians, means=means), features, camera).alpha.sum(),
        gaussians.means,
    )
    columns = gaussians.means.T.contiguous().requires_grad_()
    rendering = rasterize(replace(gaussians, means=columns.T), features.T.contiguous().T, camera)
    (gradient,) = torch.autograd.grad(rendering.alpha.sum(), columns)
    assert torch.equal(gradient.T, wanted) and wanted.any()


@pytest.mark.parametrize("count", [0, 10])
def test_nothing_in_view_is_an_empty_picture(count):
    camera = small_camera()
    behind = replace(
        random_gaussians(camera, count), means=torch.tensor([[0.0, 0, -3]]).expand(count, 3)
    )
    (features, alpha, depth), gradients = with_gradients(
        rasterize, behind, random_features(count), camera
    )
    assert not alpha.any() and not features.any() and torch.isfinite(depth).all()
    assert not any(gradient.any() for gradient in gradients)


def test_broken_numbers_are_not_drawn():
    camera = small_camera(20, 20)
    gaussians, features = random_gaussians(camera, 40), random_features(40)
    broken = changed(gaussians, torch.clone)
    broken.means[0], broken.scales[1], broken.opacities[2] = torch.nan, torch.inf, torch.nan
    broken.quats[3], broken.means[4, 2], broken.scales[5] = torch.nan, 0.0, 1e30
    rest = changed(gaussians, lambda tensor: tensor[6:])
    (maps, *_), gradients = with_gradients(rasterize, broken, features, camera)
    torch.testing.assert_close(maps, rasterize(rest, features[6:], camera).features)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_the_cpu_gets_numba_and_it_warms_up():
    engine = choose(torch.device("cpu"))
    assert engine.name == "numba"
    warm_up(engine, torch.device("cpu"))


def test_without_numba_plain_torch_takes_over_with_one_line(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "backend.rasterizer.numba_engine", None)
    with caplog.at_level(logging.WARNING):
        assert choose(torch.device("cpu")).name == "torch"
    assert len(caplog.records) == 1 and "numba" in caplog.text
