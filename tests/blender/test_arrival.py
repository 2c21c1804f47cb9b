"""A result cannot come in."""

import sys
import time
from types import SimpleNamespace

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO, names

TIMER = SimpleNamespace(type="TIMER", value="NOTHING")


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def session():
    return module("session").current


@pytest.fixture
def said(monkeypatch):
    """Everything the status bar said."""
    texts = []
    monkeypatch.setattr(
        bpy.types.WorkSpace, "status_text_set", lambda workspace, text: texts.append(text)
    )
    return texts


@pytest.fixture
def editor(addon, make_image):
    """An Image Editor that shows a picture."""
    area = bpy.context.window.screen.areas[0]
    area.type = "IMAGE_EDITOR"
    area.spaces.active.image = make_image(PHOTO)
    return area


@pytest.fixture
def answered(fake, editor, said):
    """An operator as it is when it was clicked and the backend has answered."""

    class Clicked(module("waiting").Waiting):
        interactive = True
        end = module("operators").IMAGE_OT_clone_estimate_normals.end

        def __init__(self):
            self.reports = []

        def report(self, kind, text):
            self.reports.append(text)

    request, sources = module("request"), module("sources")
    task = request.task_of(sources.Source(bpy.data.images["photo"]), bpy.context.scene)
    with fake():
        session().begin(module("preferences").place(bpy.context), task)
        with bpy.context.temp_override(area=editor):
            module("live_view").current.begin(bpy.context, "photo")
        deadline = time.monotonic() + 10.0
        while session().busy:
            assert time.monotonic() < deadline
            session().advance()
            time.sleep(0.002)
        yield Clicked()
    module("waiting").leave_interface()


def ticks(operator):
    """Have the timer tick until the operator ends, yielding between; what it says comes last."""
    while (answer := operator.modal(bpy.context, TIMER)) == {"PASS_THROUGH"}:
        yield answer
        time.sleep(0.001)
    yield answer


def test_what_cannot_come_in_is_said_and_leaves_the_interface(
    answered, editor, said, monkeypatch, capfd
):
    def card(*_):
        raise RuntimeError("Error: There is no room for a card\n")

    monkeypatch.setattr(module("material"), "card", card)
    *_, answer = ticks(answered)
    assert answer == {"FINISHED"}  # which makes an undo step of what is there
    assert "There is no room for a card" in session().trouble.message
    assert answered.reports == [str(session().trouble)]
    assert "in card" in capfd.readouterr().err
    assert not session().busy and not module("live_view").current._running
    assert said[-1] is None and editor.spaces.active.image == bpy.data.images["photo"]


def test_a_scene_that_became_unusable_is_said_in_its_own_words(answered, monkeypatch, capfd):
    def check_scene(scene):
        raise module("objects").UnusableScene("Switch to another scene.")

    monkeypatch.setattr(module("objects"), "check_scene", check_scene)
    before = names()
    *_, answer = ticks(answered)
    assert answer == {"FINISHED"} and names() == before
    assert answered.reports == ["Switch to another scene."]
    assert not capfd.readouterr().err


def test_sliced_work_that_cannot_be_finished_is_said_too(addon, capfd):
    class Clicked(module("sliced").Sliced):
        reports = ()

        def report(self, kind, text):
            self.reports = (*self.reports, text)

    manager = bpy.context.window_manager
    clicked, timers = Clicked(), module("sliced")._timers
    clicked.work = (1 / 0 for _ in range(2))
    clicked.timer = manager.event_timer_add(0.1, window=bpy.context.window)
    timers.append(clicked.timer)
    assert clicked.modal(bpy.context, TIMER) == {"FINISHED"}
    assert "division by zero" in clicked.reports[0] and not timers
    assert "ZeroDivisionError" in capfd.readouterr().err
