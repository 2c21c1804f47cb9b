"""What a running estimate shows, and that it leaves everything as it was."""

import sys
import time
from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO, estimate, names, pixels, rendered_scene


@pytest.fixture
def view(editor, said, monkeypatch):
    module = sys.modules[f"{MODULE}.live_view"]
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0.0)
    yield module.current
    module.current.end()


def session():
    return sys.modules[f"{MODULE}.session"].current


def begin(view, editor, picture=None):
    """Begin as a click in the Image Editor does."""
    request, sources = (sys.modules[f"{MODULE}.{name}"] for name in ("request", "sources"))
    source = sources.Source(picture or bpy.data.images["photo"])
    task = request.task_of(source, bpy.context.scene)
    task = replace(task, settings=replace(task.settings, steps=5, previews=True))
    session().begin(sys.modules[f"{MODULE}.preferences"].place(bpy.context), task)
    with bpy.context.temp_override(area=editor):
        view.begin(bpy.context, task.name)
    return task


def run_until(view, condition):
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        session().advance()
        view.refresh(bpy.context, session())
        time.sleep(0.002)


def test_the_editor_shows_the_preview_and_then_the_picture_again(fake, editor, view, said):
    before, shown = names(), editor.spaces.active
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: "photo_preview" in bpy.data.images and session().fraction > 0.7)
        preview = bpy.data.images["photo_preview"]
        assert shown.image == preview and view.image() == preview
        assert tuple(preview.size) == (32, 24)
        assert preview.colorspace_settings.name == "Non-Color"
        assert np.ptp(pixels("photo_preview")[..., 0]) > 0.1
        session().cancel()
        view.end()
    assert names() == before and shown.image == bpy.data.images["photo"]
    assert said[-1] is None and "Fusing" in said[-2] and "Esc" in said[-2]


def test_the_preview_is_as_large_as_the_picture_however_close_the_artist_looks(fake, editor, view):
    shown, picture = editor.spaces.active, bpy.data.images["photo"]
    picture.scale(640, 480)  # of which a preview has every other pixel
    shown.zoom_percentage = 150.0
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None and shown.image == view.image())
        ratio = picture.size[0] / view.image().size[0]
        assert ratio > 1 and shown.zoom_percentage == pytest.approx(150.0 * ratio)
        session().cancel()
        view.end()
    assert shown.image == picture and shown.zoom_percentage == pytest.approx(150.0)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_picture_that_is_renamed_meanwhile_stays_the_picture(fake, editor, view, cancelled):
    operators, waiting = sys.modules[f"{MODULE}.operators"], sys.modules[f"{MODULE}.waiting"]
    picture, shown = bpy.data.images["photo"], editor.spaces.active
    with fake("hold" if cancelled else "result", pace=0.01):
        task = begin(view, editor)
        run_until(view, lambda: view.image() is not None and shown.image == view.image())
        picture.name = "renamed"
        if cancelled:
            session().cancel()
            view.end()
            assert shown.image == picture
            return
        run_until(view, lambda: not session().busy)
        ending = operators.IMAGE_OT_clone_estimate_normals.end(Reporter(task), bpy.context)
        while waiting.next_slice(ending) is None:
            pass
    assert shown.image == bpy.data.images["photo_normal"]
    find = sys.modules[f"{MODULE}.sources"].find
    with bpy.context.temp_override(area=editor):
        assert find(bpy.context).image == picture


def test_the_result_takes_the_previews_place(fake, editor, view):
    operators, waiting = sys.modules[f"{MODULE}.operators"], sys.modules[f"{MODULE}.waiting"]
    with fake(pace=0.01):
        task = begin(view, editor)
        run_until(view, lambda: not session().busy)
        ending = operators.IMAGE_OT_clone_estimate_normals.end(Reporter(task), bpy.context)
        while waiting.next_slice(ending) is None:
            pass
    assert editor.spaces.active.image == bpy.data.images["photo_normal"]
    assert "photo_preview" not in bpy.data.images
    find = sys.modules[f"{MODULE}.sources"].find
    with bpy.context.temp_override(area=editor):
        assert find(bpy.context).image == bpy.data.images["photo"]  # the button's next picture
    bpy.data.images["photo"].name = "renamed"
    with bpy.context.temp_override(area=editor):
        assert find(bpy.context).image.name == "renamed"


