"""A picture dropped on an editor is opened and estimated."""

import bpy
import numpy as np
import pytest

from tests.blender.tools import PHOTO


@pytest.fixture
def chosen(addon):
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    return chosen


def test_a_dropped_file_is_opened_and_estimated(fake, make_image, chosen, tmp_path):
    source = make_image(PHOTO, "source")
    source.file_format, source.filepath_raw = "PNG", str(tmp_path / "dropped.png")
    source.save()
    bpy.data.images.remove(source)
    with fake() as backend:
        done = bpy.ops.image.clone_drop_image(filepath=str(tmp_path / "dropped.png"))
    assert done == {"FINISHED"} and chosen.image.name == "dropped.png"
    np.testing.assert_array_equal(backend.seen.arrays[0]["picture"][..., :3], np.rint(PHOTO * 255))
    assert "dropped_normal" in bpy.data.images


def test_a_dropped_file_that_is_no_picture(chosen, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    before = bpy.data.images.keys()
    with pytest.raises(RuntimeError, match=r"notes\.png"):
        bpy.ops.image.clone_drop_image(filepath=str(tmp_path / "notes.png"))
    assert bpy.data.images.keys() == before


def test_a_folder_is_no_picture_and_blender_is_not_asked(chosen, tmp_path, capfd):
    with pytest.raises(RuntimeError, match="cannot be opened"):
        bpy.ops.image.clone_drop_image(filepath=str(tmp_path))
    assert "IMB_load_image" not in "".join(capfd.readouterr())


def test_the_file_handler_takes_pictures(addon):
    handler = bpy.types.FileHandler.bl_rna_get_subclass_py("IMAGE_FH_clone_normals")
    assert handler.bl_import_operator == "image.clone_drop_image"
    assert {".png", ".exr", ".hdr", ".webp"} <= set(handler.bl_file_extensions.split(";"))
