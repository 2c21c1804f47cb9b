"""A result comes in while the artist goes on working, or cannot come in."""

import sys
import time
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import attribute, estimate, names, pixels

TIMER = SimpleNamespace(type="TIMER", value="NOTHING")


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def session():
    return module("session").current


@pytest.fixture
def answered(fake, editor, said):
    """An operator as it is when it was clicked and the backend has answered."""

    class Clicked(module("waiting").Waiting):
        interactive = True
        end = module("operators").IMAGE_OT_clone_estimate_normals.end

        def __init__(self, task):
            self.task, self.reports = task, []

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
        yield Clicked(task)
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


@pytest.fixture
def everything(editor):
    """All that can be wanted, and a step of the artist's own that can be undone."""
    chosen = bpy.context.scene.clone_normals
    chosen.add_mesh = chosen.add_world = chosen.add_compare = True
    take_a_step()


def take_a_step():
    bpy.ops.ed.undo_push(message="Before")
    bpy.context.scene.frame_current += 1
    bpy.ops.ed.undo_push(message="The artist's own step")


def undo_once(slices, condition):
    """Do work a slice at a time, with an undo at the first moment that a condition holds."""
    undone = False
    for _ in slices:
        if not undone and condition():
            undone = bpy.ops.ed.undo() == {"FINISHED"}
            assert not condition()
    assert undone


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("images", "photo_normal"),
        ("images", "photo_albedo"),
        ("objects", "photo_card"),
        ("meshes", "photo_gaussians"),
        ("meshes", "photo_surface"),
        ("lights", "photo_sun"),
    ],
)
def test_a_result_comes_in_whole_although_undo_comes_between(everything, answered, kind, name):
    frame = bpy.context.scene.frame_current
    undo_once(ticks(answered), lambda: name in getattr(bpy.data, kind))
    assert bpy.context.scene.frame_current == frame - 1 and session().trouble is None
    whole, shown = names(), pixels("photo_normal").copy()
    splats = attribute(bpy.data.meshes["photo_gaussians"], "position", "FLOAT_VECTOR")
    assert bpy.context.scene.world.name == "photo_light"
    estimate()
    assert names() == whole
    np.testing.assert_array_equal(pixels("photo_normal"), shown)
    np.testing.assert_array_equal(
        attribute(bpy.data.meshes["photo_gaussians"], "position", "FLOAT_VECTOR"), splats
    )


def test_an_applied_map_is_there_although_undo_comes_between(editor, fake):
    with fake():
        estimate()
    bpy.context.scene.clone_textures.curvature = True
    take_a_step()
    wanted = module("texture_settings").choice(bpy.context.scene.clone_textures)
    asked = SimpleNamespace(choice=wanted, kept=session().kept, report=lambda *_: None)
    slices = module("texture_operators").IMAGE_OT_clone_apply.end(asked, bpy.context)
    undo_once(slices, lambda: "photo_curvature" in bpy.data.images)
    assert "photo_curvature" in bpy.data.images


def test_a_ply_file_comes_in_whole_although_undo_comes_between(editor, fake, tmp_path):
    with fake():
        estimate()
    bpy.context.view_layer.objects.active = bpy.data.objects["photo_gaussians"]
    path = tmp_path / "splats.ply"
    bpy.ops.object.clone_export_ply(filepath=str(path))
    take_a_step()
    asked = SimpleNamespace(filepath=path, display_colors=False, report=lambda *_: None)
    operator = module("gaussian_operators").IMPORT_SCENE_OT_clone_3dgs_ply
    undo_once(operator.slices(asked, bpy.context), lambda: "splats" in bpy.data.meshes)
    count = len(bpy.data.objects["photo_gaussians"].data.vertices)
    assert len(bpy.data.objects["splats"].data.vertices) == count
    assert "splats.001" not in bpy.data.meshes
