"""The whole thing: built zip in a real Blender, real sockets, real backend, real pictures."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

from backend.files import read_data, read_picture
from examples.demo import ROOT, DemoConfig, run


@pytest.mark.slow
def test_the_demo_leaves_every_result(request, tmp_path, caplog):
    blender = request.config.getoption("--blender-python")
    if blender is None:
        pytest.skip("needs --blender-python")
    caplog.set_level(logging.INFO)
    picture = ROOT / "examples" / "cutout.png"
    run(DemoConfig(Path(blender).absolute(), picture, fov=28.0, steps=8, size=64, out=tmp_path))
    inside = read_picture(picture).pixels[..., 3] > 127
    normals = read_data(tmp_path / "cutout_normal.png")
    assert normals.dtype == np.uint16 and normals.shape == (512, 512, 3)
    vectors = normals[inside] / 65535 * 2 - 1
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-3)
    assert read_picture(tmp_path / "cutout_normal.exr").pixels.shape == (512, 512, 3)
    report = json.loads((tmp_path / "cutout_report.json").read_text())
    assert report["start"] == "the trained encoder" and report["steps"] <= 8
    assert report["gaussians"] == PlyData.read(tmp_path / "cutout_gaussians.ply")["vertex"].count
    for name in ("cutout_relit.png", "cutout_cloud.png"):
        render = read_picture(tmp_path / name).pixels
        assert (render[..., 3] > 127).mean() > 0.05 and render[..., :3].max() > 60, name
    for name in ("cutout.blend", "cutout_albedo.png", "cutout_depth.exr"):
        assert (tmp_path / name).stat().st_size > 1000, name
    with Image.open(tmp_path / "cutout_sheet.png") as sheet:
        assert sheet.width > 1000
    assert "Everything took" in caplog.text and "cutout_sheet.png" in caplog.text
