"""The whole thing: built zip in a real Blender, real sockets, real backend, real pictures."""

import json
import logging
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

import build_addon
from backend.batch.__main__ import run as run_batch
from backend.batch.config import BatchConfig
from backend.files import read_data, read_picture
from examples.demo import ROOT, DemoConfig, run

INSTALL = """
import bpy, sys
bpy.ops.preferences.addon_enable(module="bl_pkg")
bpy.ops.extensions.package_install_files(
    filepath=sys.argv[1], repo="user_default", enable_on_install=False
)
"""
LOOK = """
import bpy, json, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
images = {image.name: bool(image.packed_file) for image in bpy.data.images}
cloud = bpy.data.objects["cutout_gaussians"].data
attributes = {item.name: len(item.data) for item in cloud.attributes if item.name[0] != "."}
things = {thing.name: thing.type for thing in bpy.context.scene.objects}
print(json.dumps([images, attributes, things]))
"""


@pytest.fixture
def blender(request):
    """The Python of an environment with bpy."""
    path = request.config.getoption("--blender-python")
    if path is None:
        pytest.skip("needs --blender-python")
    return Path(path).absolute()


@pytest.mark.slow
def test_the_demo_leaves_every_result(blender, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    picture = ROOT / "examples" / "cutout.png"
    run(DemoConfig(blender, picture, fov=28.0, steps=8, size=64, out=tmp_path))
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


@pytest.mark.slow
def test_the_batch_command_leaves_a_blend(blender, tmp_path, monkeypatch, caplog):
    config = BatchConfig(
        (ROOT / "examples" / "cutout.png", tmp_path / "out"),
        size=64, fov=28.0, height=True, device="cpu", blender=blender,
        outputs=("normal_exr", "gaussians", "albedo", "depth", "confidence", "blend"),
    )  # fmt: skip
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "user"))
    assert run_batch(config) == 1 and "no CLONE Normals add-on" in caplog.text
    zip_path = build_addon.build("linux-x64", tmp_path, ROOT / "wheels")
    subprocess.run([blender, "-c", INSTALL, zip_path], check=True)
    assert run_batch(config) == 0
    looked = [blender, "-c", LOOK, tmp_path / "out" / "cutout_normals.blend"]
    said = subprocess.run(looked, check=True, capture_output=True, text=True).stdout
    found = next(line for line in said.splitlines() if line.startswith("[{"))
    images, attributes, things = json.loads(found)
    kinds = ("normal", "albedo", "height", "occlusion", "depth", "confidence")
    assert images == {f"cutout_{kind}": True for kind in kinds}
    report = json.loads((tmp_path / "out" / "cutout_report.json").read_text())
    assert {"position", "normal", "scale", "rotation", "opacity", "Col"} <= attributes.keys()
    assert set(attributes.values()) == {report["gaussians"]}
    assert report["light"]["determined"] and things == {
        "cutout_card": "MESH", "cutout_gaussians": "MESH", "cutout_sun": "LIGHT",
    }  # fmt: skip
