"""The EXR encoder against OpenImageIO, which reads what it writes."""

import tempfile

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.staging import staged

SIZES = [(1, 1), (3, 7), (64, 5), (65, 64), (200, 1)]


def decoded(file: bytes) -> tuple[np.ndarray, oiio.ImageSpec]:
    with tempfile.NamedTemporaryFile(suffix=".exr") as opened:
        opened.write(file)
        opened.flush()
        image = oiio.ImageBuf(opened.name)
        assert image.read(force=True), image.geterror()
        return image.get_pixels(oiio.FLOAT), image.spec()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("with_alpha", [False, True])
def test_reads_back_as_half_floats(size, with_alpha):
    values = np.random.default_rng(0).random((*size, 4), np.float32)
    values = values if with_alpha else values[..., :3]
    file = staged("exr").encode(values[..., :3], values[..., 3] if with_alpha else None)
    found, spec = decoded(file)
    assert spec.channelnames == ("R", "G", "B", "A")[: values.shape[2]]
    assert spec.format == oiio.HALF and spec["compression"] == "none"
    np.testing.assert_array_equal(found, values.astype(np.float16))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_every_value_is_the_nearest_half_within_its_range(data):
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    values = data.draw(arrays(np.float32, (*size, 3), elements=st.floats(width=32)))
    found, _ = decoded(staged("exr").encode(values))
    np.testing.assert_array_equal(found, values.clip(-65504, 65504).astype(np.float16))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_may_lie_in_memory_anyhow(dtype):
    values = np.random.default_rng(1).random((6, 5, 3)).astype(dtype)[::-1, ::-1]
    found, _ = decoded(staged("exr").encode(values))
    np.testing.assert_array_equal(found, values.astype(np.float16))


def test_one_channel_keeps_full_floats(size=(70, 9)):
    values = np.random.default_rng(0).normal(size=size).astype(np.float32) * 1000
    read, spec = decoded(staged("exr").encode(values))
    assert spec.channelnames == ("Y",)
    np.testing.assert_array_equal(read[..., 0], values)
