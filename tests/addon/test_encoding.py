"""Undoing a transform that was measured on greys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.staging import staged

LIGHT = np.concatenate([[0.0], np.logspace(-12, 4, 2000, base=2.0)])


def measured(*gammas):
    """Return the encoding that raises each channel to a power of its own and stops at 1."""
    values = np.stack([np.minimum(LIGHT**gamma, 1.0) for gamma in gammas], -1)
    return staged("encoding").Encoding(LIGHT, values)


@given(
    gammas=st.tuples(*[st.floats(0.3, 1.0)] * 3),
    light=st.tuples(*[st.floats(0.01, 0.99)] * 3),
    alpha=st.floats(0.0, 1.0),
)
def test_each_channel_comes_back(gammas, light, alpha):
    codes = np.array(light) ** gammas
    # Blender takes a file of more than 8 bits for sRGB: what it gives out is that undone
    given_out = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    picture = np.array([[[*given_out, alpha]]], np.float32)
    back = measured(*gammas).undo(picture)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back[0, 0, :3], light, rtol=1e-3)
    assert back[0, 0, 3] == picture[0, 0, 3]


def test_eight_bit_codes_are_those_of_the_file():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(4, -1)
    back = measured(0.5, 0.5, 0.5).undo(picture)
    expected = (picture / 255.0) ** 2
    np.testing.assert_allclose(back[..., :3], expected[..., :3], rtol=6e-3, atol=1e-4)
    np.testing.assert_allclose(back[..., 3], picture[..., 3] / 255.0, rtol=1e-6)


def test_white_is_the_least_light_that_is_white():
    white = np.full((1, 1, 3), 255, np.uint8)
    np.testing.assert_allclose(measured(0.5, 0.7, 1.0).undo(white), 1.0, rtol=0.01)


def test_the_picture_itself_does_not_change():
    picture = np.full((300, 2, 3), 0.5, np.float32)
    measured(0.5, 0.5, 0.5).undo(picture)
    assert (picture == 0.5).all()


def test_srgb_is_that_of_the_standard():
    values = staged("encoding").srgb(np.array([0.0, 0.0031308, 0.18, 0.5, 1.0, 7.0, np.nan]))
    expected = [0.0, 0.04045, 0.46136, 0.73536, 1.0, 1.0, 0.0]
    np.testing.assert_allclose(values, expected, atol=2e-5)
