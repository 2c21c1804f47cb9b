import logging
import sys
import types
from dataclasses import fields, replace

import pytest
import torch

from backend.camera import Camera
from backend.gaussians import Gaussians
from backend.rasterizer import choose, torch_engine
from backend.rasterizer.torch_engine import TorchRasterizer

from .reference import splat_by_pixel
from .scenes import random_gaussians, small_camera

rasterize = TorchRasterizer()


def doubled(gaussians: Gaussians, camera: Camera) -> tuple[Gaussians, Camera]:
    exact = Gaussians(**{f.name: getattr(gaussians, f.name).double() for f in fields(gaussians)})
    return exact, replace(
        camera, intrinsics=camera.intrinsics.double(), viewmat=camera.viewmat.double()
    )


def moved_camera(fov: float) -> Camera:
    camera = small_camera(fov=fov)
    viewmat = torch.eye(4)
    c, s = torch.cos(torch.tensor(0.2)), torch.sin(torch.tensor(0.2))
    viewmat[:3, :3] = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    viewmat[:3, 3] = torch.tensor([-0.4, 0.1, 0.3])
    return replace(camera, viewmat=viewmat)


@pytest.mark.parametrize("fov", [0.0, 50.0])
@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_values_and_gradients_equal_the_loop_over_pixels(fov, sigma):
    camera = moved_camera(fov)
    gaussians = random_gaussians(camera, 60, sigma=sigma)
    features = torch.rand(60, 5, generator=torch.Generator().manual_seed(1))
    inputs = [getattr(gaussians, f.name).requires_grad_() for f in fields(gaussians)]
    features.requires_grad_()
    camera.viewmat.requires_grad_()
    exact, exact_camera = doubled(gaussians, camera)
    wanted, alpha, depth = splat_by_pixel(exact, features.double(), exact_camera)
    rendering = rasterize(gaussians, features, camera)
    torch.testing.assert_close(rendering.features, wanted.float(), atol=2e-6, rtol=1e-5)
    torch.testing.assert_close(rendering.alpha, alpha.float(), atol=2e-6, rtol=1e-5)
    expected = (depth / alpha.clamp_min(1e-10)).float()
    torch.testing.assert_close(rendering.depth, expected, atol=1e-4, rtol=1e-4)
    leaves = [*inputs, features, camera.viewmat]
    mix = torch.rand(wanted.shape, generator=torch.Generator().manual_seed(2))
    ours = torch.autograd.grad((rendering.features * mix).sum() + rendering.alpha.sum(), leaves)
    theirs = torch.autograd.grad((wanted * mix).sum() + alpha.sum(), leaves)
    for mine, reference in zip(ours, theirs, strict=True):
        scale = reference.abs().max()
        torch.testing.assert_close(mine / scale, reference / scale, atol=2e-5, rtol=0)


def test_order_of_the_list_does_not_matter():
    camera = small_camera(24, 20)
    gaussians, features = random_gaussians(camera, 200), torch.rand(200, 3)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(3))
    shuffled = Gaussians(**{f.name: getattr(gaussians, f.name)[order] for f in fields(gaussians)})
    a, b = rasterize(gaussians, features, camera), rasterize(shuffled, features[order], camera)
    torch.testing.assert_close(a.features, b.features)


def test_q_and_minus_q_splat_alike():
    camera = small_camera()
    gaussians, features = random_gaussians(camera, 40), torch.rand(40, 3)
    mirrored = replace(gaussians, quats=-gaussians.quats)
    a, b = rasterize(gaussians, features, camera), rasterize(mirrored, features, camera)
    torch.testing.assert_close(a.features, b.features)


def test_moving_by_whole_pixels_moves_the_picture():
    camera = small_camera(20, 16, fov=0.0)
    gaussians, features = random_gaussians(camera, 30), torch.rand(30, 2)
    shifted = replace(gaussians, means=gaussians.means + torch.tensor([3.0, 2.0, 0.0]))
    a, b = rasterize(gaussians, features, camera), rasterize(shifted, features, camera)
    torch.testing.assert_close(a.features[:-2, :-3], b.features[2:, 3:], atol=1e-5, rtol=1e-4)


