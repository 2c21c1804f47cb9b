"""What begins right after *Cancel*, before the operator that was cancelled has noticed."""

import inspect
import sys
import time
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO

TIMER = SimpleNamespace(type="TIMER", value="NOTHING")


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


@pytest.fixture
def click(addon, said):
    """Make operators as Blender has them after a click, on the image of that name."""
    operators = []

    def click(kind, image_name=""):
        ours = [vars(cls) for cls in reversed(kind.__mro__) if cls.__module__.startswith(MODULE)]
        parts = [item for cls in ours for item in cls.items()]
        methods = {name: part for name, part in parts if inspect.isfunction(part)}
        methods.pop("try_begin", None)  # the sequence's own is about having nothing to do
        clicked = type("Clicked", (module("waiting").Waiting,), methods)()
        clicked.interactive, clicked.image_name, clicked.reports = True, image_name, []
        clicked.report = lambda _, text: clicked.reports.append(text)
        assert kind.poll.__func__(SimpleNamespace(poll_message_set=print), bpy.context)
        assert clicked.try_begin(bpy.context)
        clicked.watch(bpy.context)
        operators.append(clicked)
        return clicked

    yield click
    for clicked in operators:
        clicked.cancel(bpy.context)
    assert not module("waiting")._timers


def estimate_kind():
    return module("operators").IMAGE_OT_clone_estimate_normals


def sequence_kind():
    return module("sequence_operator").IMAGE_OT_clone_estimate_sequence


def tick(*clicked):
    """Have every operator's timer tick until all have ended; return what they did, in order."""
    answers, deadline = {}, time.monotonic() + 10.0
    while len(answers) < len(clicked):
        assert time.monotonic() < deadline
        for one in clicked:
            if one not in answers:
                answer = one.modal(bpy.context, TIMER)
                answers |= {} if answer == {"PASS_THROUGH"} else {one: answer}
        time.sleep(0.002)
    return [answers[one] for one in clicked]


def test_an_estimate_takes_its_own_answer_alone(fake, make_image, click):
    for name in ("photo", "other"):
        make_image(PHOTO, name)
    with fake(pace=0.02):
        cancelled = click(estimate_kind(), "photo")
        bpy.ops.clone.cancel()
        new = click(estimate_kind(), "other")
        assert cancelled.modal(bpy.context, TIMER) == {"CANCELLED"}
        assert cancelled.reports == ["Cancelled"]
        assert len(module("waiting")._timers) == 1 and module("live_view").current._running
        assert tick(new) == [{"FINISHED"}]
    assert "other_normal" in bpy.data.images and "photo_normal" not in bpy.data.images
    assert not module("live_view").current._running


def test_a_sequence_that_was_cancelled_leaves_an_estimate_alone(
    fake, shot, make_image, click, monkeypatch, tmp_path
):
    make_image(PHOTO, "other")
    keep, writing = module("sequence_operator")._keep, []

    def keep_slowly(*frame):
        writing.append(True)
        time.sleep(0.3)
        keep(*frame)

    monkeypatch.setattr(module("sequence_operator"), "_keep", keep_slowly)
    with fake(pace=0.02) as backend:
        cancelled = click(sequence_kind(), "shot")
        while not (writing and module("session").current.can_cancel):
            cancelled.modal(bpy.context, TIMER)
            time.sleep(0.002)
        bpy.ops.clone.cancel()
        new = click(estimate_kind(), "other")
        assert tick(cancelled, new) == [{"FINISHED"}, {"FINISHED"}]
    assert cancelled.run.done == 1 and len(writing) == 1
    assert [path.name for path in tmp_path.glob("*_normal_*.exr")] == ["shot_normal_0008.exr"]
    assert tuple(bpy.data.images["other_normal"].size) == (32, 24)
    assert len(backend.seen.cancelled) == 1


def test_an_estimate_that_was_cancelled_leaves_a_sequence_alone(fake, shot, make_image, click):
    make_image(PHOTO, "other")
    with fake():
        cancelled = click(estimate_kind(), "other")
        bpy.ops.clone.cancel()
        new = click(sequence_kind(), "shot")
        assert tick(cancelled, new) == [{"CANCELLED"}, {"FINISHED"}]
    assert new.run.done == 4 and "other_normal" not in bpy.data.images


def test_one_that_blender_takes_away_leaves_what_came_after_it_alone(fake, make_image, click):
    make_image(np.ones((24, 32, 3)))
    with fake(pace=0.02):
        cancelled = click(estimate_kind(), "photo")
        bpy.ops.clone.cancel()
        new = click(estimate_kind(), "photo")
        begun = module("session").current.task
        cancelled.cancel(bpy.context)
        assert module("session").current.task is begun
        assert tick(new) == [{"FINISHED"}]


def test_a_start_that_was_cancelled_leaves_an_estimate_its_answer(fake, make_image, click):
    make_image(PHOTO)
    with fake(pace=0.02):
        cancelled = click(module("backend_operators").CLONE_OT_start_backend)
        bpy.ops.clone.cancel()
        new = click(estimate_kind(), "photo")
        assert tick(cancelled, new)[1] == {"FINISHED"}
    assert "photo_normal" in bpy.data.images


def test_maps_that_are_made_again_leave_an_estimate_its_answer(fake, make_image, click):
    make_image(PHOTO)
    with fake(pace=0.02):
        tick(click(estimate_kind(), "photo"))
        made_again = click(module("texture_operators").IMAGE_OT_clone_apply, "photo")
        new = click(estimate_kind(), "photo")  # before the other's first tick
        assert tick(made_again, new) == [{"FINISHED"}, {"FINISHED"}]
    assert "Cancelled" not in new.reports
