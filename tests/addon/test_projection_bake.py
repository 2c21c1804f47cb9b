"""Baking a picture's normals to UVs, where the answer is known."""

import numpy as np
import pytest

from tests.staging import staged


@pytest.fixture(scope="module")
def baking():
    return staged("projection_bake")


def unit_normals(height, width, seed=0):
    values = np.random.default_rng(seed).normal(size=(height, width, 3))
    values[..., 2] = np.abs(values[..., 2]) + 0.5
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def quad(baking, uvs, distance=3.0, tangent=(1.0, 0.0, 0.0), sign=1.0, half=1.0):
    """A square that faces the camera, with UVs at its lower left, lower right, … corners."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    places = np.array([(x, y, -distance) for x, y in corners])
    loops = np.array([(0, 1, 2), (0, 2, 3)])
    return baking.Surface(
        places=places[loops],
        uvs=np.array(uvs, float)[loops],
        normals=np.tile((0.0, 0.0, 1.0), (2, 3, 1)),
        tangents=np.tile(np.array(tangent), (2, 3, 1)),
        signs=np.full(2, sign),
        to_object=np.eye(3),
    )


STRAIGHT = [(0, 0), (1, 0), (1, 1), (0, 1)]
TURNED = [(0, 1), (0, 0), (1, 0), (1, 1)]  # u runs up the square, v to the left


@pytest.fixture(params=[True, False], ids=["perspective", "orthographic"])
def frame(request, baking):
    half = 1.0 / 3.0 if request.param else 1.0  # the square fills the picture
    return baking.Frame(-half, -half, 2 * half, 2 * half, request.param)


def test_facing_plane_is_the_picture(baking, frame):
    normals = unit_normals(32, 32)
    result = baking.bake(quad(baking, STRAIGHT), frame, normals, 32, 0)
    np.testing.assert_allclose(result, normals, atol=1e-5)


def test_size_resamples(baking, frame):
    y, x = np.mgrid[:64, :64] / 64.0
    smooth = np.stack([x - 0.5, 0.5 - y, np.ones_like(x)], -1)
    smooth /= np.linalg.norm(smooth, axis=-1, keepdims=True)
    result = baking.bake(quad(baking, STRAIGHT), frame, smooth, 32, 0)
    expected = smooth.reshape(32, 2, 32, 2, 3).mean((1, 3))
    expected /= np.linalg.norm(expected, axis=-1, keepdims=True)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_turned_uvs_turn_the_vectors(baking, frame):
    normals = unit_normals(32, 32)
    surface = quad(baking, TURNED, tangent=(0.0, 1.0, 0.0))
    result = baking.bake(surface, frame, normals, 32, 0)
    turned = np.rot90(normals, -1)
    expected = np.stack([turned[..., 1], -turned[..., 0], turned[..., 2]], -1)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_mirrored_uvs_mirror_the_vectors(baking, frame):
    normals = unit_normals(32, 32)
    mirrored = [(1 - u, v) for u, v in STRAIGHT]
    surface = quad(baking, mirrored, tangent=(-1.0, 0.0, 0.0), sign=-1.0)
    result = baking.bake(surface, frame, normals, 32, 0)
    np.testing.assert_allclose(result, normals[:, ::-1] * (-1, 1, 1), atol=1e-5)


def joined(baking, one, other):
    parts = ("places", "uvs", "normals", "tangents", "signs")
    both = {part: np.concatenate([getattr(one, part), getattr(other, part)]) for part in parts}
    return baking.Surface(**both, to_object=np.eye(3))


def test_what_stands_behind_stays_flat(baking, frame):
    near = quad(baking, np.array(STRAIGHT) * (0.5, 1.0), half=0.5)
    far = quad(baking, np.array(STRAIGHT) * (0.5, 1.0) + (0.5, 0.0), distance=3.5)
    normals = np.tile((0.6, 0.0, 0.8), (64, 64, 1))
    result = baking.bake(joined(baking, near, far), frame, normals, 64, 0)
    np.testing.assert_allclose(result[:, :32], normals[:, :32], atol=1e-5)
    assert result[32, 48] == pytest.approx((0, 0, 1))  # right behind the near one
    assert result[4, 48] == pytest.approx((0.6, 0, 0.8), abs=1e-5)  # beside it


def test_what_turns_away_is_not_baked(baking, frame):
    away = quad(baking, STRAIGHT)
    away = baking.Surface(
        away.places[:, ::-1], away.uvs[:, ::-1], -away.normals, away.tangents, away.signs, np.eye(3)
    )
    assert baking.bake(away, frame, unit_normals(16, 16), 16, 0) is None


def test_margin_grows_around_the_island(baking, frame):
    surface = quad(baking, np.array(STRAIGHT) * 0.5 + 0.25)
    normals = np.tile((0.6, 0.0, 0.8), (32, 32, 1))
    tilted = baking.bake(surface, frame, normals, 32, 3)[..., 0] > 0.5
    assert tilted[16].sum() == 16 + 2 * 3 and tilted[:, 16].sum() == 16 + 2 * 3


def test_fragments_cover_two_triangles_of_a_square_once(baking):
    corners = np.array([[(0, 0), (90, 0), (90, 150)], [(0, 0), (90, 150), (0, 150)]], float)
    count = np.zeros((150, 90), int)
    for found in baking.fragments(corners, (150, 90)):
        np.testing.assert_allclose(found.weights.sum(-1), 1.0)
        place = np.einsum("nk,nkd->nd", found.weights, corners[found.triangles])
        np.testing.assert_allclose(place, np.stack([found.columns, found.rows], -1) + 0.5)
        np.add.at(count, (found.rows, found.columns), 1)
    assert count.min() == 1 and (count > 1).sum() <= 90  # the diagonal belongs to both
