"""What splatting is independent of, for any scene."""

from dataclasses import fields, replace

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend.gaussians import Gaussians
from backend.rasterizer.numba_engine import NumbaRasterizer

from .scenes import random_gaussians, small_camera
from .test_numba_engine import changed, random_features

rasterize = NumbaRasterizer()
seeds = st.integers(0, 10_000)


@given(seeds)
@settings(max_examples=15)
def test_order_of_the_list_does_not_matter(seed):
    camera = small_camera(24, 20)
    gaussians, features = random_gaussians(camera, 200, seed), random_features(200, 3)
    assume(len(gaussians.means[:, 2].unique()) == 200)  # ties make the order matter
    order = torch.randperm(200, generator=torch.Generator().manual_seed(seed))
    shuffled = changed(gaussians, lambda tensor: tensor[order])
    a, b = rasterize(gaussians, features, camera), rasterize(shuffled, features[order], camera)
    assert torch.equal(a.features, b.features)


@given(seeds)
@settings(max_examples=15)
def test_q_and_minus_q_splat_alike(seed):
    camera = small_camera()
    gaussians, features = random_gaussians(camera, 40, seed), random_features(40)
    mirrored = replace(gaussians, quats=-gaussians.quats)
    a, b = rasterize(gaussians, features, camera), rasterize(mirrored, features, camera)
    assert torch.equal(a.features, b.features)


@given(seeds, st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=15)
def test_moving_by_whole_pixels_moves_the_picture(seed, right, down):
    camera = small_camera(48, 40, fov=0.0)
    gaussians = random_gaussians(camera, 300, seed)
    shift = torch.tensor([float(right), float(down), 0.0])
    shifted, features = replace(gaussians, means=gaussians.means + shift), random_features(300)
    a, b = rasterize(gaussians, features, camera), rasterize(shifted, features, camera)
    moved = b.features[down:, right:]
    differs = ((a.features[:-down, :-right] - moved).abs() > 2e-5).any(-1)
    assert differs.float().mean() <= 1e-3  # α within rounding of 1/255


@given(seeds)
@settings(max_examples=15)
def test_opacity_zero_is_absent(seed):
    camera = small_camera()
    gaussians, features = random_gaussians(camera, 60, seed), random_features(60)
    here = torch.rand(60, generator=torch.Generator().manual_seed(seed)) > 0.5
    faded = replace(gaussians, opacities=torch.where(here, gaussians.opacities, 0.0))
    a = rasterize(faded, features, camera)
    b = rasterize(changed(gaussians, lambda tensor: tensor[here]), features[here], camera)
    assert torch.equal(a.features, b.features)


def wall(depth: float) -> Gaussians:
    return Gaussians(
        means=torch.tensor([[0.0, 0.0, depth], [0.0, 0.0, depth + 0.01]]),
        quats=torch.tensor([[1.0, 0, 0, 0]]).expand(2, 4),
        scales=torch.tensor([[500.0, 500.0, 1e-3]]).expand(2, 3),
        opacities=torch.ones(2),
    )


@given(seeds)
@settings(max_examples=15)
def test_a_covering_opaque_gaussian_hides_what_is_behind(seed):
    camera = small_camera(40, 20)
    hidden, front = random_gaussians(camera, 100, seed), wall(0.5)
    both = Gaussians(
        **{
            f.name: torch.cat([getattr(hidden, f.name), getattr(front, f.name)])
            for f in fields(wall(1))
        }
    )
    features = torch.cat([random_features(100, 3), torch.ones(2, 3)])
    # a second opaque one would bring T to 1e-6, so the rules leave it out: T stays 0.001
    covered, maps = rasterize(both, features, camera), rasterize(front, torch.ones(2, 3), camera)
    assert (covered.features - maps.features).abs().max() <= 1e-3
    torch.testing.assert_close(maps.alpha, torch.full((20, 40), 0.999), atol=1e-6, rtol=0)
