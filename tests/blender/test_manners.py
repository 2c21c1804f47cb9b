"""How an extension behaves in Blender: names, wording, leaving nothing behind, any file."""

import ast
import re
import runpy
import sys
import tomllib
import zipfile
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE, ROOT
from tests.blender.own import classes, properties
from tests.blender.tools import PHOTO, estimate, lasting_threads, names, pixels

SMALL_WORDS = {"a", "and", "as", "from", "in", "into", "of", "on", "the", "to", "with"}
NAMES = {
    bpy.types.Operator: r"[A-Z0-9_]+_OT_[a-z0-9_]+",
    bpy.types.Panel: r"[A-Z0-9]+_PT_[a-z0-9_]+",
    bpy.types.Menu: r"[A-Z0-9]+_MT_[a-z0-9_]+",
    bpy.types.UIList: r"[A-Z0-9]+_UL_[a-z0-9_]+",
    bpy.types.FileHandler: r"[A-Z0-9]+_FH_[a-z0-9_]+",
    bpy.types.PropertyGroup: r"[A-Z0-9]+_PG_[a-z0-9_]+",
}
SPDX = {"SPDX:GPL-3.0-or-later", "SPDX:Apache-2.0"}
PERMISSIONS = {"clipboard", "microphone", "camera", "network", "files"}


def test_class_names_say_what_they_are(addon):
    assert classes(bpy.types.Operator) and classes(bpy.types.Panel)
    for kind, pattern in NAMES.items():
        for cls in classes(kind):
            assert re.fullmatch(pattern, cls.__name__), cls
            identifier = getattr(cls, "bl_idname", cls.__name__)
            if kind is bpy.types.Operator:
                assert re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", identifier), cls
            else:
                assert identifier == cls.__name__, cls


def test_labels_are_titles(addon):
    for cls in classes(*NAMES):
        words = getattr(cls, "bl_label", "").split()
        assert words or issubclass(cls, bpy.types.PropertyGroup), cls
        for word in words:
            assert word in SMALL_WORDS or not word[0].islower(), (cls, word)


def test_descriptions_are_there_and_end_without_a_period(addon):
    for cls in classes(bpy.types.Operator):
        if not hasattr(cls, "description"):  # which words it anew for every button
            assert cls.bl_description and not cls.bl_description.endswith("."), cls
    for cls in classes():
        for prop in properties(cls):
            where = f"{cls.__name__}.{prop.identifier}"
            assert prop.is_hidden or (prop.name and prop.description), where
            assert not prop.description.endswith("."), where
            for item in getattr(prop, "enum_items", ()):
                assert item.description and not item.description.endswith("."), where


def test_a_gray_button_says_why(addon, monkeypatch):
    """In a Blender with nothing in it, and in one that is busy, which grays all that can be."""
    buttons = [cls for cls in classes(bpy.types.Operator) if hasattr(cls, "poll")]
    assert buttons
    refused = {cls: why_gray(cls) for cls in buttons}
    monkeypatch.setattr(sys.modules[f"{MODULE}.session"].current, "phase", "working")
    for cls in buttons:
        reasons = refused[cls] + why_gray(cls)
        assert reasons and all(reasons), cls


def why_gray(cls):
    """Ask an operator whether its button is gray; return what it says, nothing if it is not."""
    said = []
    button = SimpleNamespace(poll_message_set=lambda text, *values: said.append(text))
    return [] if cls.poll.__func__(button, bpy.context) else [said[-1] if said else ""]


def test_long_operators_are_one_undo_step_and_never_run_again_by_themselves(addon):
    waiting = sys.modules[f"{MODULE}.waiting"].Waiting
    found = [cls for cls in classes(bpy.types.Operator) if issubclass(cls, waiting)]
    assert found
    for cls in found:
        assert "REGISTER" not in getattr(cls, "bl_options", ()), cls


def traces() -> dict[str, set]:
    """Return everything of ours that Blender holds."""
    types = [getattr(bpy.types, name) for name in dir(bpy.types)]
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    return {
        "classes": {cls.__name__ for cls in classes()},
        "properties": {
            (cls.__name__, name)
            for cls in types
            if hasattr(cls, "bl_rna")
            for name in cls.bl_rna.properties.keys()
            if "clone_normals" in name and MODULE not in cls.__module__
        },
        "handlers": {
            (name, handler.__name__)
            for name, handlers in lists.items()
            if isinstance(handlers, list)
            for handler in handlers
            if handler.__module__.startswith(MODULE)
        },
        "menu entries": {
            (cls.__name__, function.__name__)
            for cls in types
            for function in getattr(getattr(cls, "draw", None), "_draw_funcs", ())
            if function.__module__.startswith(MODULE)
        },
        "keys": {
            item.idname
            for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps
            for item in keymap.keymap_items
            if "clone" in item.idname
        },
        "threads": lasting_threads(),
        "timers": set(map(repr, sys.modules[f"{MODULE}.waiting"]._timers)),
    }


def test_registering_twice_leaves_nothing_behind(addon, fake, make_image):
    make_image(PHOTO)
    before = traces()
    assert before["classes"] and before["properties"] and before["handlers"]
    with fake():
        estimate()
        for _ in range(2):
            addon.unregister()
            try:
                assert not any(traces().values()), traces()
            finally:
                addon.register()
            assert traces() == before
        assert estimate() == {"FINISHED"}


