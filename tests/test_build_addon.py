"""The extension zips: contents, manifest, reproducible bytes, an untouched source tree."""

import hashlib
import json
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import build_addon

VALID_TAGS = {
    "3D View", "Add Curve", "Add Mesh", "Animation", "Bake", "Camera", "Compositing", "Development",
    "Game Engine", "Geometry Nodes", "Grease Pencil", "Import-Export", "Lighting", "Material",
    "Mesh", "Modeling", "Node", "Object", "Paint", "Physics", "Pipeline", "Render", "Rigging",
    "Scene", "Sculpt", "Sequencer", "System", "Text Editor", "Tracking", "User Interface", "UV",
}  # fmt: skip


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Make pip's part of the build give small stand-ins."""

    def fake_download(python, tags, folder):
        folder.mkdir(parents=True, exist_ok=True)
        digits = python.replace(".", "")
        for requirement in build_addon.REQUIREMENTS:
            name = requirement.replace("==", "-")
            (folder / f"{name}-cp{digits}-cp{digits}-{tags[0]}.whl").write_bytes(b"wheel")

    def fake_wheel(sources, target):
        target.mkdir(parents=True)
        (target / "clone_normals-0.1.0-py3-none-any.whl").write_bytes(b"backend")

    monkeypatch.setattr(build_addon, "_pip_download", fake_download)
    monkeypatch.setattr(build_addon, "_pip_wheel", fake_wheel)
    return tmp_path / "wheels"


@pytest.mark.parametrize("platform", build_addon.PLATFORMS)
def test_zip_holds_everything_for_one_platform(platform, wheels, tmp_path):
    path = build_addon.build(platform, tmp_path / "dist", wheels)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    assert {"__init__.py", "LICENSE", "client.py", "shared/wire.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("/")]
    assert manifest["platforms"] == [platform]
    bundled = {name for name in names if name.startswith("wheels/")}
    assert {f"./{name}" for name in bundled} == set(manifest["wheels"])
    assert {name for name in names if name.endswith(".whl")} - bundled == {
        "backend_wheel/clone_normals-0.1.0-py3-none-any.whl"  # data: never in Blender's Python
    }
    for package in ("pyzmq", "msgpack"):
        for python in ("cp311", "cp313"):
            assert any(package in wheel and python in wheel for wheel in manifest["wheels"])


def test_manifest_keeps_rules_that_blenders_validator_does_not_check():
    manifest = tomllib.loads(build_addon.manifest(["a.whl"], "linux-x64"))
    assert set(manifest["tags"]) <= VALID_TAGS
    assert set(build_addon.PLATFORMS) == {
        "linux-x64", "windows-x64", "windows-arm64", "macos-arm64", "macos-x64",
    }  # fmt: skip
    assert manifest["blender_version_min"] == "4.5.0"
    assert "@" in manifest["maintainer"] and manifest["maintainer"].endswith(">")
    assert "SPDX:GPL-3.0-or-later" in manifest["license"]
    assert len(manifest["tagline"]) <= 64 and manifest["tagline"][-1].isalnum()
    for reason in manifest["permissions"].values():
        assert len(reason) <= 64 and reason[-1].isalnum()
    project = tomllib.loads((build_addon.ROOT / "pyproject.toml").read_text())["project"]
    assert manifest["version"] == project["version"]


def test_same_sources_same_bytes_and_source_tree_untouched(wheels, tmp_path):
    before = tree_state()
    first = build_addon.build("linux-x64", tmp_path / "one", wheels)
    second = build_addon.build("linux-x64", tmp_path / "two", wheels)
    assert first.read_bytes() == second.read_bytes()
    assert tree_state() == before


def test_wheels_are_downloaded_once(wheels, tmp_path, monkeypatch):
    build_addon.build("linux-x64", tmp_path, wheels)
    monkeypatch.setattr(build_addon, "_pip_download", None)
    build_addon.build("linux-x64", tmp_path, wheels)
    (wheels / "linux-x64" / "complete.json").write_text(json.dumps("another version"))
    with pytest.raises(TypeError):
        build_addon.build("linux-x64", tmp_path, wheels)


def test_the_backends_package_is_built_again_when_its_sources_change(wheels, monkeypatch):
    first = build_addon.backend_wheel(wheels)
    changed = build_addon.backend_files() | {"backend/loop.py": b"# changed"}
    monkeypatch.setattr(build_addon, "backend_files", lambda: changed)
    second = build_addon.backend_wheel(wheels)
    assert first != second
    monkeypatch.setattr(build_addon, "_pip_wheel", None)
    assert build_addon.backend_wheel(wheels) == second


def test_the_backends_package_is_built_of_the_backend_alone():
    files = build_addon.backend_files()
    assert {"backend/weights/clone.safetensors", "shared/wire.py", "pyproject.toml"} <= set(files)
    assert {Path(name).parts[0] for name in files} == set(build_addon.BACKEND_PARTS)


def test_a_failing_download_is_explained(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(build_addon, "REQUIREMENTS", ("./no-such-folder",))
    arguments = ["--out", str(tmp_path), "--wheels", str(tmp_path / "w"), "--platform", "linux-x64"]
    assert build_addon.main(arguments) == 1
    assert "pip could not download" in caplog.text and "Check the network" in caplog.text
    assert not list(tmp_path.glob("*.zip"))


def test_stage_writes_the_tree_without_wheels(tmp_path):
    assert build_addon.main(["--stage", str(tmp_path)]) == 0
    tree = tmp_path / "clone_normals"
    assert (tree / "shared" / "messages.py").is_file()
    assert "wheels" not in tomllib.loads((tree / "blender_manifest.toml").read_text())


def test_addon_sources_keep_the_extension_rules():
    """No absolute import of our own packages, no sys.path, no pip: what reviewers look for."""
    for name, data in build_addon.source_files().items():
        if not name.endswith(".py"):
            continue
        text = data.decode()
        for forbidden in ("sys.path", "sys.modules", "from shared", "import shared", "__file__"):
            assert forbidden not in text, (name, forbidden)
        if not name.startswith("shared/"):
            assert text.startswith("# SPDX-License-Identifier: GPL-3.0-or-later"), name
            assert "backend import" not in text and "import torch" not in text, name


def test_bundled_pythons_include_this_one():
    """The tests run what users run."""
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in build_addon.PYTHONS


def tree_state() -> dict[Path, str]:
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("blender_addon", "shared")
        for path in (build_addon.ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
