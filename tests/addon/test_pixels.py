"""What goes out, from what Blender gives."""

import numpy as np

from tests.staging import staged

RANDOM = np.random.default_rng(0)


def pixels(values, eight_bit=False, premultiplied=False):
    blenders = np.ascontiguousarray(values[::-1], np.float32)[::-1]
    return staged("pixels").Pixels(blenders, eight_bit, premultiplied)


def test_eight_bit_values_are_those_of_the_file():
    file = RANDOM.integers(0, 256, (5, 7, 4), dtype=np.uint8)
    sent = staged("pixels").picture_of(pixels(file / np.float32(255), eight_bit=True))
    assert sent.dtype == np.uint8 and sent.flags.c_contiguous
    np.testing.assert_array_equal(sent, file)


def test_float_values_stay_as_they_are():
    values = RANDOM.random((5, 7, 3), np.float32) * 9
    sent = staged("pixels").picture_of(pixels(values))
    assert sent.dtype == np.float32 and sent.flags.c_contiguous
    np.testing.assert_array_equal(sent, values)


def test_premultiplied_colors_become_straight_except_where_nothing_shows():
    values = np.full((1, 2, 4), 0.25, np.float32)
    values[0, :, 3] = 0.5, 0.0
    sent = staged("pixels").picture_of(pixels(values, premultiplied=True))
    np.testing.assert_array_equal(sent, [[[0.5, 0.5, 0.5, 0.5], [0.25, 0.25, 0.25, 0.0]]])


def test_gray_becomes_color():
    gray = RANDOM.random((5, 7, 1), np.float32)
    sent = staged("pixels").picture_of(pixels(gray))
    np.testing.assert_array_equal(sent, np.repeat(gray, 3, -1))


def test_a_mask_is_what_is_white_and_opaque():
    white = np.array([[[1, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 1], [np.nan, 2, 0, 1]]], np.float32)
    np.testing.assert_array_equal(staged("pixels").mask_of(pixels(white)), [[255, 0, 0, 0]])
    gray = np.array([[[0.0], [1.0]]], np.float32)
    np.testing.assert_array_equal(staged("pixels").mask_of(pixels(gray)), [[0, 255]])
