"""SPZ files against a plain reader that follows the format, value by value.

The reader was checked against two others on files of ``some`` Gaussians: ``gsply`` 0.4.6 and
Niantic's own library (``@spz-loader/core`` 0.3.1). ``GOLDEN`` was written by gsply; all three agree
on it.
"""

import base64
import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.outputs import write_spz
from shared.spz import SH_BAND0, Unreadable, Unwritable, decode, encode

GOLDEN = (
    "H4sIAFt/CmsA//NzDw5gZmBgAGEGHiAWYGBQYGC48J/hx38GFpAggxMbw4T/DA4MDc+kDtvYhDessLmnF1a9YGpi7/5N"
    "hkD5A5nL55p5vGhXAQCKXtOFTAAAAA=="
)


def plain_read(data: bytes):
    raw = gzip.decompress(data)
    magic, version, count, degree, fraction, flags, zero = struct.unpack("<IIIBBBB", raw[:16])
    assert (magic, version, degree, flags, zero) == (0x5053474E, 3, 0, 0, 0)
    assert len(raw) == 16 + count * (9 + 1 + 3 + 3 + 4)
    at = 16
    blocks = []
    for size in (9, 1, 3, 3, 4):
        blocks.append([raw[at + i * size : at + (i + 1) * size] for i in range(count)])
        at += size * count
    means = [
        [int.from_bytes(p[i : i + 3], "little", signed=True) / 2**fraction for i in (0, 3, 6)]
        for p in blocks[0]
    ]
    opacities = [p[0] / 255 for p in blocks[1]]
    colours = [[(b / 255 - 0.5) / 0.15 * SH_BAND0 + 0.5 for b in p] for p in blocks[2]]
    scales = [[np.exp(b / 16 - 10) for b in p] for p in blocks[3]]
    quats = [plain_rotation(int.from_bytes(p, "little")) for p in blocks[4]]
    return tuple(np.array(v) for v in (means, quats, scales, opacities, colours))


def plain_rotation(packed: int) -> list[float]:
    """Return wxyz."""
    largest, xyzw = packed >> 30, [0.0] * 4
    for component in (3, 2, 1, 0):
        if component != largest:
            size = (packed & 511) / 511 * np.sqrt(0.5)
            xyzw[component] = -size if packed >> 9 & 1 else size
            packed >>= 10
    xyzw[largest] = np.sqrt(max(0.0, 1 - sum(v * v for v in xyzw)))
    return [xyzw[3], *xyzw[:3]]


def some(count: int, reach: float, seed: int = 0):
    dice = np.random.default_rng(seed)
    quats = dice.normal(size=(count, 4))
    return tuple(
        values.astype(np.float32)
        for values in (
            dice.uniform(-reach, reach, (count, 3)),
            quats / np.linalg.norm(quats, axis=1, keepdims=True),
            np.exp(dice.uniform(-9, 5, (count, 3))),
            dice.uniform(0, 1, count),
            dice.uniform(-0.3, 1.3, (count, 3)),
        )
    )


@given(st.integers(0, 40), st.sampled_from([1e-3, 0.9, 1.0, 37.0, 4096.0, 5e6]), st.integers(0, 99))
def test_everything_comes_back_as_exactly_as_a_byte_allows(count, reach, seed):
    gaussians = some(count, reach, seed)
    means, quats, scales, opacities, colours = plain_read(encode(*gaussians))
    if not count:
        return
    step = max(2.0**-16, reach / 2**22)
    assert np.abs(means - gaussians[0]).max() <= step
    turn = np.abs((quats * gaussians[1]).sum(1)).clip(0, 1)
    assert np.rad2deg(2 * np.arccos(turn)).max() < 0.4
    assert np.abs(np.log(scales / gaussians[2])).max() <= 0.5 / 16 + 1e-4
    assert np.abs(opacities - gaussians[3]).max() <= 0.5 / 255 + 1e-6
    assert np.abs(colours - gaussians[4]).max() <= 0.5 / 255 / 0.15 * SH_BAND0 + 1e-6


