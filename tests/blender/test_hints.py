"""What is painted over a picture reaches the backend."""

import bpy
import numpy as np
import pytest

from tests.blender.tools import PHOTO, estimate, names, pixels


@pytest.fixture
def photo(make_image):
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    chosen.image = make_image(PHOTO)
    return chosen.image


def paint(name, rows, columns, color):
    """Paint as a brush does: a color over what is there; rows run top to bottom."""
    painted = pixels(name).copy()
    painted[rows, columns, :3] = color
    image = bpy.data.images[name]
    image.pixels.foreach_set(np.ascontiguousarray(painted[::-1]).reshape(-1))
    image.update()


def brush_color():
    settings = bpy.context.tool_settings
    holder = settings.image_paint if bpy.app.version >= (5, 0) else settings
    return holder.unified_paint_settings.color[:]


def test_strokes_go_out_and_the_guide_does_not(fake, photo):
    assert bpy.ops.image.clone_paint_hints(hint="FLAT") == {"FINISHED"}
    paint("photo_hints", slice(2, 6), slice(3, 9), brush_color())
    bpy.ops.image.clone_paint_hints(hint="IGNORE")
    paint("photo_hints", slice(10, 12), slice(20, 30), brush_color())
    expected = np.zeros(PHOTO.shape[:2], np.uint8)
    expected[2:6, 3:9], expected[10:12, 20:30] = 1, 2
    with fake() as backend:
        estimate("")
    np.testing.assert_array_equal(backend.seen.arrays[0]["hints"], expected)
    np.testing.assert_array_equal(backend.seen.arrays[0]["picture"][..., :3], np.rint(PHOTO * 255))


def test_nothing_painted_nothing_sent(fake, photo):
    bpy.ops.image.clone_paint_hints(hint="FLAT")
    with fake() as backend:
        estimate("")
    assert "hints" not in backend.seen.arrays[0]


def test_strokes_survive_undo_saving_and_renaming(fake, photo, tmp_path):
    photo.pack()
    bpy.ops.image.clone_paint_hints(hint="FLAT")
    paint("photo_hints", slice(2, 6), slice(3, 9), brush_color())
    hints = bpy.data.images["photo_hints"]
    hints.pack()
    hints.use_fake_user = True
    photo.name = "picture"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    with fake() as backend:
        estimate("picture")
    assert backend.seen.arrays[0]["hints"].sum() == 24


def test_clear_hints(fake, photo):
    assert not bpy.ops.image.clone_clear_hints.poll()
    bpy.ops.image.clone_paint_hints(hint="IGNORE")
    paint("photo_hints", slice(2, 6), slice(3, 9), brush_color())
    assert bpy.ops.image.clone_clear_hints() == {"FINISHED"}
    assert names()["images"] == ["photo"]
    with fake() as backend:
        estimate("")
    assert "hints" not in backend.seen.arrays[0]


def test_a_picture_of_another_size_by_now(photo):
    bpy.ops.image.clone_paint_hints(hint="FLAT")
    photo.scale(40, 40)
    with pytest.raises(RuntimeError, match="painted over a picture of another size"):
        estimate("")


def test_nothing_to_paint_on(addon):
    with pytest.raises(RuntimeError, match="Open or choose one first"):
        bpy.ops.image.clone_paint_hints(hint="FLAT")
    assert not names()["images"]