def test_transparent_and_hidden_gaussians_are_absent():
    camera = small_camera()
    gaussians, features = random_gaussians(camera, 30), torch.rand(30, 3)
    none = replace(gaussians, opacities=torch.zeros(30))
    empty = rasterize(none, features, camera)
    assert empty.alpha.abs().max() == 0
    wall = Gaussians(
        means=torch.cat([gaussians.means, torch.tensor([[0.0, 0, 0.5]]).expand(4, 3)
                         + torch.arange(4)[:, None] * torch.tensor([0.0, 0, 0.01])]),
        quats=torch.cat([gaussians.quats, torch.tensor([[1.0, 0, 0, 0]]).expand(4, 4)]),
        scales=torch.cat([gaussians.scales, torch.full((4, 3), 50.0)]),
        opacities=torch.cat([gaussians.opacities, torch.ones(4)]),
    )  # fmt: skip
    in_front = torch.cat([features, torch.ones(4, 3)])
    covered = rasterize(wall, in_front, camera)
    torch.testing.assert_close(covered.features, torch.full((9, 12, 3), 0.999), atol=2e-3, rtol=0)


def test_nothing_in_view_is_an_empty_picture():
    camera = small_camera()
    behind = replace(random_gaussians(camera, 10), means=torch.tensor([[0.0, 0, -3]]).expand(10, 3))
    rendering = rasterize(behind, torch.rand(10, 3), camera)
    assert rendering.alpha.abs().max() == 0 and torch.isfinite(rendering.depth).all()


def test_blocks_do_not_change_the_answer(monkeypatch):
    camera = small_camera(40, 24)
    gaussians, features = random_gaussians(camera, 500), torch.rand(500, 3)
    whole = rasterize(gaussians, features, camera)
    monkeypatch.setattr(torch_engine, "BLOCK_ELEMENTS", 4000)
    torch.testing.assert_close(rasterize(gaussians, features, camera).features, whole.features)


def test_the_same_input_gives_the_same_bits():
    camera = small_camera(40, 24)
    gaussians, features = random_gaussians(camera, 500), torch.rand(500, 3)
    a, b = rasterize(gaussians, features, camera), rasterize(gaussians, features, camera)
    assert torch.equal(a.features, b.features) and torch.equal(a.depth, b.depth)


def test_gsplat_is_never_asked_on_a_cpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "gsplat", None)
    assert choose(torch.device("cpu")).name == "numba"


def test_a_broken_toolkit_falls_back_with_one_line(monkeypatch, caplog):
    broken = types.ModuleType("backend.rasterizer.gsplat_engine")

    def selftest():
        raise AttributeError("'NoneType' object has no attribute 'rasterize'")

    broken.selftest = selftest
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(sys.modules, broken.__name__, broken)
    with caplog.at_level(logging.WARNING):
        assert choose(torch.device("cuda")).name == "torch"
    assert len(caplog.records) == 1 and "NoneType" in caplog.text


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("fov", [0.0, 50.0])
def test_gsplat_and_torch_agree_on_the_gpu(fov):
    engine = choose(torch.device("cuda"))
    assert engine.name == "gsplat"
    camera = small_camera(64, 48, fov)
    gaussians, features = random_gaussians(camera, 2000), torch.rand(2000, 7)
    ours, our_gradients = _maps_and_gradients(rasterize, gaussians, features, camera, "cpu")
    theirs, their_gradients = _maps_and_gradients(engine, gaussians, features, camera, "cuda")
    assert ((ours - theirs).abs() > 1e-4).any(-1).float().mean() <= 1e-3
    for mine, other in zip(our_gradients, their_gradients, strict=True):
        assert (mine - other).norm() <= 1e-3 * mine.norm()


def _maps_and_gradients(engine, gaussians, features, camera, device):
    inputs = [getattr(gaussians, f.name) for f in fields(gaussians)]
    leaves = [leaf.detach().to(device).requires_grad_() for leaf in [*inputs, features]]
    there = replace(
        camera, intrinsics=camera.intrinsics.to(device), viewmat=camera.viewmat.to(device)
    )
    rendering = engine(Gaussians(*leaves[:4]), leaves[4], there)
    (rendering.features.square().sum() + rendering.alpha.sum()).backward()
    return rendering.features.detach().cpu(), [leaf.grad.cpu() for leaf in leaves]
