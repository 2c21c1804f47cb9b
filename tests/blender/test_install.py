"""The zip in Blender's own hands: validated, installed, registered twice, taken out again."""

import atexit
import os
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE, ROOT
from tests.blender.tools import PHOTO, estimate, lasting_threads


def extension_tool() -> Path:
    scripts = Path(bpy.utils.resource_path("LOCAL")) / "scripts"
    return scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"


def test_blenders_own_tool_accepts_the_zip(extension_zip):
    done = subprocess.run(
        [sys.executable, extension_tool(), "validate", extension_zip],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_runs_on_the_bundled_wheels_alone(extension_zip, tmp_path):
    """A Python that has bpy and numpy but neither pyzmq nor msgpack, as Blender's own."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(np.__file__).parents[1].iterdir():
        if not entry.name.startswith(("zmq", "pyzmq", "msgpack")):
            (packages / entry.name).symlink_to(entry)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)]),
        "BLENDER_USER_RESOURCES": str(tmp_path / "user"),
    }
    script = Path(__file__).with_name("installed_from_zip.py")
    done = subprocess.run(
        [sys.executable, "-S", script, extension_zip, tmp_path / "run"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "round trip with bundled wheels" in done.stdout


def panels():
    return [name for name in dir(bpy.types) if "clone_normals" in name or "CLONE_" in name]


def test_unregister_leaves_nothing_and_register_brings_it_back(addon, fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
        addon.unregister()
        try:
            assert not panels()
            assert not hasattr(bpy.types.Scene, "clone_normals")
            assert not [f for f in bpy.app.handlers.load_pre if MODULE in f.__module__]
            assert not lasting_threads()
            assert not hasattr(bpy.types, "IMAGE_OT_clone_estimate_normals")
            with pytest.raises(AttributeError):
                bpy.ops.image.clone_estimate_normals()
        finally:
            addon.register()
        assert len(panels()) >= 5
        assert estimate() == {"FINISHED"}
    assert not bpy.app.timers.is_registered(addon.register)
    assert atexit._ncallbacks() < 100


def test_disable_and_enable_as_the_preferences_do(addon, fake, make_image):
    for _ in range(2):
        bpy.ops.preferences.addon_disable(module=MODULE)
        assert not panels()
        bpy.ops.preferences.addon_enable(module=MODULE)
        assert panels()
    sys.modules[MODULE].unregister()
    sys.modules[MODULE].register()


def test_a_prior_is_sent_by_its_name(addon):
    scene, request = bpy.context.scene, sys.modules[f"{MODULE}.request"]
    assert request.settings_of(scene).prior == ""
    scene.clone_normals.prior = " moge2-s "
    assert request.settings_of(scene).prior == "moge2-s"


def test_the_side_of_the_light_is_sent(addon):
    scene, request = bpy.context.scene, sys.modules[f"{MODULE}.request"]
    assert request.settings_of(scene).light_from == "above"
    scene.clone_normals.light_from = "left"
    assert request.settings_of(scene).light_from == "left"


def test_scene_settings_fit_the_protocol(addon):
    properties = bpy.context.scene.clone_normals.bl_rna.properties
    settings = sys.modules[f"{MODULE}.shared.settings"]
    starts = {item.identifier for item in properties["start"].enum_items}
    assert starts == set(settings.Start.__args__)
    sides = {item.identifier for item in properties["light_from"].enum_items}
    assert sides == set(settings.LightFrom.__args__)
    limits = settings.EstimateSettings
    for name in ("steps", "size"):
        for value in (properties[name].hard_min, properties[name].hard_max):
            assert limits(**{name: value}).problem() is None
            assert value >= 0
