"""The buttons work on the picture while the editor shows anything that was made from it."""

import sys

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.shots import assert_frames, run
from tests.blender.tools import PHOTO, estimate


@pytest.fixture
def editor(addon):
    """An Image Editor."""
    area = bpy.context.window.screen.areas[0]
    area.type = "IMAGE_EDITOR"
    return area


@pytest.fixture
def estimated(fake, make_image, editor):
    """A photo with much that an estimate can make, and a running backend."""
    make_image(PHOTO)
    chosen, textures = bpy.context.scene.clone_normals, bpy.context.scene.clone_textures
    chosen.add_world = chosen.add_compare = True
    textures.height = textures.occlusion = textures.confidence = True
    with fake() as backend:
        estimate()
        yield backend


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def with_shown(editor, name, do):
    editor.spaces.active.image = bpy.data.images[name]
    with bpy.context.temp_override(area=editor):
        return do()


MADE = ("normal", "albedo", "height", "occlusion", "confidence", "compare", "sky")


@pytest.mark.parametrize("made", MADE)
def test_the_picture_is_estimated_whatever_of_it_is_shown(estimated, editor, made):
    before = len(bpy.data.images)
    assert with_shown(editor, f"photo_{made}", lambda: estimate("")) == {"FINISHED"}
    assert len(bpy.data.images) == before


def test_maps_that_are_made_again_are_of_the_picture_too(estimated, editor):
    bpy.context.scene.clone_textures.curvature = True
    apply = bpy.ops.image.clone_apply
    assert with_shown(editor, "photo_albedo", apply) == {"FINISHED"}
    assert with_shown(editor, "photo_curvature", apply) == {"FINISHED"}


def test_the_comparison_of_the_button_is_of_the_picture_too(estimated, editor):
    bpy.data.images.remove(bpy.data.images["photo_compare"])
    assert with_shown(editor, "photo", bpy.ops.image.clone_compare) == {"FINISHED"}
    assert editor.spaces.active.image.name == "photo_compare"
    assert with_shown(editor, "photo_compare", bpy.ops.image.clone_apply) == {"FINISHED"}


@pytest.mark.parametrize("shown", ["photo", "photo_normal", "photo_compare"])
def test_the_panel_shows_the_cloud_of_the_picture(estimated, editor, shown):
    bpy.context.view_layer.objects.active = None
    find = module("showing").cloud_shown
    cloud = bpy.data.objects["photo_gaussians"]
    assert with_shown(editor, shown, lambda: find(bpy.context)) == cloud


def test_the_panel_shows_no_cloud_where_there_is_no_picture(editor):
    with bpy.context.temp_override(area=editor):
        assert module("showing").cloud_shown(bpy.context) is None


def test_the_frame_is_estimated_while_the_normals_of_its_sequence_are_shown(fake, shot, editor):
    with fake() as backend:
        run()
        with_shown(editor, "shot_normal", lambda: estimate(""))
    assert_frames(backend, 8, 9, 10, 11, 8)
    assert "shot_normal_normal" not in bpy.data.images


def test_the_picture_is_estimated_while_its_bake_is_shown(fake, make_image, editor):
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    scene.camera.location.z = 3
    scene.render.resolution_x, scene.render.resolution_y = 32, 24
    scene.clone_textures.bake_size = 128
    make_image(PHOTO)
    with fake() as backend:
        estimate()
        bpy.ops.mesh.primitive_plane_add()
        assert bpy.ops.image.clone_bake_normals(image_name="photo") == {"FINISHED"}
        assert with_shown(editor, "Plane_normal", lambda: estimate("")) == {"FINISHED"}
    first, second = (arrays["picture"] for arrays in backend.seen.arrays)
    np.testing.assert_array_equal(first, second)


def test_an_image_of_ones_own_is_a_picture(estimated, editor, make_image):
    make_image(PHOTO, "photo_depth")
    estimate()
    assert with_shown(editor, "photo_depth", lambda: estimate("")) == {"FINISHED"}
    assert "photo_depth_normal" in bpy.data.images
