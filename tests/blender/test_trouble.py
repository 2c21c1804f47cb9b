"""Every way it can go wrong: a sentence, a repair, and nothing lost."""

import sys

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE, ROOT
from tests.blender.tools import PHOTO, estimate, names


def session():
    return sys.modules[f"{MODULE}.session"].current


def source_of(image):
    return sys.modules[f"{MODULE}.sources"].Source(image)


@pytest.fixture
def photo(make_image):
    return make_image(PHOTO)


def fails_with(sentence, name="photo"):
    before = names()
    with pytest.raises(RuntimeError, match=sentence):
        estimate(name)
    assert names() == before
    assert not session().busy


def test_no_image(addon):
    fails_with("There is no image to work on", "")
    fails_with("There is no image to work on", "no such image")


def test_image_without_data(addon):
    image = bpy.data.images.new("photo", 32, 32)
    image.source, image.filepath = "FILE", "/no/such/file.png"
    fails_with("has no pixels. Check that its file exists")


def test_a_mask_that_cannot_be_read(photo):
    empty = bpy.data.images.new("nothing", 32, 24)
    empty.source, empty.filepath = "FILE", "/no/such/file.png"
    bpy.context.scene.clone_normals.mask = empty
    fails_with("has no pixels. Check that its file exists")


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 7)])
def test_image_that_is_too_small(addon, size):
    bpy.data.images.new("photo", *size)
    fails_with("Choose a larger image")


def test_image_that_is_too_long(addon):
    bpy.data.images.new("photo", 16385, 8)
    fails_with(
        "16385 × 8 pixels; at most 16384 each way and 16.8 megapixels in all are possible here. "
        "Scale it down, .*backend.batch"
    )


def test_image_that_is_too_large_for_the_backend(fake, photo):
    with fake(max_pixels=100) as backend:
        fails_with(
            "32 × 24 pixels; at most 16384 each way and 0.0 megapixels in all are possible here. "
            "Scale it down, .*backend.batch"
        )
    assert not backend.seen.submits


def test_mask_of_another_size(photo, make_image):
    bpy.context.scene.clone_normals.mask = make_image(PHOTO[:10], "mask")
    fails_with("Choose a mask of the picture's size")


def test_no_camera(photo):
    bpy.context.scene.clone_normals.projection = "CAMERA"
    fails_with("no active camera")


def test_panoramic_camera(photo):
    camera = bpy.data.cameras.new("camera")
    camera.type = "PANO"
    bpy.context.scene.camera = bpy.data.objects.new("camera", camera)
    bpy.context.scene.clone_normals.projection = "CAMERA"
    fails_with("panoramic")


def test_backend_not_running(photo):
    fails_with("The backend is not running. Start it")
    assert session().trouble.repair == "start"


def test_backend_not_set_up(photo):
    bpy.context.preferences.addons[MODULE].preferences.start_automatically = True
    fails_with("The backend is not installed yet")
    assert session().trouble.repair == "install"
    with pytest.raises(RuntimeError, match="The backend is not installed yet"):
        bpy.ops.clone.start_backend()


@pytest.mark.parametrize(
    ("protocol", "advice"), [(0, "Update the backend"), (99, "Update the CLONE Normals add-on")]
)
def test_backend_of_another_version(fake, photo, protocol, advice):
    with fake(protocol=protocol):
        fails_with(advice)


def test_backend_that_fails(fake, photo):
    with fake("fail"):
        fails_with("There is too little memory. Wait.")


def test_backend_that_dies(fake, photo):
    with fake("vanish"):
        fails_with("The backend ended. Start it and try again")


def test_backend_that_stays_silent(fake, photo, monkeypatch):
    patience = sys.modules[f"{MODULE}.conversation"].Patience
    monkeypatch.setattr(patience, "__init__", lambda self: None)
    for name, seconds in (("ping", 0.05), ("silent", 0.2), ("lost", 0.5)):
        monkeypatch.setattr(patience, name, seconds)
    with fake("mute"):
        fails_with("has not answered for")


def test_cancelled_from_outside(fake, photo):
    """What the Cancel button does while a modal run waits."""
    request = sys.modules[f"{MODULE}.request"]
    with fake("hold", pace=0.02) as backend:
        before = names()
        place = sys.modules[f"{MODULE}.preferences"].place(bpy.context)
        session().begin(place, request.task_of(source_of(photo), bpy.context.scene))
        assert not bpy.ops.image.clone_estimate_normals.poll()
        while not backend.seen.submits:
            session().advance()
        assert bpy.ops.clone.cancel() == {"FINISHED"}
        assert not session().busy and session().trouble is None and names() == before
        assert bpy.ops.image.clone_estimate_normals.poll()


def test_loading_a_file_drops_the_running_task(fake, photo):
    request = sys.modules[f"{MODULE}.request"]
    with fake("hold") as backend:
        place = sys.modules[f"{MODULE}.preferences"].place(bpy.context)
        session().begin(place, request.task_of(source_of(photo), bpy.context.scene))
        while not backend.seen.submits:
            session().advance()
        bpy.ops.wm.read_homefile(use_empty=True)
        assert not session().busy and session().connected


def test_backend_is_started_and_stopped_by_buttons(photo, tmp_path):
    package = tmp_path / "checkout" / "backend" / "server"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, *{sys.path!r}]\n"
        "from tests.fake_backend import main\nmain()\n"
    )
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.python, preferences.folder = sys.executable, str(tmp_path / "checkout")
    assert bpy.ops.clone.start_backend() == {"FINISHED"}
    assert not bpy.ops.clone.start_backend.poll()
    assert estimate() == {"FINISHED"}
    assert np.isfinite(bpy.data.images["photo_normal"].pixels[0])
    process = session()._process
    assert bpy.ops.clone.stop_backend() == {"FINISHED"}
    assert process.exit_code == 0
    assert bpy.ops.clone.start_backend.poll() and not bpy.ops.clone.stop_backend.poll()
