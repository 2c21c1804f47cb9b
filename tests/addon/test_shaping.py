"""Shaping of normal maps against surfaces whose normals are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.staging import staged


@pytest.fixture(scope="module")
def shaping():
    return staged("shaping")


def normals_of(slope_x, slope_y):
    """Unit normals with these n_x/n_z and n_y/n_z."""
    normals = np.stack(np.broadcast_arrays(slope_x, slope_y, 1.0), -1)
    return (normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32)


def slopes_of(normals):
    return normals[..., :2] / normals[..., 2:]


def plane(degrees, shape=(40, 60)):
    return normals_of(np.full(shape, np.tan(np.radians(degrees))), 0.0)


def dome_and_ripple(size=256):
    """A shallow dome of the picture's size, and a ripple of 8 pixels."""
    y, x = np.mgrid[:size, :size] / size
    dome = normals_of(np.cos(np.pi * x), -np.cos(np.pi * y))
    ripple = 0.3 * np.sin(2 * np.pi * np.arange(size) / 8)
    return dome, normals_of(slopes_of(dome)[..., 0] + ripple, slopes_of(dome)[..., 1])


def test_defaults_leave_the_map_alone(shaping):
    normals = plane(40)
    assert shaping.shaped(normals, None, shaping.Shaping()) is normals


@pytest.mark.parametrize("degrees", [5, 40, 75])
@pytest.mark.parametrize("strength", [0.0, 0.5, 3.0])
def test_strength_scales_the_slope(shaping, degrees, strength):
    result = shaping.shaped(plane(degrees), None, shaping.Shaping(strength=strength))
    tilt = np.arctan2(result[..., 0], result[..., 2])
    expected = np.arctan(strength * np.tan(np.radians(degrees)))
    np.testing.assert_allclose(tilt, expected, atol=1e-5)
    assert result.dtype == np.float32


def test_no_detail_leaves_the_dome(shaping):
    dome, both = dome_and_ripple()
    smooth = shaping.shaped(both, None, shaping.Shaping(detail=0.0))
    inner = slice(24, -24)
    left = np.abs(slopes_of(smooth) - slopes_of(dome))[inner, inner]
    assert left.max() < 0.05
    fine = slopes_of(smooth)[inner, inner] - slopes_of(smooth)[inner, 16:-32]
    coarse = slopes_of(dome)[inner, inner] - slopes_of(dome)[inner, 16:-32]
    assert np.abs(fine - coarse).max() < 0.02  # nothing of the ripple's 0.3


def test_no_shape_leaves_the_ripple(shaping):
    _, both = dome_and_ripple()
    flat = slopes_of(shaping.shaped(both, None, shaping.Shaping(shape=0.0)))
    inner = slice(24, -24)
    ripple = 0.3 * np.sin(2 * np.pi * np.arange(256) / 8)
    assert np.abs(flat[inner, inner, 0] - ripple[inner]).max() < 0.05


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_equal_detail_and_shape_are_strength(shaping, factor):
    _, both = dome_and_ripple(100)
    apart = shaping.shaped(both, None, shaping.Shaping(detail=factor, shape=factor))
    together = shaping.shaped(both, None, shaping.Shaping(strength=factor))
    np.testing.assert_allclose(apart, together, atol=1e-6)


@pytest.mark.parametrize("detail", [1.0, 0.3])
def test_level_makes_the_object_flat_on_average(shaping, detail):
    _, both = dome_and_ripple()
    tilted = normals_of(slopes_of(both)[..., 0] + 0.4, slopes_of(both)[..., 1] - 0.2)
    weight = np.zeros((256, 256), np.float32)
    weight[30:200, 50:220] = 1.0
    wanted = shaping.Shaping(level=True, detail=detail)
    level = slopes_of(shaping.shaped(tilted, weight, wanted))[weight > 0]
    np.testing.assert_allclose(level.mean(0), 0.0, atol=1e-4 if detail == 1.0 else 5e-3)


def test_shape_is_not_pulled_by_what_lies_outside_the_object(shaping):
    normals = plane(30, (64, 64))
    normals[:, 32:] = plane(-80, (64, 32))
    weight = np.zeros((64, 64), np.float32)
    weight[:, :32] = 1.0
    smooth = shaping.shaped(normals, weight, shaping.Shaping(detail=0.0))
    np.testing.assert_allclose(smooth[:, :30], normals[:, :30], atol=1e-4)


def test_directx_twice_is_the_same(shaping):
    _, both = dome_and_ripple(64)
    once = shaping.shaped(both, None, shaping.Shaping(convention="DIRECTX"))
    np.testing.assert_array_equal(once * (1, -1, 1), both)
    twice = shaping.shaped(once, None, shaping.Shaping(convention="DIRECTX"))
    np.testing.assert_array_equal(twice, both)


def test_camera_space_keeps_normals_that_turn_away(shaping):
    normals = np.array([[[0.8, 0.0, -0.6]] * 8] * 8, np.float32)
    result = shaping.shaped(normals, None, shaping.Shaping(strength=2.0))
    np.testing.assert_allclose(result[0, 0], np.array([1.6, 0, -0.6]) / np.hypot(1.6, 0.6), 1e-6)
    flat = shaping.shaped(normals, None, shaping.Shaping(strength=0.0))
    np.testing.assert_array_equal(flat[0, 0], (0, 0, 1))
    away = shaping.shaped(normals, None, shaping.Shaping(space="TANGENT"))
    assert away[0, 0] == pytest.approx((1.0, 0.0, shaping.LOWEST), abs=1e-3)


factors = st.floats(0, 2, width=32)
wanted = st.fixed_dictionaries(
    {
        "strength": st.floats(0, 5, width=32),
        "detail": factors,
        "shape": factors,
        "level": st.booleans(),
        "space": st.sampled_from(["CAMERA", "TANGENT"]),
        "convention": st.sampled_from(["OPENGL", "DIRECTX"]),
    }
)
vectors = arrays(
    np.float32, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)),
    elements=st.floats(-1, 1, width=32),
).filter(lambda v: (np.linalg.norm(v, axis=-1) > 0.01).all())  # fmt: skip


def test_a_grazing_normal_without_its_shape_faces_the_viewer():
    shaping = staged("shaping")
    grazing = np.array([[[1.0, 1.0, 0.0]]], np.float32) / np.float32(np.sqrt(2))
    found = shaping.shaped(grazing, None, shaping.Shaping(shape=0.0))
    np.testing.assert_allclose(found, [[[0.0, 0.0, 1.0]]], atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(vectors, wanted, st.booleans())
def test_unit_length_whatever_is_wanted(vectors, wanted, masked):
    shaping = staged("shaping")
    normals = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    weight = (normals[..., 0] > 0).astype(np.float32) if masked else None
    given_normals = normals.copy()
    result = shaping.shaped(normals, weight, shaping.Shaping(**wanted))
    np.testing.assert_array_equal(normals, given_normals)
    np.testing.assert_allclose(np.linalg.norm(result, axis=-1), 1.0, atol=1e-4)
    if wanted["space"] == "TANGENT":
        assert (result[..., 2] >= shaping.LOWEST - 1e-6).all()
