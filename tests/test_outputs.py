import json

import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import Image
from plyfile import PlyData

from backend.batch import BatchConfig, main, run
from backend.errors import Refused
from backend.files import read_mask, read_picture
from backend.outputs import SH_BAND0, encode_normals, encode_srgb, write_gaussians, write_image

from .scenes import sphere_picture

RNG = np.random.default_rng(0)


def test_png_keeps_sixteen_bits(tmp_path):
    normals = RNG.normal(size=(12, 17, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    path = write_image(tmp_path / "n.png", encode_normals(normals), linear=True)
    file = read_picture(path)
    assert file.pixels.dtype == np.uint16
    np.testing.assert_allclose(file.pixels / 65535 * 2 - 1, normals, atol=2e-5)


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
    np.testing.assert_allclose(colour, arrays["colours"], atol=1e-5)
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
    with pytest.raises(Refused, match=r"x\.png"):
        read_picture(path)
    with pytest.raises(Refused, match="no file"):
        read_picture(tmp_path / "nowhere.png")
    oiio.geterror()


def test_masks_come_from_alpha_or_the_first_channel(tmp_path):
    pixels, mask, _ = sphere_picture(24)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray((mask * 255).astype(np.uint8)).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png") > 127, mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png") > 127, mask)


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    pixels, mask, _ = sphere_picture(40)
    Image.fromarray(pixels).save(source / "ball.png")
    Image.fromarray(pixels[..., :3]).save(source / "plain.jpg")
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.fromarray((mask * 255).astype(np.uint8)).save(masks / "plain.png")
    return tmp_path


def test_a_folder_is_done_once(folder):
    config = BatchConfig(
        folder / "in", folder / "out", steps=4, size=24, mask=folder / "masks", device="cpu"
    )
    assert run(config) == 0
    written = {path.name for path in (folder / "out").iterdir()}
    for stem in ("ball", "plain"):
        for suffix in (
            "normal.png", "normal.exr", "gaussians.ply", "albedo.png", "depth.exr",
            "shading.exr", "confidence.png", "sheet.png", "report.json",
        ):  # fmt: skip
            assert f"{stem}_{suffix}" in written
    report = json.loads((folder / "out" / "plain_report.json").read_text())
    assert report["start"] == "the trained encoder" and report["settings"]["steps"] == 4
    before = (folder / "out" / "ball_normal.png").stat().st_mtime_ns
    assert run(config) == 0
    assert (folder / "out" / "ball_normal.png").stat().st_mtime_ns == before
    assert run(BatchConfig(folder / "in" / "ball.png", folder / "out", steps=5, size=24)) == 0
    assert (folder / "out" / "ball_normal.png").stat().st_mtime_ns != before


def test_height_and_hints_are_taken_and_written(folder):
    hints = np.zeros((40, 40), np.uint8)
    hints[12:20, 12:20] = 1
    Image.fromarray(hints).save(folder / "hints.png")
    config = BatchConfig(
        folder / "in" / "ball.png", folder / "out", size=24, outputs=("normal",), height=True,
        hints=folder / "hints.png", device="cpu",
    )  # fmt: skip
    assert run(config) == 0
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {
        "ball_normal.png", "ball_height.exr", "ball_occlusion.png", "ball_report.json"
    }  # fmt: skip
    normals = read_picture(folder / "out" / "ball_normal.png").pixels[12:20, 12:20].astype(float)
    assert np.ptp(normals, axis=(0, 1)).max() < 20
    height = read_picture(folder / "out" / "ball_height.exr").pixels
    assert height.min() < -1 and height.max() > 1
    Image.fromarray(hints[:20]).save(folder / "hints.png")
    assert run(config) == 1


def test_a_bad_picture_fails_alone(folder, caplog):
    (folder / "in" / "broken.png").write_bytes(b"no")
    config = BatchConfig(
        folder / "in", folder / "out", steps=0, size=24, outputs=("normal",), device="cpu"
    )
    assert run(config) == 1
    assert "broken.png" in caplog.text
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"ball_normal.png", "ball_report.json", "plain_normal.png", "plain_report.json"}


def test_ctrl_c_says_how_to_go_on(folder, monkeypatch, caplog):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("backend.batch.run", interrupted)
    monkeypatch.setattr("sys.argv", ["batch", str(folder / "in"), str(folder / "out")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130 and "goes on" in caplog.text


def test_nothing_to_do_is_exit_code_two(folder):
    assert run(BatchConfig(folder / "nowhere", folder / "out")) == 2
    assert run(BatchConfig(folder / "in", folder / "out", fov=400.0)) == 2
