"""From an installed add-on to a backend that works, by the buttons of the preferences."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import bpy
import pytest

from shared.connection import Connection, write
from tests import small_wheels
from tests.blender.conftest import MODULE
from tests.blender.tools import Layout

PASSES = "print('The backend works: small wheels.')\nraise SystemExit(0)"
FAILS = "raise SystemExit('A ball came back 90° wrong.')"


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


@pytest.fixture
def chosen(addon):
    """The add-on's preferences, as they are before anything is set up."""
    preferences = bpy.context.preferences.addons[MODULE].preferences
    yield preferences
    preferences.property_unset("build")
    preferences.property_unset("index")
    preferences.key = preferences.python = ""
    bpy.ops.clone.remove_backend()
    module("session").current.trouble = None


@pytest.fixture
def index(chosen, tmp_path, monkeypatch):
    """Point the add-on to small wheels of all that the bundled backend needs.

    What stands in for tyro ends the self-test when it is imported, as it is told.
    """
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    folder = tmp_path / "Mára's wheels ☂"
    chosen.build, chosen.index = "CUSTOM", str(folder)

    def fill(selftest=PASSES):
        for need in needs(module("installing").bundled_wheel()):
            body = selftest if need == "tyro" else ""
            small_wheels.write(folder, need, {f"{need}/__init__.py": body})

    fill()
    return fill


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A Python whose ``-m venv`` copies a finished environment."""
    folder = tmp_path_factory.mktemp("quick")
    subprocess.run([sys.executable, "-m", "venv", folder / "made"], check=True)
    (folder / "python").write_text(f'#!/bin/sh\ncp -a "{folder}/made" "$3"\n')
    (folder / "python").chmod(0o755)
    return folder / "python"


def needs(wheel: Path) -> list[str]:
    distribution = next(iter(importlib.metadata.distributions(path=[str(wheel)])))
    wanted = [need for need in distribution.requires or () if "extra ==" not in need]
    return [re.match(r"[\w-]+", need)[0] for need in wanted]


def packages() -> set[str]:
    """Everything that Blender's own Python can import from its environment."""
    folders = [Path(entry) for entry in sys.path if Path(entry).name == "site-packages"]
    return {str(path) for folder in folders for path in folder.iterdir()}


def test_the_bundled_backend_fits_the_add_on_and_stays_out_of_blenders_python(addon):
    wheel = module("installing").bundled_wheel()
    manifest = tomllib.loads((wheel.parents[1] / "blender_manifest.toml").read_text())
    assert wheel.name.split("-")[:2] == ["clone_normals", manifest["version"]]
    assert wheel.parent.name == "backend_wheel" and wheel.stat().st_size > 5e6
    assert "backend_wheel" not in str(manifest["wheels"])
    assert not [path for path in packages() if Path(path).name.startswith("clone_normals-")]


def test_the_button_installs_and_again_replaces_and_remove_removes(
    chosen, index, quick, monkeypatch
):
    before, root = packages(), module("preferences").backend_root()
    assert bpy.ops.clone.install_backend() == {"FINISHED"}
    first = Path(chosen.python)
    assert first.is_file() and first.is_relative_to(root) and packages() == before
    assert module("environments").backend_version(first) == "0.1.0"
    assert module("environments").note_of(first) == "The backend works: small wheels."
    assert module("preferences").place(bpy.context).launch.python == first
    assert bpy.context.preferences.is_dirty  # so that Blender saves the choice
    monkeypatch.setattr(module("environments"), "base_python", lambda: quick)
    assert bpy.ops.clone.install_backend() == {"FINISHED"}
    assert Path(chosen.python).is_file() and not first.exists()
    assert bpy.ops.clone.remove_backend() == {"FINISHED"}
    assert chosen.python == "" and not list(root.glob("env-*"))


def test_a_backend_that_does_not_work_is_never_used(chosen, index, quick, monkeypatch):
    monkeypatch.setattr(module("environments"), "base_python", lambda: quick)
    chosen.python = sys.executable
    index(FAILS)
    with pytest.raises(RuntimeError, match="A ball came back 90° wrong"):
        bpy.ops.clone.install_backend()
    assert chosen.python == sys.executable
    assert not list(module("preferences").backend_root().glob("env-*"))
    assert module("session").current.trouble.repair == "install"


def test_the_choice_survives_a_blender_that_did_not_save_it(chosen):
    root = module("preferences").backend_root()
    python = root / "env-200101-000000" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (root / "env-200101-000000" / "works.txt").write_text("The backend works.")
    assert module("preferences").place(bpy.context).launch.python == python


def test_nothing_is_fetched_when_blender_may_not_go_online(chosen):
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="not allowed to go online"):
        bpy.ops.clone.install_backend()
    assert module("session").current.trouble.repair == "online"
    assert module("install").current.state is None


