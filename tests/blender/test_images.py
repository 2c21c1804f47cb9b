"""Result images: EXR bytes packed into an image, made or refreshed, and never on disk."""

import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import HALF, pixels

NAME = "photo_normal"
FIRST, SECOND = (np.random.default_rng(seed).random((24, 32, 3), np.float32) for seed in (0, 1))


def show(colors, alpha=None, name=NAME, colorspace="data"):
    file = sys.modules[f"{MODULE}.exr"].encode(colors, alpha)
    return sys.modules[f"{MODULE}.images"].show(name, file, colorspace)


def shows(colors, name=NAME):
    image = bpy.data.images[name]
    assert image.is_float and not image.is_dirty and len(image.packed_files) == 1
    assert tuple(image.size) == colors.shape[1::-1]
    np.testing.assert_allclose(pixels(name)[..., :3], colors, atol=HALF)


def test_colors_alpha_and_what_blender_is_told(addon):
    alpha = np.linspace(0, 1, 32, dtype=np.float32)[None].repeat(24, 0)
    image = show(FIRST, alpha, colorspace="linear")
    shows(FIRST)  # also where alpha is 0
    np.testing.assert_allclose(pixels(NAME)[..., 3], alpha, atol=HALF)
    assert image.colorspace_settings.name == "Linear Rec.709"
    assert image.alpha_mode == "CHANNEL_PACKED" and image.use_fake_user
    assert image.file_format == "OPEN_EXR" and Path(image.filepath).suffix == ".exr"


@pytest.mark.parametrize("looked_at", [False, True])
@pytest.mark.parametrize("size", [(24, 32), (7, 9), (40, 50)])
def test_a_refresh_shows_the_new_in_the_same_datablock(addon, capfd, looked_at, size):
    image = show(FIRST)
    if looked_at:
        shows(FIRST)
    second = np.random.default_rng(2).random((*size, 3), np.float32)
    assert show(second) == image
    shows(second)
    captured = capfd.readouterr()
    assert "rror" not in captured.out + captured.err


def painted(image):
    image.pixels.foreach_set(np.zeros(len(image.pixels), np.float32))
    image.update()
    assert image.is_dirty


def painted_and_kept(image):
    painted(image)
    image.pack()


def generated(image):
    image.source = "GENERATED"


@pytest.mark.parametrize(
    "change", [painted, painted_and_kept, generated, lambda image: image.scale(50, 40)]
)
def test_a_refresh_replaces_what_the_artist_made_of_it(addon, change):
    image = show(FIRST)
    change(image)
    image.colorspace_settings.name, image.alpha_mode = "sRGB", "STRAIGHT"
    assert show(SECOND) == image
    shows(SECOND)
    assert (image.colorspace_settings.name, image.alpha_mode) == ("Non-Color", "CHANNEL_PACKED")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("options", [{}, {"float_buffer": True}, {"tiled": True}])
def test_the_artists_image_of_that_name_makes_room(addon, options, packed):
    image = bpy.data.images.new(NAME, 10, 10, **options)
    if packed:
        image.pack()
    assert show(FIRST) != image
    shows(FIRST)
    assert image.name == f"{NAME}.old" and tuple(image.size) == (10, 10)


def test_undo_and_redo_of_a_refresh(addon):
    bpy.ops.ed.undo_push(message="before")
    show(FIRST)
    bpy.ops.ed.undo_push(message="first")
    show(SECOND)
    bpy.ops.ed.undo_push(message="second")
    shows(SECOND)
    bpy.ops.ed.undo()
    shows(FIRST)
    bpy.ops.ed.undo()
    assert NAME not in bpy.data.images
    bpy.ops.ed.redo()
    shows(FIRST)
    bpy.ops.ed.redo()
    shows(SECOND)


def test_nothing_on_disk_is_written_or_read(addon, tmp_path):
    path = tmp_path / "a.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    decoy = tmp_path / f"{NAME}.exr"
    decoy.write_bytes(sys.modules[f"{MODULE}.exr"].encode(SECOND * 0))
    show(FIRST)
    show(SECOND)
    shows(SECOND)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    shows(SECOND)
    decoy.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    shows(SECOND)
    assert {each.name for each in tmp_path.iterdir()} <= {"a.blend", "a.blend1"}


def test_a_name_that_no_file_may_have(addon, tmp_path):
    image = show(FIRST, name="a/b: c")
    shows(FIRST, "a/b: c")
    assert image.filepath == "//a_b__c.exr"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    shows(FIRST, "a/b: c")
