"""The depth map's quads: on their rays, facing the camera, without what the mask leaves out."""

import numpy as np
import pytest

from tests.staging import staged


def grid(depth, inside=None, side=256, perspective=True, principal=(0.5, 0.5)):
    module = staged("depth_grid")
    inside = np.ones(depth.shape, bool) if inside is None else inside
    return module.grid(depth, inside, module.Lens(1.0, principal, perspective), side)


def normals(found):
    a, b, _, d = found.positions[found.quads].transpose(1, 0, 2)
    return np.cross(b - a, d - a)


@pytest.mark.parametrize("principal", [(0.5, 0.5), (0.2, 0.9)])
def test_corners_lie_on_the_rays_of_their_pixels(principal):
    depth = np.random.default_rng(0).uniform(1, 2, (12, 20))
    found = grid(depth, principal=principal)
    assert len(found.positions) == 240 and len(found.quads) == 11 * 19
    np.testing.assert_allclose(-found.positions[:, 2].reshape(12, 20), depth, rtol=1e-6)
    seen = found.positions[:, :2] / -found.positions[:, 2:]
    u, v = found.uvs[:, 0], 1 - found.uvs[:, 1]
    np.testing.assert_allclose(seen[:, 0], u - principal[0], atol=1e-6)
    np.testing.assert_allclose(seen[:, 1], (principal[1] - v) * 12 / 20, atol=1e-6)


def test_orthographic_corners_lie_on_a_regular_grid():
    depth = np.random.default_rng(0).uniform(1, 2, (10, 10))
    x = grid(depth, perspective=False).positions[:, 0].reshape(10, 10)
    np.testing.assert_allclose(np.diff(x, axis=1), 0.1, rtol=1e-5)


def test_quads_face_the_camera():
    assert (normals(grid(np.ones((5, 7)), perspective=False))[:, 2] > 0).all()


def test_quads_outside_the_mask_and_corners_of_no_quad_are_left_out():
    inside = np.zeros((10, 10), bool)
    inside[2:6, 3:8] = True
    depth = np.where(inside, 1.0, np.nan)
    found = grid(depth, inside)
    assert len(found.quads) == 3 * 4 and len(found.positions) == 20
    assert np.isfinite(found.positions).all()
    assert sorted(np.unique(found.quads)) == list(range(20))
    assert not len(grid(depth, np.zeros((10, 10), bool)).quads)


def test_longest_side_is_limited_and_reaches_both_edges():
    found = grid(np.ones((300, 900)), side=90)
    assert len(found.positions) == 30 * 90
    assert found.uvs[:, 0].min() < 1 / 900 and found.uvs[:, 0].max() > 1 - 1 / 900
