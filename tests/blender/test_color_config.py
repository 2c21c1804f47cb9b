"""Blender with a studio's own OpenColorIO config, whose color spaces have other names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.blender.conftest import MODULE, ROOT
from tests.blender.tools import PHOTO, estimate, names

NAMES = {"Non-Color": "Utility - Raw", "Linear Rec.709": "Utility - Linear - sRGB"}
"""What ACES 1.2 calls them."""
TESTS = (
    "test_color_config.py::test_data_in_eight_bits_goes_out_as_it_is",
    "test_further_results.py::test_comparison_follows_its_slider",
    "test_further_results.py::test_sun_and_world_light_the_card_as_in_the_picture",
    "test_open_results.py::test_the_same_as_an_estimate",
    "test_results.py::test_relit_card_is_lambert_of_its_normals",
    "test_sequences.py::test_a_resumed_run_is_as_steady_as_one_in_one_go",
    "test_view_transform.py::test_greys_come_back_within_one_percent",
)
ACES = "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1"
"""A config that OpenColorIO brings along: other names everywhere, and none of Blender's views."""
TESTS_OF_ACES = (
    "test_color_config.py::test_a_view_transform_that_aces_lacks",
    "test_movies.py::test_every_frame_becomes_a_file",
    "test_movies.py::test_one_estimate_takes_the_scenes_frame",
    "test_view_transform.py::test_standard_comes_back_also_where_no_view_is_called_so",
    "test_view_transform.py::test_what_the_scene_does_comes_back_whatever_srgb_is_called",
)


@pytest.fixture
def config(tmp_path):
    """Blender's own config with those names."""
    folder = tmp_path / "colormanagement"
    shutil.copytree(Path(bpy.utils.resource_path("LOCAL")) / "datafiles/colormanagement", folder)
    file = folder / "config.ocio"
    text = file.read_text("utf-8")
    for ours, theirs in NAMES.items():
        text = text.replace(ours, theirs)
    file.chmod(0o644)
    file.write_text(text, "utf-8")
    return file


def run_under(config, tests):
    """Blender reads its config once, as it starts; so a Blender of its own runs other tests."""
    tests = [str(Path(__file__).with_name(test)) for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "--confcutdir", str(Path(__file__).parent)]
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, env=os.environ | {"OCIO": str(config)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_everything_comes_in_as_ever(config):
    run_under(config, TESTS)


def test_what_blender_has_its_own_names_for_works_under_aces():
    run_under(ACES, TESTS_OF_ACES)


@pytest.mark.skipif(os.environ.get("OCIO") != ACES, reason="the test above runs it under ACES")
@pytest.mark.parametrize("encoding", ["AgX", "Filmic"])
def test_a_view_transform_that_aces_lacks(make_image, encoding):
    make_image(PHOTO, colorspace="sRGB - Texture")
    bpy.context.scene.clone_normals.encoding = encoding
    scenes = bpy.data.scenes.keys()
    with pytest.raises(RuntimeError, match=f"no view transform “{encoding}”.+Choose another"):
        estimate()
    assert bpy.data.scenes.keys() == scenes


def test_where_no_name_is_known_light_is_scene_linear(fake, make_image, monkeypatch):
    monkeypatch.setattr(sys.modules[f"{MODULE}.images"], "LINEAR_COLORSPACES", ())
    # made by us and read as sRGB since
    sys.modules[f"{MODULE}.ours"].mark(make_image(PHOTO, "photo_albedo"))
    make_image(PHOTO)
    with fake():
        estimate()
    assert names()["images"] == ["photo", "photo_albedo", "photo_normal"]
    linear = bpy.data.images.new("linear", 8, 8, float_buffer=True).colorspace_settings.name
    assert bpy.data.images["photo_albedo"].colorspace_settings.name == linear


def test_data_in_eight_bits_goes_out_as_it_is(fake, make_image):
    make_image(PHOTO).colorspace_settings.is_data = True
    with fake() as backend:
        estimate()
    assert backend.seen.submits[0].transfer == "linear"
