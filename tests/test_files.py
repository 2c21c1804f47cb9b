"""What cameras and editors write is read as what they mean."""

import io
import math
import os
import sys

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from backend.errors import Refused
from backend.files import read_mask, read_picture
from backend.image import linear_colours
from backend.lens import field_of_view
from backend.outputs import encode_srgb
from backend.profiles import SRGB_PRIMARIES, to_srgb_matrix

RNG = np.random.default_rng(3)
P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)
ADOBE = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.3290)
AP1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
TO_D50 = np.array([[1.0479298, 0.0229469, -0.0501923], [0.0296278, 0.9904345, -0.0170738],
                   [-0.0092430, 0.0150552, 0.7518743]])  # fmt: skip
"""From XYZ under D65 to XYZ under D50, as profiles want it (Lindbloom)."""
SRGB_TO_XYZ = np.array([[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923],
                        [0.0193308, 0.1191948, 0.9505322]])  # fmt: skip

WRITTEN = {
    # suffix, OpenImageIO type, channels: how exactly what was written comes back
    ("png", "uint8", 3): 1 / 255, ("png", "uint16", 3): 1e-4, ("png", "uint16", 4): 1e-4,
    ("png", "uint8", 1): 1 / 255, ("png", "uint8", 2): 1 / 255, ("jpg", "uint8", 3): 0.05,
    ("jpg", "uint8", 1): 0.05, ("webp", "uint8", 3): 0.15, ("tif", "uint8", 3): 1 / 255,
    ("tif", "uint16", 4): 1e-4, ("tif", "half", 3): 1e-3, ("tif", "float", 3): 1e-6,
    ("exr", "half", 3): 1e-3, ("exr", "float", 4): 1e-6, ("hdr", "float", 3): 0.02,
    ("bmp", "uint8", 3): 1 / 255, ("tga", "uint8", 4): 1 / 255,
}  # fmt: skip


def smooth(channels: int) -> np.ndarray:
    """Return values that lossy formats keep, opaque."""
    down, right = np.mgrid[0:24, 0:32] / 32
    planes = [0.2 + 0.6 * right, 0.3 + 0.5 * down, 0.7 - 0.4 * right][: 1 if channels < 3 else 3]
    opaque = [np.ones_like(right)] if channels in (2, 4) else []
    return np.stack(planes + opaque, axis=-1).astype(np.float32)


@pytest.mark.parametrize("suffix, kind, channels", WRITTEN)
def test_every_format_comes_back(tmp_path, suffix, kind, channels):
    values = smooth(channels)
    spec = oiio.ImageSpec(32, 24, channels, kind)
    buffer = oiio.ImageBuf(spec)
    buffer.set_pixels(oiio.ROI(), values)
    assert buffer.write(str(tmp_path / f"x.{suffix}")), buffer.geterror()
    file = read_picture(tmp_path / f"x.{suffix}")
    whole = np.iinfo(file.pixels.dtype).max if file.pixels.dtype.kind == "u" else 1
    assert file.transfer == ("linear" if kind in ("half", "float") else "srgb")
    assert file.pixels.shape == values.shape
    tolerance = WRITTEN[suffix, kind, channels]
    np.testing.assert_allclose(file.pixels / whole, values, atol=tolerance)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(tmp_path, orientation):
    image = Image.fromarray(np.kron(RNG.integers(0, 255, (3, 5)), np.ones((8, 8))).astype(np.uint8))
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "x.jpg", exif=exif, quality=98)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "x.jpg")))
    found = read_picture(tmp_path / "x.jpg").pixels[..., 0]
    np.testing.assert_allclose(found.astype(int), expected, atol=2)


