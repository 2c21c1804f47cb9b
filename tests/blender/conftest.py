"""Tests inside a real Blender (the ``bpy`` module), of the extension as installed from its zip."""

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["*"]  # an environment without Blender has nothing to do here
else:
    # Before bpy is imported: nothing of the person's own Blender is read or written.
    USER_FOLDER = tempfile.mkdtemp(prefix="clone-blender-")
    os.environ["BLENDER_USER_RESOURCES"] = USER_FOLDER
    atexit.register(shutil.rmtree, USER_FOLDER, ignore_errors=True)

    import bpy
    import numpy as np

    import build_addon
    from tests.blender.shots import frame_of, write_frame
    from tests.blender.tools import PHOTO

ROOT = Path(__file__).resolve().parents[2]
MODULE = "bl_ext.user_default.clone_normals"


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory) -> Path:
    """The extension for this machine."""
    return build_addon.build("linux-x64", tmp_path_factory.mktemp("dist"), ROOT / "wheels")


@pytest.fixture(scope="session")
def _installed(extension_zip):
    bpy.ops.preferences.addon_enable(module="bl_pkg")
    bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True
    )
    assert MODULE in bpy.context.preferences.addons
    yield
    if MODULE in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture
def addon(_installed, tmp_path, monkeypatch):
    """An empty file and the add-on, looking for backend and priors in folders of this test."""
    bpy.ops.wm.read_homefile(use_empty=True)
    if MODULE not in bpy.context.preferences.addons:  # other tests go back to factory settings
        bpy.ops.preferences.addon_enable(module=MODULE)
    priors = sys.modules[f"{MODULE}.shared.installed_priors"]
    monkeypatch.setattr(priors, "default_run_dir", lambda: tmp_path / "cache")
    sys.modules[f"{MODULE}.prior_list"].forget()
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.run_dir = str(tmp_path / "run")
    preferences.python = preferences.folder = ""
    preferences.start_automatically = False
    yield sys.modules[MODULE]
    session = sys.modules[f"{MODULE}.session"].current
    session.forget()
    session.close()


@pytest.fixture
def fake(addon, tmp_path):
    """Make running fake backends: ``with fake() as backend``."""
    from tests.fake_backend import Behaviour, FakeBackend  # noqa: PLC0415  its zmq may be the zip's

    def start(outcome="result", **behaviour):
        return FakeBackend(tmp_path / "run", Behaviour(outcome, **behaviour))

    return start


@pytest.fixture
def make_image(addon):
    """Make an image out of an (H, W, C) array whose rows run top to bottom."""

    def make(values, name="photo", is_float=False, colorspace=None):
        height, width, channels = values.shape
        image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=is_float)
        if colorspace:
            image.colorspace_settings.name = colorspace
        rgba = np.ones((height, width, 4), np.float32)
        rgba[..., :channels] = values
        image.pixels.foreach_set(np.ascontiguousarray(rgba[::-1]).reshape(-1))
        image.update()
        return image

    return make


@pytest.fixture
def studio(addon, tmp_path):
    """A file that links the collection “Props” of another one, and its scene, which is returned."""
    props = bpy.data.collections.new("Props")
    props.objects.link(bpy.data.objects.new("chair", None))
    bpy.context.scene.name = "Set"
    bpy.context.scene.collection.children.link(props)
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(path, link=True) as (there, here):
        here.collections, here.scenes = there.collections, ["Set"]
    return next(scene for scene in bpy.data.scenes if scene.library)


@pytest.fixture
def shot(addon, make_image, tmp_path):
    """Frames 8 to 11 of a sequence as files, and their image."""
    for number in range(8, 12):
        write_frame(make_image, tmp_path, number, frame_of(number))
    image = bpy.data.images.load(str(tmp_path / "shot_0008.png"))
    image.name, image.source = "shot", "SEQUENCE"
    chosen = bpy.context.scene.clone_normals
    chosen.image = image
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    return image


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