@pytest.mark.parametrize("reach", [0.9999999, 1.0, 2.0**22, 8388607.0])
def test_the_farthest_coordinate_does_not_wrap_around(reach):
    gaussians = some(2, 1.0)
    gaussians[0][:] = [[reach, -reach, 0.0], [0.0, 0.0, reach]]
    means = plain_read(encode(*gaussians))[0]
    np.testing.assert_allclose(means, gaussians[0], atol=max(2.0**-15, reach / 2**22))


def test_what_another_program_wrote_is_what_we_write():
    """Byte for byte, but for the number of bits behind the point."""
    values = (
        [[1, 2, -3], [-0.5, 0.25, 0], [100.125, -7, 4]],
        [[1, 0, 0, 0], [0.5, -0.5, 0.5, 0.5], [0.1, 0.7, -0.1, 0.7]],
        [[0.01, 0.1, 1], [0.5, 0.02, 0.3], [7, 3, 0.001]],
        [0.5, 0.9, 0.1],
        [[1, 0, 0], [0.2, 0.5, 0.8], [0, 1.2, -0.1]],
    )
    golden = base64.b64decode(GOLDEN)
    ours = encode(*(np.array(part, np.float32) for part in values))
    for expected, found in zip(plain_read(golden), plain_read(ours), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)
    after_positions = 16 + 9 * 3
    assert gzip.decompress(ours)[after_positions:] == gzip.decompress(golden)[after_positions:]


@given(st.integers(0, 40), st.sampled_from([0.9, 37.0, 5e6]), st.integers(0, 99))
def test_reading_agrees_with_the_plain_reader(count, reach, seed):
    data = encode(*some(count, reach, seed))
    for found, expected in zip(decode(data), plain_read(data), strict=True):
        assert found.dtype == np.float32
        if count:
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_version_2_is_read():
    """Rotations are three bytes there, xyz of a quaternion whose w is not negative."""
    raw = bytearray(gzip.decompress(encode(*some(1, 1.0))))
    raw[4] = 2
    quat = np.array([0.5, 0.5, -0.5, 0.5])
    raw[16 + 16 :] = np.round((quat[1:] + 1.0) * 127.5).astype(np.uint8).tobytes()
    _, quats, *_ = decode(gzip.compress(bytes(raw)))
    np.testing.assert_allclose(quats[0], quat, atol=0.02)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"NGSP" + bytes(40), "version 4 or later"),
        (b"hello", "no SPZ file, or a damaged one"),
        (gzip.compress(bytes(16)), "no SPZ file of version 2 or 3"),
        (gzip.compress(struct.pack("<IIIBBBB", 0x5053474E, 3, 9, 0, 12, 0, 0)), "truncated"),
        (gzip.compress(struct.pack("<IIIBBBB", 0x5053474E, 3, 2**31, 0, 12, 0, 0)), "announces"),
        (encode(*some(9, 1.0))[:-30], "no SPZ file, or a damaged one"),
    ],
)
def test_what_cannot_be_read_is_explained(data, words):
    with pytest.raises(Unreadable, match=words):
        decode(data)


@pytest.mark.parametrize("part", range(5))
def test_a_gaussian_that_is_nowhere_is_refused(part):
    gaussians = some(3, 1.0)
    gaussians[part][1] = np.nan
    with pytest.raises(Unwritable, match="without a place"):
        encode(*gaussians)


def test_a_gaussian_too_far_out_is_refused():
    gaussians = some(1, 1.0)
    gaussians[0][0, 0] = 1e7
    with pytest.raises(Unwritable, match="too far out"):
        encode(*gaussians)


def test_the_file_is_what_the_estimate_says(tmp_path):
    names = ("means", "quats", "scales", "opacities", "colours")
    arrays = dict(zip(names, some(7, 12.0), strict=True))
    path = write_spz(tmp_path / "a_gaussians.spz", arrays)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    means, *_ = plain_read(path.read_bytes())
    np.testing.assert_allclose(means, arrays["means"], atol=1e-4)


def test_the_same_gaussians_make_the_same_file():
    assert encode(*some(9, 3.0)) == encode(*some(9, 3.0))