def test_works_after_another_file_and_after_undo(fake, make_image, tmp_path):
    photo = make_image(PHOTO)
    photo.pack()
    photo.use_fake_user = True
    path = str(tmp_path / "saved.blend")
    with fake():
        estimate()
        bpy.ops.wm.save_as_mainfile(filepath=path)
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.wm.open_mainfile(filepath=path)
        assert estimate() == {"FINISHED"}
        bpy.ops.ed.undo_push(message="Estimated")
        bpy.data.images.remove(bpy.data.images["photo_normal"])
        bpy.ops.ed.undo_push(message="Removed")
        bpy.ops.ed.undo()
        assert estimate() == {"FINISHED"}
    assert np.isfinite(pixels("photo_normal")).all()


@pytest.fixture
def linked(fake, make_image, tmp_path):
    """A file that links a picture, and links everything once estimated from another one."""
    photo = make_image(PHOTO)
    photo.pack()
    photo.use_fake_user = True
    with fake():
        estimate()
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)

    def link(*kinds):
        with bpy.data.libraries.load(path, link=True) as (there, here):
            for kind in kinds:
                setattr(here, kind, getattr(there, kind))

    return link


def test_a_linked_picture_is_estimated_into_this_file(linked, fake):
    linked("images")
    assert bpy.data.images["photo"].library
    with fake():
        assert estimate() == {"FINISHED"}
    assert local("images") >= {"photo_normal", "photo_albedo"}
    assert local("objects") >= {"photo_card", "photo_gaussians"}


def test_linked_results_are_left_alone(linked, fake, make_image):
    """What another file has estimated is that file's; here everything is made anew."""
    linked("images", "materials", "meshes", "objects", "lights", "node_groups")
    before = {kind: local(kind) for kind in names()}
    assert not any(before.values())
    make_image(PHOTO)
    with fake():
        assert estimate() == {"FINISHED"}
    for kind in ("images", "materials", "meshes", "objects", "lights"):
        assert local(kind), kind
    surface = bpy.data.objects["photo_card", None].data.materials[0]
    assert surface.library is None
    shown = [node.image for node in surface.node_tree.nodes if node.type == "TEX_IMAGE"]
    assert shown and all(image.library is None for image in shown)


@pytest.mark.parametrize("overridden", [False, True])
def test_a_collection_of_another_file_is_passed_over(studio, fake, make_image, overridden):
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    props = bpy.data.collections["Props"]
    scene.collection.children.link(props)
    if overridden:
        props = props.override_hierarchy_create(scene, view_layer)
    children = view_layer.layer_collection.children
    view_layer.active_layer_collection = next(c for c in children if c.collection == props)
    make_image(PHOTO)
    with fake():
        assert estimate() == {"FINISHED"}
    assert {"photo_card", "photo_gaussians", "photo_sun"} <= set(scene.collection.objects.keys())


def test_a_scene_of_another_file_takes_nothing_in_and_says_so(studio, fake, make_image):
    make_image(PHOTO)
    before = names()
    with fake() as backend, bpy.context.temp_override(scene=studio):
        with pytest.raises(RuntimeError, match="Switch to a scene of this file"):
            estimate()
        with pytest.raises(RuntimeError, match="Switch to a scene of this file"):
            bpy.ops.import_scene.clone_3dgs_ply(filepath="cloud.ply")
    assert not backend.seen.submits and names() == before


def local(kind):
    return {item.name for item in getattr(bpy.data, kind) if item.library is None}


def test_the_background_example(fake, make_image, tmp_path, monkeypatch):
    source = make_image(PHOTO, "source")
    source.file_format, source.filepath_raw = "PNG", str(tmp_path / "wall.png")
    source.save()
    script, target = str(ROOT / "examples" / "background.py"), tmp_path / "wall_normal.exr"
    arguments = ["blender", "--", str(tmp_path / "wall.png"), str(target)]
    monkeypatch.setattr(sys, "argv", arguments)
    with fake() as backend:
        runpy.run_path(script, run_name="__main__")
    bpy.data.images.load(str(target)).name = "saved"
    saved = pixels("saved")[..., :3] * 2 - 1
    np.testing.assert_allclose(saved, backend.seen.answers[0]["normals"], atol=2e-3)
    with pytest.raises(SystemExit, match="Start it and try again"):
        runpy.run_path(script, run_name="__main__")


def test_the_built_zip_keeps_the_platforms_rules(extension_zip):
    with zipfile.ZipFile(extension_zip) as archive:
        texts = {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".py", ".toml"))
        }
    manifest = tomllib.loads(texts.pop("blender_manifest.toml"))
    assert set(manifest["license"]) <= SPDX
    assert set(manifest["permissions"]) <= PERMISSIONS
    assert len(manifest["tagline"]) <= 64 and manifest["tagline"][-1].isalnum()
    modules = {name.partition("/")[0].removesuffix(".py") for name in texts}
    for name, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            assert not (complaint := breach(node, modules)), f"{name}:{node.lineno} {complaint}"


FORBIDDEN_NAMES = {"__file__", "print", "exec", "eval", "compile", "__import__", "open"}
FORBIDDEN_IMPORTS = {"pip", "ensurepip", "site", "pickle", "marshal"}


def breach(node: ast.AST, modules: set[str]) -> str:
    """Say which rule of the extension platform a piece of code breaks."""
    match node:
        case ast.Name(id=name) if name in FORBIDDEN_NAMES:
            return f"uses {name}"
        case ast.Attribute(value=ast.Name(id="sys"), attr="path" | "modules" as name):
            return f"touches sys.{name}"
        case ast.Import(names=imported):
            tops = {item.name.partition(".")[0] for item in imported}
        case ast.ImportFrom(level=0, module=module):
            tops = {module.partition(".")[0]}
        case _:
            return ""
    if tops & FORBIDDEN_IMPORTS:
        return f"imports {tops}"
    if tops & modules - {"__init__"}:
        return f"imports {tops}, which is ours, by its absolute name"
    return ""
