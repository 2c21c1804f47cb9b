"""Presets, Refine, Blender's own presets, and how long an estimate takes here."""

import sys
from types import SimpleNamespace

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO, estimate


@pytest.fixture
def chosen(addon):
    return bpy.context.scene.clone_normals


@pytest.mark.parametrize("preset, size", [("FAST", 128), ("BALANCED", 256), ("FINE", 512)])
def test_a_preset_is_its_values(chosen, preset, size):
    chosen.preset = preset
    assert (chosen.size, chosen.steps, chosen.preset) == (size, 0, preset)
    chosen.size = size + 1
    assert chosen.preset == "CUSTOM"
    chosen.preset = "CUSTOM"
    assert chosen.size == size + 1
    chosen.size = size
    assert chosen.preset == preset


def test_a_new_file_is_balanced_without_refining(chosen):
    assert chosen.preset == "BALANCED" and not chosen.refine


def test_refining_keeps_steps_of_ones_own(chosen):
    chosen.refine = True
    assert chosen.steps == 60 and chosen.preset == "BALANCED"
    chosen.steps = 200
    chosen.refine = True
    assert chosen.steps == 200
    chosen.refine = False
    assert chosen.steps == 0 and not chosen.refine


def test_settings_are_kept_in_the_file(chosen, tmp_path):
    chosen.preset, chosen.refine = "FINE", True
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert bpy.context.scene.clone_normals.preset == "BALANCED"
    bpy.ops.wm.open_mainfile(filepath=path)
    assert bpy.context.scene.clone_normals.preset == "FINE"
    assert bpy.context.scene.clone_normals.refine


def test_blenders_presets_bring_every_setting_back(chosen):
    chosen.size, chosen.steps, chosen.start, chosen.add_sun = 333, 7, "shading", False
    textures = bpy.context.scene.clone_textures
    textures.height, textures.strength, textures.convention = True, 2.0, "DIRECTX"
    assert bpy.ops.clone.add_preset(name="My Way") == {"FINISHED"}
    (folder,) = bpy.utils.preset_paths("clone_normals")
    chosen.size, chosen.steps, chosen.start, chosen.add_sun = 256, 0, "auto", True
    textures.height, textures.strength, textures.convention = False, 1.0, "OPENGL"
    bpy.ops.script.execute_preset(filepath=f"{folder}/My_Way.py", menu_idname="CLONE_PT_presets")
    assert (chosen.size, chosen.steps, chosen.start, chosen.add_sun) == (333, 7, "shading", False)
    assert (textures.height, textures.strength, textures.convention) == (True, 2.0, "DIRECTX")
    assert bpy.ops.clone.add_preset(name="My Way", remove_name=True) == {"FINISHED"}


def expected(image, device=""):
    return sys.modules[f"{MODULE}.timings"].expected_seconds(bpy.context, image, device)


def test_the_time_of_a_finished_run_is_expected_of_the_next(chosen, fake, make_image):
    kept = bpy.context.preferences.addons[MODULE].preferences.timings
    kept.clear()
    image = make_image(PHOTO)
    assert expected(image) is None
    with fake():
        estimate()
        estimate()
    assert len(kept) == 1
    assert expected(image) == expected(image, "fake, quick") == pytest.approx(8.5)
    assert expected(image, "another machine's card") is None
    assert expected(SimpleNamespace(size=(64, 48))) is None  # four times as large
    assert expected(SimpleNamespace(size=(36, 28))) is not None
    chosen.preset = "FINE"
    assert expected(image) is None


def test_no_more_timings_are_kept_than_needed(chosen, fake, make_image, monkeypatch):
    monkeypatch.setattr(sys.modules[f"{MODULE}.timings"], "MOST_KEPT", 2)
    kept = bpy.context.preferences.addons[MODULE].preferences.timings
    kept.clear()
    make_image(PHOTO)
    with fake():
        for size in (16, 17, 18):
            chosen.size = size
            estimate()
    assert [timing.size for timing in kept] == [17, 18]