@pytest.mark.parametrize("address", ["", "  "])
def test_a_custom_index_must_be_given(chosen, address):
    chosen.build, chosen.index = "CUSTOM", address
    assert "Source: Not chosen" in drawn(chosen).labels
    with pytest.raises(RuntimeError, match="No package index is chosen"):
        bpy.ops.clone.install_backend()


def test_nvidia_is_not_offered_on_apple_machines_and_saved_choices_keep_their_numbers(addon):
    builds = module("preferences").builds
    assert [(name, number) for name, *_, number in builds("darwin")] == [("CPU", 0), ("CUSTOM", 2)]
    assert [name for name, *_ in builds("win32")] == ["CPU", "NVIDIA", "CUSTOM"]


def test_an_existing_python_is_used_once_it_has_passed(chosen, tmp_path):
    package = tmp_path / "checkout" / "backend" / "server"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(FAILS)
    chosen.folder = str(tmp_path / "checkout")
    with pytest.raises(RuntimeError, match="A ball came back 90° wrong"):
        bpy.ops.clone.use_python(filepath=sys.executable)
    assert chosen.python == "" and module("session").current.trouble.repair == "python"
    with pytest.raises(RuntimeError, match="There is no Python at"):
        bpy.ops.clone.use_python(filepath="/no/such/python")
    (package / "__main__.py").write_text(PASSES)
    assert bpy.ops.clone.use_python(filepath=sys.executable) == {"FINISHED"}
    assert chosen.python == sys.executable
    bpy.ops.clone.remove_backend()
    assert chosen.python == sys.executable and Path(sys.executable).exists()  # not ours


def test_a_server_is_chosen_by_its_key_and_left_again(chosen, tmp_path):
    with pytest.raises(RuntimeError, match="is not a key"):
        bpy.ops.clone.connect_server(filepath=str(tmp_path / "holiday.json"))
    key = write(Connection("tcp://studio:47800", "a", "b", "c", 0, "", 1), tmp_path / "mara.json")
    assert bpy.ops.clone.connect_server(filepath=str(key)) == {"FINISHED"}
    assert module("preferences").place(bpy.context).key == key
    assert bpy.ops.clone.leave_server() == {"FINISHED"}
    assert module("preferences").place(bpy.context).key is None and key.exists()


def drawn(chosen):
    layout = Layout()
    module("setup_view").draw(
        layout,
        bpy.context,
        chosen,
        module("preferences").python_of(chosen),
        module("preferences").backend_root(),
    )
    return layout


def test_the_first_minute_shows_one_button_with_size_place_and_source(chosen):
    layout = drawn(chosen)
    assert layout.buttons[0] == "clone.install_backend"
    assert layout.buttons[1:] == [
        "Allow Online Access…",
        "Use Existing Python…",
        "Connect to Server…",
    ]
    facts = " ".join(layout.labels)
    assert "Size: 1.3 GB" in facts and str(module("preferences").backend_root()) in facts
    assert "pytorch.org" in facts and "python" not in layout.fields
    chosen.show_advanced = True
    assert {"python", "folder", "run_dir", "key"} <= set(drawn(chosen).fields)
    chosen.show_advanced = False


def test_what_is_used_is_shown(chosen, tmp_path):
    chosen.python = sys.executable
    layout = drawn(chosen)
    assert f"Python: {sys.executable}" in layout.labels and "Remove" not in layout.buttons
    chosen.python = "/no/such/python"
    layout = drawn(chosen)
    assert layout.buttons[0] == "clone.install_backend"
    assert "There is no Python at /no/such/python any more" in layout.labels
    chosen.key = str(write(Connection("tcp://a:1", "", "", "", 0, "", 1), tmp_path / "key.json"))
    layout = drawn(chosen)
    assert "Server: a:1" in layout.labels and "clone.leave_server" in layout.buttons


@pytest.mark.parametrize(
    ("repair", "buttons"),
    [
        ("start", ["clone.start_backend", "Show Log"]),
        ("install", ["Try Again", "Open Preferences", "Show Log"]),
        ("python", ["Use Existing Python…", "clone.install_backend", "Show Log"]),
        ("online", ["Allow Online Access…", "Open Preferences", "Show Log"]),
        ("preferences", ["Open Preferences", "Show Log"]),
        ("", ["Show Log"]),
    ],
)
def test_every_trouble_carries_the_button_that_repairs_it(addon, tmp_path, repair, buttons):
    (tmp_path / "install.log").touch()
    layout = Layout()
    trouble = module("trouble").Trouble("Something.", "Do this.", repair, tmp_path / "install.log")
    module("trouble_view").draw_repair(layout, trouble)
    assert layout.buttons == buttons
