import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Refused
from backend.image import (
    decode_picture,
    linear_to_srgb,
    luminance,
    object_box,
    resize_picture,
    srgb_to_linear,
)
from backend.resample import resize


@given(st.floats(0, 1))
def test_srgb_round_trip(value):
    x = torch.tensor(value, dtype=torch.float64)
    torch.testing.assert_close(srgb_to_linear(linear_to_srgb(x)), x, atol=1e-6, rtol=1e-6)


def test_srgb_known_values():
    known = torch.tensor([[0.0, 0.0], [0.04045, 0.0031308], [0.5, 0.2140411], [1.0, 1.0]])
    torch.testing.assert_close(srgb_to_linear(known[:, 0]), known[:, 1], atol=1e-6, rtol=1e-5)


def test_luminance_of_white_is_one():
    assert luminance(torch.ones(3)) == pytest.approx(1.0)


def _ramp(dtype, channels: int) -> np.ndarray:
    values = np.linspace(0.1, 1.0, 12 * 10 * channels).reshape(12, 10, channels)
    if np.issubdtype(dtype, np.integer):
        return (values * np.iinfo(dtype).max).round().astype(dtype)
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_the_type_of_the_numbers_does_not_matter(dtype):
    picture = decode_picture(_ramp(dtype, 3), "srgb")
    exact = decode_picture(_ramp(np.float32, 3), "srgb")
    torch.testing.assert_close(picture.rgb, exact.rgb, atol=6e-3, rtol=0)


def test_gray_is_repeated_and_alpha_is_the_mask():
    gray = _ramp(np.uint8, 1)
    assert decode_picture(gray[..., 0], "srgb").rgb.shape == (12, 10, 3)
    alpha = np.zeros_like(gray)
    alpha[2:11, 1:9] = 255
    picture = decode_picture(np.concatenate([gray, alpha], -1), "srgb")
    assert picture.has_silhouette and int(picture.mask.sum()) == 72
    rgba = np.concatenate([_ramp(np.uint8, 3), np.full_like(gray, 255)], -1)
    assert not decode_picture(rgba, "srgb").has_silhouette


def test_not_finite_and_negative_values_become_black_and_are_noted():
    pixels = _ramp(np.float32, 3)
    pixels[3, 3], pixels[4, 4, 0], pixels[5, 5, 1] = np.nan, np.inf, -2.0
    picture = decode_picture(pixels, "linear")
    assert torch.isfinite(picture.rgb).all() and picture.rgb.min() >= 0
    assert "not finite" in picture.notes[0] and "negative" in picture.notes[1]


def test_hdr_is_brought_to_one():
    picture = decode_picture(_ramp(np.float32, 3) * 300, "linear")
    assert 0.5 < float(picture.rgb.median()) < 1.0
    with_sun = _ramp(np.float32, 3)
    with_sun[0, 0] = 60000.0
    assert float(decode_picture(with_sun, "linear").rgb.median()) > 0.2


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 1, 3), (1, 20, 3), (20, 1, 4), (7, 7, 3)])
def test_too_small_is_said_with_the_size(shape):
    with pytest.raises(Refused, match=f"{shape[1]}×{shape[0]}"):
        decode_picture(np.zeros(shape, np.uint8), "srgb")


@pytest.mark.parametrize("shape", [(8, 16385, 1), (8192, 8192, 1)])
def test_too_large_is_said_with_the_size(shape):
    pixels = np.broadcast_to(np.uint8(1), shape)
    with pytest.raises(Refused, match=f"{shape[1]}×{shape[0]}") as refused:
        decode_picture(pixels, "srgb")
    assert refused.value.code == "too_large" and refused.value.advice


@pytest.mark.parametrize(("value", "why"), [(np.nan, "not finite"), (-1.0, "negative")])
def test_a_picture_that_only_counts_as_black_is_refused_with_the_reason(value, why):
    with pytest.raises(Refused, match=f"completely black.*{why}"):
        decode_picture(np.full((20, 20, 3), value, np.float32), "linear", None)


def test_black_empty_mask_wrong_mask_and_no_picture():
    black = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(Refused, match="completely black"):
        decode_picture(black, "srgb")
    with pytest.raises(Refused, match="inside its mask"):
        decode_picture(_ramp(np.uint8, 3), "srgb", np.zeros((12, 10), np.uint8))
    with pytest.raises(Refused, match="mask is 5×5"):
        decode_picture(_ramp(np.uint8, 3), "srgb", np.ones((5, 5), np.uint8))
    with pytest.raises(Refused, match="not a picture"):
        decode_picture(np.zeros((20, 20, 5), np.uint8), "srgb")


def test_shrinking_does_not_bleed_the_ground_into_the_object():
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., :3] = (0, 255, 0)
    pixels[16:48, 16:48] = (255, 0, 0, 255)
    small = resize_picture(decode_picture(pixels, "srgb"), 20)
    assert small.rgb[small.mask][:, 1].max() < 1e-4


def test_resize_keeps_constants_and_means():
    constant = torch.full((13, 9, 3), 0.7)
    torch.testing.assert_close(resize(constant, 5, 7), torch.full((5, 7, 3), 0.7))
    noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    assert abs(float(resize(noise, 16, 16).mean() - noise.mean())) < 0.01


@given(st.data())
def test_the_box_of_an_object_lies_in_the_picture_and_is_large_enough(data):
    height, width = (data.draw(st.integers(8, 40)) for _ in range(2))
    mask = torch.zeros(height, width, dtype=torch.bool)
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top, height - 1)), data.draw(st.integers(left, width - 1))
    mask[top : bottom + 1, left : right + 1] = True
    box = object_box(mask)
    assert min(box.top, box.left) >= 0 and min(box.height, box.width) >= 8
    assert box.top + box.height <= height and box.left + box.width <= width
    assert box.top <= top and box.top + box.height > bottom
    assert box.left <= left and box.left + box.width > right
