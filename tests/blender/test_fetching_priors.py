"""The button that fetches a prior: the command it runs, what it says then, what it refuses."""

import sys
from pathlib import Path

import bpy
import pytest

from tests.blender.conftest import MODULE

FETCHES = "moge2-s is installed; size and SHA-256 are right."


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


@pytest.fixture
def chosen(addon):
    """The add-on's preferences, in a Blender that may go online."""
    preferences = bpy.context.preferences.addons[MODULE].preferences
    system = bpy.context.preferences.system
    system.use_online_access = True
    yield preferences
    system.use_online_access = False
    preferences.key = preferences.python = ""
    preferences.property_unset("build")
    preferences.property_unset("index")
    module("session").current.trouble = None


@pytest.fixture
def python(chosen, tmp_path):
    """A stand-in for the backend's Python that notes what it is asked, and how it shall end."""

    def make(root: Path = tmp_path, code: int = 0) -> Path:
        program = root / "env-200101-000000" / "bin" / "python"
        program.parent.mkdir(parents=True)
        said = f'echo "$@" >> "{tmp_path}/asked"; echo "{FETCHES}"; exit {code}'
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)
        chosen.python = str(program)
        return program

    return make


def asked(tmp_path) -> list[str]:
    return (tmp_path / "asked").read_text().splitlines()


def test_a_python_of_ones_own_is_asked_to_fetch_and_nothing_is_installed_into_it(
    python, tmp_path, capfd
):
    program = python()
    assert bpy.ops.clone.fetch_prior(name="moge2-b") == {"FINISHED"}
    assert asked(tmp_path) == ["-m backend.priors fetch moge2-b --accept-licence"]
    assert bpy.context.scene.clone_normals.prior == ""  # the artist chooses
    assert "To use one, choose it in the panel under Advanced → Prior" in capfd.readouterr().out
    assert module("preferences").own(bpy.context).python == str(program)


def test_the_add_ons_own_environment_gets_what_runs_it(python, chosen, tmp_path, monkeypatch):
    monkeypatch.setattr(module("prior_operator").shutil, "which", no)
    chosen.build, chosen.index = "CUSTOM", "https://packages.studio/simple"
    python(module("preferences").backend_root())
    try:
        assert bpy.ops.clone.fetch_prior() == {"FINISHED"}
    finally:
        bpy.ops.clone.remove_backend()
    first, second, third = asked(tmp_path)
    assert first == "-m ensurepip"  # the stand-in is as empty as an environment of uv's
    assert second.startswith("-m pip install")
    assert second.endswith("--index-url https://packages.studio/simple onnxruntime>=1.20")
    assert third == "-m backend.priors fetch moge2-s --accept-licence"


def test_without_the_address_of_an_index_nothing_is_installed(python, chosen, tmp_path):
    chosen.build, chosen.index = "CUSTOM", " "
    python(module("preferences").backend_root())
    try:
        with pytest.raises(RuntimeError, match="No package index is chosen"):
            bpy.ops.clone.fetch_prior()
    finally:
        bpy.ops.clone.remove_backend()
    assert not (tmp_path / "asked").exists()


def no(_program):
    """Find no program on the path: uv may or may not be there."""
    return None


def test_what_went_wrong_is_said(python):
    python(code=1)
    with pytest.raises(RuntimeError, match=r"could not be fetched(.|\n)*goes on from there"):
        bpy.ops.clone.fetch_prior()
    assert module("session").current.trouble.repair == "preferences"


def test_offline_nothing_is_fetched(python, tmp_path):
    python()
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="not allowed to go online"):
        bpy.ops.clone.fetch_prior()
    assert not (tmp_path / "asked").exists()


def test_a_server_keeps_its_own_priors(chosen, tmp_path):
    chosen.key = str(tmp_path / "artist.json")
    with pytest.raises(RuntimeError, match=r"backend\.priors fetch moge2-s"):
        bpy.ops.clone.fetch_prior()


def test_without_a_backend_there_is_nothing_to_fetch_for(chosen):
    with pytest.raises(RuntimeError, match="no backend to fetch a prior for"):
        bpy.ops.clone.fetch_prior()


def test_every_model_of_the_catalogue_is_offered(addon):
    offered = module("prior_operator").ITEMS
    assert [item[0] for item in offered] == list(module("shared.prior_catalogue").CATALOGUE)
