"""A sequence is estimated while the artist goes on working."""

import inspect
import json
import os
import shutil
import sys
import time
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.shots import SIZE, assert_frames, run

TIMER = SimpleNamespace(type="TIMER", value="NOTHING")


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something done while the first frame is on its way."""
    session = type(sys.modules[f"{MODULE}.session"].current)
    submit, coming = session._submit, []

    def submit_and_do(self):
        submit(self)
        while coming:
            coming.pop()()

    monkeypatch.setattr(session, "_submit", submit_and_do)
    return coming.append


def change_settings():
    chosen = bpy.context.scene.clone_normals
    chosen.size, chosen.light_from, chosen.encoding = 64, "left", "AgX"
    bpy.data.images["mask"].pixels.foreach_set(np.zeros(SIZE[0] * SIZE[1] * 4, np.float32))


def save_elsewhere():
    """Blender writes the paths of images anew then."""
    folder = os.path.join(os.path.dirname(bpy.data.images["shot"].filepath), "scenes")
    os.mkdir(folder)
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "a.blend"))
    assert bpy.data.images["shot"].filepath.startswith("//..")


@pytest.mark.parametrize("change", [change_settings, save_elsewhere])
def test_a_run_keeps_the_settings_that_it_began_with(
    fake, shot, make_image, meanwhile, tmp_path, change
):
    chosen = bpy.context.scene.clone_normals
    chosen.mask, chosen.size = make_image(np.ones((*SIZE, 3)), "mask"), 128
    meanwhile(change)
    with fake() as backend:
        assert run() == {"FINISHED"}
    assert_frames(backend, 8, 9, 10, 11)
    submits = backend.seen.submits
    assert [submit.settings for submit in submits] == [submits[0].settings] * 4
    assert {submit.transfer for submit in submits} == {"srgb"}
    assert all((arrays["mask"] == 255).all() for arrays in backend.seen.arrays)
    assert json.loads((tmp_path / "shot_normal.json").read_text())["settings"]["size"] == 128


def test_hints_count_as_they_were_when_the_run_began(fake, shot, meanwhile):
    bpy.ops.image.clone_paint_hints(hint="FLAT")
    meanwhile(bpy.ops.image.clone_clear_hints)
    green = np.tile(np.float32((0, 0.8, 0.1, 1)), SIZE[0] * SIZE[1])
    bpy.data.images["shot_hints"].pixels.foreach_set(green)
    with fake() as backend:
        run()
    assert all((arrays["hints"] == 1).all() for arrays in backend.seen.arrays)
    assert "shot_hints" not in bpy.data.images


def test_an_image_that_is_renamed_goes_on(fake, shot, meanwhile):
    meanwhile(lambda: setattr(shot, "name", "renamed"))
    with fake() as backend:
        assert run() == {"FINISHED"}
    assert_frames(backend, 8, 9, 10, 11)


def remove(image):
    bpy.data.images.remove(image)


def turn_into_data(image):
    image.colorspace_settings.name = "Non-Color"


def point_elsewhere(image):
    other = image.filepath.replace("shot", "other")
    shutil.copy(image.filepath, other)
    image.filepath = other


@pytest.mark.parametrize("change", [remove, turn_into_data, point_elsewhere])
def test_an_image_that_is_no_longer_what_it_was_ends_the_run(fake, shot, meanwhile, change):
    meanwhile(lambda: change(shot))
    with fake() as backend, pytest.raises(RuntimeError, match="changed or removed while"):
        run()
    assert_frames(backend, 8)
    assert bpy.data.images["shot_normal"].source == "SEQUENCE"
    assert not sys.modules[f"{MODULE}.session"].current.busy


@pytest.fixture
def clicked(addon):
    """The operator as Blender has it after a click."""
    operator = sys.modules[f"{MODULE}.sequence_operator"].IMAGE_OT_clone_estimate_sequence
    said = {"interactive": True, "image_name": "", "report": lambda *_: None}
    methods = {name: part for name, part in vars(operator).items() if inspect.isfunction(part)}
    return type("Clicked", (sys.modules[f"{MODULE}.waiting"].Waiting,), methods | said)()


def test_a_run_keeps_its_settings_while_another_scene_is_shown(fake, shot, clicked):
    bpy.context.scene.clone_normals.size = 128
    with fake() as backend:
        clicked.begin(bpy.context)
        with bpy.context.temp_override(scene=bpy.data.scenes.new("other")):
            assert bpy.context.scene.clone_normals.size != 128
            while clicked.modal(bpy.context, TIMER) == {"PASS_THROUGH"}:
                time.sleep(0.001)
    assert_frames(backend, 8, 9, 10, 11)
    assert {submit.settings.size for submit in backend.seen.submits} == {128}


def cancel(session):
    if session.can_cancel:
        bpy.ops.clone.cancel()


def lose_the_backend(session):
    if session.task is None:  # it is no longer needed
        session._handle(sys.modules[f"{MODULE}.conversation"].Ended("lost", "It is gone."))


def hear_late_of_an_end(session):
    if session.task is None:
        session._handle(sys.modules[f"{MODULE}.shared.messages"].Cancelled(session._job))


@pytest.mark.parametrize("do", [None, cancel, lose_the_backend, hear_late_of_an_end])
def test_nothing_else_begins_while_a_frame_is_written(fake, shot, clicked, monkeypatch, do):
    operator = sys.modules[f"{MODULE}.sequence_operator"]
    session, keep = sys.modules[f"{MODULE}.session"].current, operator._keep
    writing, free = [], []
    begin = [bpy.ops.image.clone_estimate_sequence, bpy.ops.image.clone_estimate_normals]
    if do is cancel:
        begin.pop()  # what was cancelled may be estimated again at once

    def keep_slowly(*frame):
        writing.append(True)
        time.sleep(0.1)
        keep(*frame)
        writing.pop()

    monkeypatch.setattr(operator, "_keep", keep_slowly)
    with fake():
        clicked.begin(bpy.context)
        while clicked.modal(bpy.context, TIMER) == {"PASS_THROUGH"}:
            if writing and do is not None:
                do(session)
            free.append(bool(writing) and any(verb.poll() for verb in begin))
            time.sleep(0.001)
    assert len(free) > 50 and not any(free)
    assert all(verb.poll() for verb in begin)
