"""Which priors are installed: what the field offers and says, what the preferences list, Remove."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO, Layout, estimate

MOGE = "24eacb5dc7a2c54c7bc98f7de085ffbed79ad006ea5b664c2c2cdc02ff3a52f0"
OWN = "0" * 64


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


@pytest.fixture
def priors(addon, tmp_path) -> Path:
    """A cache with a model of the catalogue and a file of one's own under two names.

    The records are written out here, so that they are what any backend of this version writes.
    """
    cache = tmp_path / "cache" / "priors"
    cache.mkdir(parents=True)
    source = "Ruicheng/moge-2-vits-normal-onnx @ e50ffda41565591092adea54c6ac83d6212e1e23"
    record(cache, "moge2-s", MOGE, 140_852_051, source)
    record(cache, "ball", OWN, 3520, "own file ball.onnx")
    record(cache, "again", OWN, 3520, "own file ball.onnx")
    module("prior_list").forget()
    yield cache
    module("session").current.trouble = None


def record(cache, name, sha256, size, source):
    values = {"name": name, "sha256": sha256, "bytes": size, "signs": [1, 1, 1],
              "multiple_of": 14, "source": source}  # fmt: skip
    (cache / f"prior-{name}.json").write_text(json.dumps(values))
    (cache / f"{sha256}.onnx").touch()


@pytest.fixture
def chosen(addon):
    preferences = bpy.context.preferences.addons[MODULE].preferences
    yield preferences
    preferences.key = preferences.python = ""


def offered() -> list[str]:
    """Ask the field as Blender does when it is opened."""
    settings = module("properties").CLONE_PG_settings
    search = settings.__annotations__["prior"].keywords["search"]
    return list(search(bpy.context.scene.clone_normals, bpy.context, ""))


def field(name: str) -> Layout:
    """Draw the part of the settings that has the field."""
    bpy.context.scene.clone_normals.prior = name
    layout = Layout()
    panel = module("setting_panels").AdvancedPanel
    panel.draw(SimpleNamespace(rows=lambda: layout), bpy.context)
    assert "prior" in layout.fields
    return layout


def listed(chosen) -> Layout:
    """Draw the preferences."""
    layout = Layout()
    preferences = module("preferences")
    python, root = preferences.python_of(chosen), preferences.backend_root()
    module("setup_view").draw(layout, bpy.context, chosen, python, root)
    return layout


def test_the_field_offers_what_is_installed_and_takes_any_name(priors):
    assert offered() == ["again", "ball", "moge2-s"]
    bpy.context.scene.clone_normals.prior = "on-another-machine"
    assert bpy.context.scene.clone_normals.prior == "on-another-machine"


def test_only_sound_records_with_a_file_are_offered(priors):
    (priors / f"{MOGE}.onnx").unlink()
    whole = json.loads((priors / "prior-ball.json").read_text())
    outside = priors.parent / "secret.onnx"
    outside.touch()
    bad = whole | {"name": "path", "sha256": "../secret"}
    (priors / "prior-path.json").write_text(json.dumps(bad))
    (priors / "prior-Loud.json").write_text(json.dumps(whole | {"name": "Loud"}))
    (priors / "prior-ball.json").write_text("{")
    module("prior_list").forget()
    assert offered() == ["again"]


def test_below_the_field_stands_which_model_it_is(priors):
    assert field("moge2-s").labels == ["141 MB, Ruicheng/moge-2-vits-normal-onnx"]
    assert field(" ball ").labels == ["1 MB, own file ball.onnx"]
    empty = field("")
    assert empty.labels == empty.buttons == []


def test_what_is_not_here_is_said_with_the_button_that_fetches_it(priors):
    layout = field("moge2-b")
    assert layout.labels == ["Not installed on this machine"]
    assert layout.buttons == ["Fetch a Prior…"] and layout.given[0].name == "moge2-b"
    assert not vars(field("nobody-knows").given[0])  # the catalogue has none of that name


def test_what_a_server_has_only_the_server_knows(priors, chosen):
    chosen.key = "/keys/artist.json"
    assert offered() == [] and field("moge2-b").labels == ["The server looks it up"]
    assert "Priors" not in listed(chosen).labels


def test_panels_read_the_disk_once_a_second(priors, monkeypatch):
    shared, prior_list = module("shared.installed_priors"), module("prior_list")
    clock, looks, really = SimpleNamespace(now=100.0), [], shared.everything
    monkeypatch.setattr(prior_list, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(shared, "everything", lambda: looks.append(clock.now) or really())
    for clock.now in (100.0, 100.3, 100.6, 100.9):
        field("moge2-s"), field("nothing"), offered()
    assert looks == [100.0]
    (priors / "prior-moge2-s.json").unlink()  # as the command line does it
    clock.now = 101.1
    assert "moge2-s" not in offered() and looks == [100.0, 101.1]


def test_the_preferences_list_what_is_installed(priors, chosen):
    chosen.python = sys.executable
    layout = listed(chosen)
    shown = layout.labels[layout.labels.index("Priors") :][1:7]
    assert shown == [
        "again", "1 MB, own file ball.onnx", "ball", "1 MB, own file ball.onnx",
        "moge2-s", "141 MB, Ruicheng/moge-2-vits-normal-onnx",
    ]  # fmt: skip
    assert layout.labels[-1] == "To use one, choose it in the panel under Advanced → Prior"
    assert layout.buttons.count("Fetch a Prior…") == 1
    removing = [given.name for given in layout.given if vars(given).keys() == {"name"}]
    assert removing == ["again", "ball", "moge2-s"]


def test_without_a_backend_they_can_still_be_removed(priors, chosen):
    layout = listed(chosen)
    assert layout.buttons.count("clone.remove_prior") == 3
    assert "Fetch a Prior…" not in layout.buttons


def test_with_nothing_installed_the_preferences_offer_to_fetch(addon, chosen):
    assert "Priors" not in listed(chosen).labels
    chosen.python = sys.executable
    layout = listed(chosen)
    assert "Priors" in layout.labels and "Fetch a Prior…" in layout.buttons
    assert "clone.remove_prior" not in layout.buttons


def test_remove_takes_the_file_with_its_last_name(priors):
    assert offered() == ["again", "ball", "moge2-s"]
    assert bpy.ops.clone.remove_prior(name="ball") == {"FINISHED"}
    assert offered() == ["again", "moge2-s"] and (priors / f"{OWN}.onnx").exists()
    assert bpy.ops.clone.remove_prior(name="again") == {"FINISHED"}
    assert offered() == ["moge2-s"] and not (priors / f"{OWN}.onnx").exists()
    assert bpy.ops.clone.remove_prior(name="moge2-s") == {"FINISHED"}
    assert list(priors.iterdir()) == []


def test_remove_asks_first(priors, monkeypatch):
    asked = []

    def confirm(operator, event, **words):
        asked.append(words["title"])
        return {"RUNNING_MODAL"}

    operator = SimpleNamespace(name="ball")
    context = SimpleNamespace(window_manager=SimpleNamespace(invoke_confirm=confirm))
    invoke = module("prior_operator").CLONE_OT_remove_prior.invoke
    assert invoke(operator, context, None) == {"RUNNING_MODAL"}
    assert asked == ["Remove the prior ball?"] and offered() == ["again", "ball", "moge2-s"]
    known = bpy.types.WindowManager.bl_rna.functions["invoke_confirm"].parameters.keys()
    assert {"title", "message", "confirm_text"} <= set(known)


@pytest.mark.parametrize("name", ["nothing", "", "../secret"])
def test_only_what_is_installed_can_be_removed(priors, name):
    (priors.parent / "secret.json").touch()
    with pytest.raises(RuntimeError, match="There is no prior"):
        bpy.ops.clone.remove_prior(name=name)
    assert (priors.parent / "secret.json").exists() and len(offered()) == 3


def test_a_file_in_use_stays_with_its_name(priors, monkeypatch):
    def busy(self, missing_ok=False):
        raise PermissionError(13, "The file is in use", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", busy)
        with pytest.raises(RuntimeError, match=r"The file is in use\.(.|\n)*Stop the backend"):
            bpy.ops.clone.remove_prior(name="moge2-s")
    assert "moge2-s" in offered()


def test_what_was_fetched_is_offered_at_once(priors, chosen, tmp_path):
    assert "moge2-b" not in offered()
    values = json.loads((priors / "prior-moge2-s.json").read_text()) | {"name": "moge2-b"}
    (tmp_path / "values").write_text(json.dumps(values))
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\ncp "{tmp_path}/values" "{priors}/prior-moge2-b.json"\n')
    program.chmod(0o755)
    chosen.python = str(program)
    bpy.context.preferences.system.use_online_access = True
    try:
        assert bpy.ops.clone.fetch_prior(name="moge2-b") == {"FINISHED"}
    finally:
        bpy.context.preferences.system.use_online_access = False
    assert "moge2-b" in offered()


def test_what_the_report_notes_stands_below_the_result_in_lines_that_fit(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    session = module("session").current
    name, report = session.summary
    note = "The confidence is our own model's, not the prior's"
    session.summary = name, replace(report, notes=(note,))
    layout = Layout()
    system = SimpleNamespace(ui_scale=1.0)  # a Blender without windows has none
    narrow, scaled = SimpleNamespace(width=240), SimpleNamespace(system=system)
    context = SimpleNamespace(region=narrow, preferences=scaled)
    module("estimate_panel").draw_result(layout, context, name)
    assert note in " ".join(layout.labels) and note not in layout.labels
    assert max(map(len, layout.labels)) < len(note)