def profile(primaries, gamma: float) -> bytes:
    """Write a minimal ICC profile (version 2, matrix and curves)."""
    matrix = TO_D50 @ SRGB_TO_XYZ @ to_srgb_matrix(np.array(primaries))

    def fixed(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(values) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(fixed(float(value)) for value in values)

    curve = (
        b"curv\0\0\0\0" + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big") + b"\0\0"
    )
    description = b"desc\0\0\0\0" + (5).to_bytes(4, "big") + b"test\0" + bytes(78 + 1)
    tags = {
        b"desc": description,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz((0.9642, 1, 0.8249)),
    }
    tags |= {name: xyz(matrix[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data, offset = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + (offset + len(data)).to_bytes(4, "big") + len(padded).to_bytes(4, "big")
        data += padded
    size = offset + len(data)
    header = size.to_bytes(4, "big") + bytes(4) + bytes.fromhex("02400000") + b"mntrRGB XYZ "
    header += bytes(12) + b"acsp" + bytes(28) + xyz((0.9642, 1, 0.8249))[8:] + bytes(48)
    return header + len(tags).to_bytes(4, "big") + table + data


def linear(file) -> np.ndarray:
    return linear_colours(file.pixels, file.transfer)[0].numpy()


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("primaries, gamma", [(P3, 2.2), (ADOBE, 2.2), (SRGB_PRIMARIES, 1.8)])
def test_a_profile_says_what_the_colours_are(tmp_path, suffix, primaries, gamma):
    light = np.kron(RNG.uniform(0.1, 0.9, (3, 4, 3)), np.ones((8, 8, 1)))
    stored = (light @ np.linalg.inv(to_srgb_matrix(np.array(primaries))).T).clip(0, 1) ** (
        1 / gamma
    )
    image = Image.fromarray((stored * 255 + 0.5).astype(np.uint8))
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}
    icc = profile(primaries, gamma)
    ImageCms.getOpenProfile(io.BytesIO(icc))
    image.save(tmp_path / f"x.{suffix}", icc_profile=icc, **options.get(suffix, {}))
    file = read_picture(tmp_path / f"x.{suffix}")
    assert file.pixels.dtype == np.uint16 and file.transfer == "srgb"
    shown = encode_srgb(linear(file).astype(np.float32))
    np.testing.assert_allclose(shown, encode_srgb(light.astype(np.float32)), atol=0.02)
    image.save(tmp_path / f"plain.{suffix}", **options.get(suffix, {}))
    plain = linear(read_picture(tmp_path / f"plain.{suffix}"))
    assert np.abs(encode_srgb(plain) - encode_srgb(light.astype(np.float32))).max() > 0.03


def test_srgb_profiles_change_nothing(tmp_path):
    image = Image.fromarray(RNG.integers(0, 255, (8, 9, 3), dtype=np.uint8))
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(tmp_path / "x.png", icc_profile=icc)
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png").pixels, np.asarray(image))


def test_a_profile_of_another_kind_is_refused(tmp_path):
    tables_only = profile(P3, 2.2).replace(b"rXYZ", b"A2B0")
    Image.new("RGB", (8, 9)).save(tmp_path / "x.png", icc_profile=tables_only)
    with pytest.raises(Refused, match="profile"):
        read_picture(tmp_path / "x.png")


def test_primaries_of_an_exr_are_honoured(tmp_path):
    light = RNG.uniform(0.1, 3.0, (8, 9, 3)).astype(np.float32)
    spec = oiio.ImageSpec(9, 8, 3, "float")
    spec.attribute("chromaticities", "float[8]", AP1)
    buffer = oiio.ImageBuf(spec)
    stored = light @ np.linalg.inv(to_srgb_matrix(np.array(AP1))).T
    buffer.set_pixels(oiio.ROI(), stored.astype(np.float32))
    buffer.write(str(tmp_path / "x.exr"))
    np.testing.assert_allclose(read_picture(tmp_path / "x.exr").pixels, light, atol=1e-3)


def test_the_matrix_of_p3_is_the_published_one():
    published = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    np.testing.assert_allclose(to_srgb_matrix(np.array(P3)), published, atol=1e-3)
    np.testing.assert_allclose(to_srgb_matrix(np.array(AP1)) @ np.ones(3), 1, atol=1e-6)


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_name_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(path)
    with pytest.raises(Refused, match="caf\ufffd"):
        read_picture(path)


def test_palettes_and_cmyk_are_colours(tmp_path):
    pixels = np.kron(RNG.integers(0, 255, (3, 4, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.quantize(16).save(tmp_path / "palette.png")
    np.testing.assert_allclose(read_picture(tmp_path / "palette.png").pixels, pixels, atol=3)
    image.convert("CMYK").save(tmp_path / "ink.jpg", quality=98)
    assert np.abs(read_picture(tmp_path / "ink.jpg").pixels - pixels.astype(float)).mean() < 6


def test_half_transparent_colours_are_not_darkened(tmp_path):
    pixels = np.full((8, 8, 4), 128, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png").pixels, pixels)


def written(path, values, names, unassociated=0, **window):
    """Write a picture whose channels have names; a window is where it lies in which frame."""
    spec = oiio.ImageSpec(values.shape[1], values.shape[0], values.shape[2], oiio.FLOAT)
    if path.suffix != ".exr":
        spec.format = oiio.TypeDesc("uint8")
    spec.channelnames = tuple(names)
    spec.attribute("oiio:UnassociatedAlpha", unassociated)
    for name, value in window.items():
        setattr(spec, name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec) and output.write_image(values.astype(np.float32))
    output.close()
    return path


@pytest.mark.parametrize("name, unassociated", [("a.exr", 0), ("a.tif", 0), ("a.tif", 1)])
def test_colours_that_alpha_darkened_are_brightened_again(tmp_path, name, unassociated):
    alpha = np.linspace(0, 1, 9)[None, :, None].repeat(8, 0)
    colour = 0.8 if unassociated else 0.8 * alpha
    values = np.concatenate([np.broadcast_to(colour, (8, 9, 3)), alpha], axis=-1)
    pixels = read_picture(written(tmp_path / name, values, "RGBA", unassociated)).pixels
    full = 255 if pixels.dtype == np.uint8 else 1
    np.testing.assert_allclose(pixels[:, 1:, :3] / full, 0.8, atol=0.02)
    np.testing.assert_allclose(pixels[..., 3:] / full, alpha, atol=0.01)
    assert not (~np.isfinite(pixels)).any()


@pytest.mark.parametrize("kind, full", [(0, 1.0), (1, 0.5), (2, 1.0)])
def test_the_fourth_channel_of_a_tiff_is_the_outline(tmp_path, kind, full):
    """Whether the file calls it something (0), an alpha that darkened (1), or one that did not."""
    values = np.full((9, 9, 4), 100, np.uint8)
    values[3:6, 3:6, 3] = 200
    Image.fromarray(values).save(tmp_path / "a.tif")
    stored, says = (tmp_path / "a.tif").read_bytes(), bytes.fromhex("5201 0300 0100 0000")
    assert stored.count(says + b"\2\0") == 1  # ExtraSamples, as TIFF 6.0 has it
    (tmp_path / "a.tif").write_bytes(stored.replace(says + b"\2\0", says + bytes([kind, 0])))
    pixels = read_picture(tmp_path / "a.tif").pixels
    np.testing.assert_array_equal(pixels[..., 3], values[..., 3])
    assert (pixels[4, 4, 0] == 100) == (full == 1.0)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif"), values[..., 3])


@pytest.mark.parametrize(
    "names, kept",
    [("RGBZ", 3), (("R", "G", "B", "N.X", "N.Y", "N.Z"), 3), ("YZ", 1), ("YA", 2), ("RGBA", 4),
     (("R", "G", "B", "A", "Z"), 4)],
)  # fmt: skip
def test_depths_and_normals_behind_colours_are_no_alpha(tmp_path, names, kept):
    values = np.full((8, 9, len(names)), 0.5)
    assert read_picture(written(tmp_path / "a.exr", values, names)).pixels.shape == (8, 9, kept)


@pytest.mark.parametrize(
    "x, y, width, height", [(30, 20, 50, 40), (-8, -8, 112, 80), (70, 50, 40, 30), (98, 0, 120, 10)]
)
def test_an_exr_fills_its_frame_whatever_was_trimmed(tmp_path, x, y, width, height):
    whole = RNG.uniform(0.1, 1, (300, 300, 4)).astype(np.float32)  # from −40, −40
    whole[..., 3] = 1
    part = whole[y + 40 : y + 40 + height, x + 40 : x + 40 + width]
    window = {"x": x, "y": y, "full_x": 0, "full_y": 0, "full_width": 96, "full_height": 64}
    pixels = read_picture(written(tmp_path / "a.exr", part, "RGBA", **window)).pixels
    assert pixels.shape == (64, 96, 4)
    rows, columns = np.mgrid[:64, :96]
    drawn = (rows >= y) & (rows < y + height) & (columns >= x) & (columns < x + width)
    np.testing.assert_array_equal(pixels, np.where(drawn[..., None], whole[40:104, 40:136], 0))


def test_up_to_the_largest_side_is_read(tmp_path):
    Image.fromarray(np.zeros((8, 16384), np.uint8)).save(tmp_path / "long.png")
    assert read_picture(tmp_path / "long.png").pixels.shape == (8, 16384, 1)
    Image.fromarray(np.zeros((8, 16385), np.uint8)).save(tmp_path / "longer.png")
    with pytest.raises(Refused, match="16385×8"):
        read_picture(tmp_path / "longer.png")


@pytest.mark.parametrize("turned", [False, True])
def test_the_lens_of_a_photograph_is_known(tmp_path, turned):
    image = Image.fromarray(np.full((40, 60, 3), 90, np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6 if turned else 1
    exif.get_ifd(0x8769)[0xA405] = 50
    image.save(tmp_path / "x.jpg", exif=exif)
    expected = math.degrees(2 * math.atan((24 if turned else 36) / 2 / 50))
    assert read_picture(tmp_path / "x.jpg").fov_degrees == pytest.approx(expected)
    image.save(tmp_path / "plain.jpg")
    assert read_picture(tmp_path / "plain.jpg").fov_degrees is None


@given(
    st.floats(10, 100), st.integers(500, 9000), st.sampled_from([(2, 25.4), (3, 10.0)]),
    st.sampled_from([1.0, 0.5]),
)  # fmt: skip
def test_sensor_and_focal_length_say_it_too(focal, width, unit, scaled):
    code, millimetres = unit
    taken = {
        "Exif:FocalLength": focal, "Exif:FocalPlaneXResolution": width / 36 * millimetres,
        "Exif:FocalPlaneResolutionUnit": code,
        "Exif:PixelXDimension": width, "Exif:PixelYDimension": width // 2,
    }  # fmt: skip
    found = field_of_view(taken, round(width * scaled), round(width * scaled / 2))
    assert found == pytest.approx(math.degrees(2 * math.atan(18 / focal)), rel=5e-3)


@pytest.mark.parametrize("value", [0, -3, math.nan, math.inf, "50"])
def test_nonsense_about_the_lens_is_no_field_of_view(value):
    assert field_of_view({"Exif:FocalLengthIn35mmFilm": value}, 30, 20) is None
    sensor = {"Exif:FocalLength": value, "Exif:FocalPlaneXResolution": 100.0}
    assert field_of_view(sensor, 30, 20) is None
