"""Curvature out of normals: what bulges is bright, what is hollow dark, what is flat in between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.staging import staged

SIDE = 64


def bowl(radius, sign=1.0, height=SIDE, width=SIDE):
    """Normals of a ball (or, with −1, of a hollow) around the middle, not yet its outline."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, up = x - (width - 1) / 2, (height - 1) / 2 - y
    normals = np.stack([sign * across / radius, sign * up / radius, np.ones_like(x)], axis=-1)
    normals[..., 2] = np.sqrt(np.maximum(1 - (normals[..., :2] ** 2).sum(-1), 0.01))
    return normals


def curvature(normals, scale=1.0, seamless=False):
    return staged("curvature").curvature_map(normals, scale, seamless)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("shape", [(SIDE, SIDE), (40, SIDE), (SIDE, 300)])
def test_a_ball_is_as_bright_as_promised(sign, shape):
    radius = max(shape) * staged("curvature").RADIUS_SHARE
    found = curvature(bowl(radius, sign, *shape))
    middle = found[shape[0] // 2, shape[1] // 2]
    assert middle == pytest.approx(0.5 + sign * 0.5 * np.tanh(1.0), abs=1e-5)
    assert curvature(bowl(radius, sign, *shape), 0.0).max() == 0.5


def test_borders_are_like_their_neighbours():
    found = curvature(bowl(200.0))
    np.testing.assert_allclose(found, found[SIDE // 2, SIDE // 2], atol=1e-5)


def test_a_plane_is_in_the_middle_whichever_way_it_leans():
    leaning = np.broadcast_to(np.float32([0.6, 0.0, 0.8]), (20, 30, 3))
    assert (curvature(leaning) == 0.5).all()


@given(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1))
def test_a_seamless_map_does_not_know_where_it_begins(down, right):
    waves = np.sin(np.arange(SIDE) * 2 * np.pi / SIDE, dtype=np.float32)
    slopes = np.stack([np.tile(waves, (SIDE, 1)), np.tile(waves[:, None], SIDE)], axis=-1) * 0.5
    normals = np.concatenate([slopes, np.ones((SIDE, SIDE, 1), np.float32)], axis=-1)
    rolled = curvature(np.roll(normals, (down, right), (0, 1)), seamless=True)
    np.testing.assert_array_equal(
        rolled, np.roll(curvature(normals, seamless=True), (down, right), (0, 1))
    )


def test_bands_change_nothing(monkeypatch):
    normals = np.random.default_rng(1).normal(size=(50, 33, 3)).astype(np.float32)
    whole = curvature(normals)
    monkeypatch.setattr(staged("curvature"), "BAND", 7)
    np.testing.assert_array_equal(curvature(normals), whole)
