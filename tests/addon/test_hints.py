"""Strokes are told from the picture under them by their color."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.staging import staged

RANDOM = np.random.default_rng(0)


@given(seed=st.integers(0, 1000), channels=st.sampled_from([3, 4]), eight_bit=st.booleans())
def test_the_guide_says_nothing_whatever_the_picture(seed, channels, eight_bit):
    random = np.random.default_rng(seed)
    picture = random.random((6, 7, channels), np.float32) * 3
    if eight_bit:
        picture = random.integers(0, 256, (6, 7, channels), dtype=np.uint8)
    guide = staged("hints").guide_of(picture)
    assert guide.dtype == np.float32 and guide.shape == (6, 7, 4)
    assert guide.min() >= 0.0 and guide.max() <= 1.0 and (guide[..., 3] == 1.0).all()
    assert not staged("hints").hints_of(guide).any()


@given(opacity=st.floats(0.35, 1.0), gray=st.floats(0.0, 0.6))
def test_a_stroke_counts_at_a_third_of_its_strength(opacity, gray):
    hints = staged("hints")
    for kind, code in (("FLAT", hints.FLAT), ("IGNORE", hints.IGNORE)):
        color = opacity * np.array(hints.COLORS[kind]) + (1 - opacity) * gray
        painted = np.array([[[*color, 1.0]]], np.float32)
        assert hints.hints_of(painted) == [[code]]


def test_each_pixel_for_itself():
    painted = np.full((2, 3, 4), 0.4, np.float32)
    painted[0, 1, :3], painted[1, 2, :3] = (0.0, 0.8, 0.1), (0.9, 0.0, 0.0)
    np.testing.assert_array_equal(staged("hints").hints_of(painted), [[0, 1, 0], [0, 0, 2]])


def test_the_guide_keeps_bright_and_dark_apart():
    picture = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 12, 1).repeat(3, -1)
    assert (np.diff(staged("hints").guide_of(picture)[..., 0].ravel()) > 0).all()