def test_a_render_is_watched_and_makes_room_for_its_normals_too(fake, editor, view):
    scene = rendered_scene()
    render, shown = bpy.data.images["Render Result"], editor.spaces.active
    shown.image = render
    operators, waiting = sys.modules[f"{MODULE}.operators"], sys.modules[f"{MODULE}.waiting"]
    with fake(pace=0.01):
        task = begin(view, editor, render)
        run_until(view, lambda: view.image() is not None)
        assert shown.image == view.image()
        run_until(view, lambda: not session().busy)
        ending = operators.IMAGE_OT_clone_estimate_normals.end(Reporter(task), bpy.context)
        while waiting.next_slice(ending) is None:
            pass
    assert shown.image == bpy.data.images[f"{scene.name} render_normal"]
    with bpy.context.temp_override(area=editor):
        assert sys.modules[f"{MODULE}.sources"].find(bpy.context).image == render


class Reporter:
    """Stands for the operator, whose reports go nowhere."""

    def __init__(self, task):
        self.task = task

    def report(self, *_):
        pass


@pytest.mark.parametrize("name", ["other", "photo"])
def test_what_the_artist_shows_meanwhile_stays_shown(fake, editor, view, make_image, name):
    make_image(PHOTO, "other")
    other = bpy.data.images[name]
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None)
        editor.spaces.active.image = other
        run_until(view, lambda: session().fraction > 0.7)
        assert editor.spaces.active.image == other
        session().cancel()
        view.end()
    assert editor.spaces.active.image == other


def test_the_artists_own_image_of_that_name_is_left_alone(fake, editor, view, make_image):
    make_image(PHOTO, "photo_preview")
    before = pixels("photo_preview").copy()
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None)
        assert view.image().name == "photo_preview.001"
        session().cancel()
        view.end()
    np.testing.assert_array_equal(pixels("photo_preview"), before)


def test_a_lost_preview_comes_back_and_a_stray_one_goes(fake, editor, view):
    """As when the artist undoes while it runs, and later undoes to a moment within the run."""
    with fake("hold", pace=0.05):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None)
        bpy.data.images.remove(view.image())
        sys.modules[f"{MODULE}.handlers"].sweep()
        assert editor.spaces.active.image == bpy.data.images["photo"]
        run_until(view, lambda: view.image() is not None)
        assert editor.spaces.active.image == view.image()
        bpy.ops.ed.undo_push(message="The artist's own step")
        session().cancel()
        view.end()
        bpy.ops.ed.undo_push(message="Another step")
    bpy.ops.ed.undo()
    assert not [name for name in names()["images"] if "preview" in name]


def test_loading_a_file_takes_everything_away(fake, editor, view, said):
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None)
        bpy.ops.wm.read_homefile(use_empty=True)
    assert not names()["images"] and said[-1] is None and view.image() is None


def test_unregistering_takes_everything_away(addon, fake, editor, view, said):
    with fake("hold", pace=0.01):
        begin(view, editor)
        run_until(view, lambda: view.image() is not None)
        addon.unregister()
        addon.register()
    assert "photo_preview" not in bpy.data.images and said[-1] is None
    assert editor.spaces.active.image == bpy.data.images["photo"]


def test_previews_are_not_asked_for_where_nobody_sees_them(fake, make_image):
    make_image(PHOTO)
    bpy.context.scene.clone_normals.refine = True
    with fake() as backend:
        estimate()
    assert backend.seen.submits[0].settings.steps == 60
    assert not backend.seen.submits[0].settings.previews
    assert "photo_preview" not in bpy.data.images
