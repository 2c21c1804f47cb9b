import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import Image
from plyfile import PlyData

from backend.errors import Refused
from backend.files import read_data, read_mask, read_picture
from backend.outputs import (
    LAYERS,
    encode_normals,
    encode_srgb,
    image_rows,
    write_gaussians,
    write_image,
    write_layers,
)
from shared.spz import SH_BAND0

from .scenes import sphere_picture

RNG = np.random.default_rng(0)


def test_png_keeps_sixteen_bits(tmp_path):
    normals = RNG.normal(size=(12, 17, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    path = write_image(tmp_path / "n.png", encode_normals(normals), linear=True)
    values = read_data(path)
    assert values.dtype == np.uint16
    np.testing.assert_allclose(values / 65535 * 2 - 1, normals, atol=2e-5)


def test_exr_keeps_negative_values(tmp_path):
    depth = RNG.normal(size=(12, 17)).astype(np.float32)
    file = read_picture(write_image(tmp_path / "d.exr", depth, linear=True))
    assert file.transfer == "linear"
    np.testing.assert_allclose(file.pixels[..., 0], depth, atol=2e-3)


def test_nothing_half_written_stays_under_the_name(tmp_path):
    with pytest.raises(OSError):
        write_image(tmp_path / "missing" / "n.png", np.zeros((8, 8, 3), np.float32), linear=True)
    write_image(tmp_path / "n.png", np.zeros((8, 8, 3), np.float32), linear=True)
    assert [p.name for p in tmp_path.iterdir()] == ["n.png"]


def test_rows_make_the_same_file_as_the_whole(tmp_path):
    pixels = RNG.uniform(0, 1, (40, 17, 3)).astype(np.float32)
    for suffix in ("png", "exr"):
        whole = write_image(tmp_path / f"whole.{suffix}", pixels, linear=True)
        with image_rows(tmp_path / f"rows.{suffix}", pixels.shape, linear=True) as write:
            for top in range(0, 40, 16):
                write(top, pixels[top : top + 16])
            assert not (tmp_path / f"rows.{suffix}").exists()
        rows = read_data(tmp_path / f"rows.{suffix}")
        np.testing.assert_array_equal(rows, read_data(whole))
    with pytest.raises(KeyError), image_rows(tmp_path / "x.png", pixels.shape, True) as write:
        raise KeyError
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"whole.png", "whole.exr", "rows.png", "rows.exr"}


def test_layers_have_the_names_that_others_look_for(tmp_path):
    shapes = {name: (9, 12, len(c))[: 3 if len(c) > 1 else 2] for name, c in LAYERS.items()}
    maps = {name: RNG.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    maps["depth"] *= 1000
    source = oiio.ImageInput.open(str(write_layers(tmp_path / "l.exr", maps)))
    spec, stored = source.spec(), source.read_image(0, 0, 0, 12, oiio.FLOAT)
    for name, channels in LAYERS.items():
        places = [spec.channelindex(channel) for channel in channels]
        found = stored[..., places].reshape(maps[name].shape)
        tolerance = 0 if name in ("depth", "height") else 1e-3
        np.testing.assert_allclose(found, maps[name], rtol=tolerance, atol=tolerance)


def test_the_ply_reads_back_as_splat_viewers_do(tmp_path):
    count = 50
    quats = RNG.normal(size=(count, 4)).astype(np.float32)
    arrays = {
        "means": RNG.normal(size=(count, 3)).astype(np.float32),
        "quats": quats / np.linalg.norm(quats, axis=1, keepdims=True),
        "scales": RNG.uniform(0.01, 1, (count, 3)).astype(np.float32),
        "opacities": RNG.uniform(0, 1, count).astype(np.float32),
        "colours": RNG.uniform(0, 1, (count, 3)).astype(np.float32),
        "gaussian_normals": RNG.normal(size=(count, 3)).astype(np.float32),
    }
    vertex = PlyData.read(write_gaussians(tmp_path / "g.ply", arrays))["vertex"]
    flip = np.array([1, -1, -1])
    np.testing.assert_allclose(
        np.stack([vertex[c] for c in "xyz"], 1), arrays["means"] * flip, atol=1e-6
    )
    colour = np.stack([vertex[f"f_dc_{i}"] for i in range(3)], 1) * SH_BAND0 + 0.5
    np.testing.assert_allclose(colour, encode_srgb(arrays["colours"]), atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-vertex["opacity"])), arrays["opacities"], atol=1e-4)
    scales = np.exp(np.stack([vertex[f"scale_{i}"] for i in range(3)], 1))
    np.testing.assert_allclose(scales, arrays["scales"], rtol=1e-4)


def test_srgb_encoding_matches_the_standard():
    np.testing.assert_allclose(encode_srgb(np.float32([0, 0.2140411, 1])), [0, 0.5, 1], atol=1e-5)


def test_reading_turns_photographs_upright(tmp_path):
    image = Image.fromarray(np.arange(12 * 20, dtype=np.uint8).reshape(12, 20))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned: the right way is a quarter turn clockwise
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert read_picture(tmp_path / "turned.jpg").pixels.shape[:2] == (20, 12)


@pytest.mark.parametrize("content", [b"", b"this is no picture"])
def test_reading_what_is_no_picture_is_refused(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"x\.png") as refused:
        read_picture(path)
    assert refused.value.advice == "PNG, JPEG, WebP, TIFF, EXR, HDR, BMP and TGA are."
    with pytest.raises(Refused, match="no file"):
        read_picture(tmp_path / "nowhere.png")
    oiio.geterror()


def test_masks_come_from_alpha_or_the_first_channel(tmp_path):
    pixels, mask, _ = sphere_picture(24)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray((mask * 255).astype(np.uint8)).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png") > 127, mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png") > 127, mask)
    opaque = np.dstack([np.repeat(mask[..., None] * 255, 3, axis=-1), np.full(mask.shape, 255)])
    Image.fromarray(opaque.astype(np.uint8)).save(tmp_path / "o.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "o.png") > 127, mask)
