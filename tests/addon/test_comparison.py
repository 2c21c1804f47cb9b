"""The comparison's pictures: linear, small, joined at the split."""

import numpy as np
import pytest

from tests.staging import staged


def test_encoded_input_becomes_linear_and_alpha_stays_away():
    comparison = staged("comparison")
    picture = np.full((4, 8, 4), 188, np.uint8)
    both = comparison.halves("a", picture, True, np.zeros((4, 8, 3), np.float32))
    assert both.picture.shape == (4, 8, 3)
    np.testing.assert_allclose(both.picture, 0.5029, atol=1e-3)  # mid-gray of sRGB
    raw = comparison.halves("a", picture, False, np.zeros((4, 8, 3), np.float32))
    np.testing.assert_allclose(raw.picture, 188 / 255)


@pytest.mark.parametrize(("split", "border"), [(0.0, 0), (0.25, 2), (1.0, 8)])
def test_input_ends_at_the_split(split, border):
    comparison = staged("comparison")
    ones, zeros = np.ones((4, 8, 3), np.float32), np.zeros((4, 8, 3), np.float32)
    joined = comparison.joined(comparison.Halves("a", ones, zeros), split)
    np.testing.assert_array_equal(joined[..., 0].sum(1), border)


def test_large_pictures_are_reduced_alike():
    comparison = staged("comparison")
    picture = np.linspace(0, 1, 3000, dtype=np.float32)[None, :, None] * np.ones((400, 1, 3))
    both = comparison.halves("a", picture.astype(np.float32), False, picture)
    assert both.picture.shape == both.rerendered.shape == (137, 1024, 3)
    np.testing.assert_allclose(both.picture, both.rerendered, atol=1e-6)
