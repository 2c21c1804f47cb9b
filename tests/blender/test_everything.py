"""All of our operators, panels, menus and nodes at once: none raises, warns or is half wired."""

import re

import bpy
import pytest

from tests.blender.conftest import MODULE
from tests.blender.everything import bring_everything, check_displays, check_nodes, trees
from tests.blender.layouts import Drawn, StrictLayout, Watched
from tests.blender.own import classes
from tests.blender.tools import PHOTO

ASKS_THE_NETWORK = {"clone.install_backend", "clone.fetch_prior", "image.clone_submit_to_farm"}
"""Operators whose work lies outside Blender; their own tests give them somebody to ask."""
COMPLAINT = re.compile(r"\b(warning|error)\b", re.IGNORECASE)
EXPLAINED = re.compile(r"^(Error|Info|Warning): ")
"""A report of an operator, which an artist reads; it is no complaint of Blender's."""
FOREIGN = "matches no enum in"
"""Of a movie under a color management without its space."""


@pytest.fixture
def full(fake, make_image):
    """A file with everything that an estimate can bring, and that is added later."""
    make_image(PHOTO)
    with fake():
        bring_everything()
        yield


@pytest.fixture
def nothing_said(capfd):
    """Fail where Blender or Python complained on the console."""
    yield
    said = [line for part in capfd.readouterr() for line in part.splitlines()]
    wrong = [line for line in said if COMPLAINT.search(line) and not EXPLAINED.match(line)]
    wrong = [line for line in wrong if FOREIGN not in line]
    assert not wrong and not [line for line in said if "Traceback" in line], said


def test_every_node_is_known_and_wired(nothing_said, full):
    kinds = {tree.bl_idname for tree in trees()}
    assert kinds >= {"GeometryNodeTree", "ShaderNodeTree", "CompositorNodeTree"}
    check_nodes()


def test_no_modifier_warns_of_its_nodes(nothing_said, full):
    check_displays()


def operators():
    """Return our operators by name, each with its call."""
    found = {}
    for cls in classes(bpy.types.Operator):
        category, name = cls.bl_idname.split(".")
        found[cls.bl_idname] = getattr(getattr(bpy.ops, category), name)
    return found


def test_every_operator_runs_or_says_why_not(nothing_said, full, monkeypatch):
    """With nothing chosen, as another program calls them; each answer is one for an artist."""
    called = {name: call for name, call in operators().items() if name not in ASKS_THE_NETWORK}
    assert len(called) > 20
    for name, call in called.items():
        if not call.poll():
            continue
        try:
            answer = call()
        except RuntimeError as error:
            assert "Traceback" not in str(error), (name, error)
            assert str(error).startswith("Error: "), (name, error)
        else:
            assert answer & {"FINISHED", "CANCELLED", "RUNNING_MODAL"}, name


@pytest.mark.parametrize("area_type", ["IMAGE_EDITOR", "VIEW_3D"])
def test_every_panel_draws(nothing_said, full, area_type):
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = area_type
    if area_type == "IMAGE_EDITOR":
        area.spaces.active.image = bpy.data.images["photo"]
    drawn = set()
    with bpy.context.temp_override(window=window, area=area):
        for cls in classes(bpy.types.Panel):
            if cls.bl_space_type == area_type and getattr(cls, "poll", bool)(bpy.context):
                drawn |= draw(cls)
    assert len(drawn) >= 5


def draw(cls):
    """Draw a panel, its header too, strictly; return its name where something is to be seen."""
    panel = Drawn(cls)
    for part in ("draw", "draw_header", "draw_header_preset"):
        getattr(cls, part, lambda *_: None)(panel, Watched())
    return {cls.__name__} if panel.layout.shown else set()


def test_the_preferences_draw(nothing_said, full):
    (cls,) = classes(bpy.types.AddonPreferences)
    preferences = bpy.context.preferences.addons[MODULE].preferences
    layout = StrictLayout()
    cls.draw(Drawn(cls, layout, preferences), Watched())
    assert layout.shown


def test_every_menu_entry_draws(nothing_said, full):
    entries = [
        function
        for name in dir(bpy.types)
        for function in getattr(getattr(getattr(bpy.types, name), "draw", None), "_draw_funcs", ())
        if function.__module__.startswith(MODULE)
    ]
    assert {function.__name__ for function in entries} >= {"_draw_import", "_draw_export"}
    for function in entries:
        layout = StrictLayout()
        function(Drawn(bpy.types.Menu, layout), Watched())
        assert layout.shown, function
