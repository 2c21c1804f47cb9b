"""Maps follow the sliders after an estimate, without a click."""

import sys
import time

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import HALF, PHOTO, estimate, pixels


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def textures():
    return bpy.context.scene.clone_textures


@pytest.fixture
def answer(fake, make_image):
    """An estimate with height; the backend has gone."""
    make_image(PHOTO)
    textures().height = True
    with fake() as backend:
        estimate()
    return backend.seen.answers[0]


def follow(steps: int = 10_000) -> int:
    """Let Blender's timer come as it would in the interface; return how often it came."""
    following = module("following")
    assert bpy.app.timers.is_registered(following._tick)
    for step in range(steps):
        if following._tick() is None:
            bpy.app.timers.unregister(following._tick)
            return step
        time.sleep(0.001)
    raise AssertionError("the maps never come to rest")


def expected(answer, slope):
    normals = answer["normals"] * (slope, slope, 1.0)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return normals / 2 + 0.5


def shown(name):
    return pixels(name)[..., :3]


def test_the_normal_map_follows_a_slider(answer):
    before = bpy.data.images["photo_albedo"].packed_file.data[:]
    textures().strength = 0.5
    follow()
    np.testing.assert_allclose(shown("photo_normal"), expected(answer, 0.5), atol=HALF)
    assert bpy.data.images["photo_albedo"].packed_file.data[:] == before
    textures().strength = 1.0
    follow()
    np.testing.assert_allclose(shown("photo_normal"), expected(answer, 1.0), atol=HALF)


def test_a_slider_that_goes_on_is_caught_up_with(answer):
    following = module("following")
    textures().strength = 0.5
    following._tick()  # begins with what the slider says now
    textures().strength = 0.25
    follow()
    np.testing.assert_allclose(shown("photo_normal"), expected(answer, 0.25), atol=HALF)


def test_only_what_a_slider_is_about_is_made_again(answer, monkeypatch):
    made = []
    results = module("results")
    honest = results.map_slices
    monkeypatch.setattr(
        results, "map_slices", lambda e, choice: made.append(choice.kinds) or honest(e, choice)
    )
    textures().height_middle = 0.25
    follow()
    textures().padding = 3
    follow()
    assert made == [("height",), ("normal", "albedo", "height")]


def test_after_undo_the_map_is_what_the_slider_says(answer):
    textures().strength = 0.5
    follow()
    textures().property_unset("strength")  # as undo does it: nobody is told
    assert not bpy.app.timers.is_registered(module("following")._tick)
    module("handlers").sweep()
    follow()
    np.testing.assert_allclose(shown("photo_normal"), expected(answer, 1.0), atol=HALF)


def test_without_an_estimate_nothing_is_followed(make_image):
    make_image(PHOTO)
    textures().strength = 0.5
    assert not bpy.app.timers.is_registered(module("following")._tick)


def test_a_map_that_was_deleted_stays_away(answer):
    bpy.data.images.remove(bpy.data.images["photo_normal"])
    textures().strength = 0.5
    assert follow() == 0
    assert "photo_normal" not in bpy.data.images


def test_another_file_ends_it(answer):
    textures().strength = 0.5
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not bpy.app.timers.is_registered(module("following")._tick)
