"""The maps as images: which are made, how they are shaped, and made again without estimating."""

import sys

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import HALF, PHOTO, estimate, names, pixels


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def textures():
    return bpy.context.scene.clone_textures


def apply(name="photo"):
    return bpy.ops.image.clone_apply(image_name=name)


def test_defaults_make_normal_and_albedo_and_ask_for_no_height(fake, make_image):
    make_image(PHOTO)
    with fake() as backend:
        estimate()
    assert names()["images"] == ["photo", "photo_albedo", "photo_normal"]
    assert not backend.seen.submits[0].settings.height
    normals = backend.seen.answers[0]["normals"]
    np.testing.assert_allclose(pixels("photo_normal")[..., :3], normals / 2 + 0.5, atol=HALF)


def test_every_map_is_made_when_asked_for(fake, make_image):
    make_image(PHOTO)
    for kind in ("height", "occlusion", "curvature", "depth", "confidence"):
        setattr(textures(), kind, True)
    textures().height_scale, textures().height_middle = 4.0, 0.25
    with fake() as backend:
        estimate()
    answer = backend.seen.answers[0]
    assert backend.seen.submits[0].settings.height
    expected = {
        "occlusion": answer["occlusion"],
        "depth": answer["depth"],
        "confidence": answer["confidence"],
        "curvature": module("curvature").curvature_map(answer["normals"], 1.0, False),
        "height": answer["height"] * 4.0 / 32 + 0.25,
    }
    for kind, values in expected.items():
        image = bpy.data.images[f"photo_{kind}"]
        assert image.is_float and image.colorspace_settings.name == "Non-Color"
        for channel in range(3):
            np.testing.assert_allclose(
                pixels(image.name)[..., channel], values, rtol=1e-6, atol=1e-7
            )


def test_albedo_alone_needs_no_card(fake, make_image):
    make_image(PHOTO)
    settings = bpy.context.scene.clone_normals
    settings.add_card = settings.add_gaussians = settings.add_sun = False
    with fake():
        estimate()
        assert names()["images"] == ["photo", "photo_albedo", "photo_normal"]
        assert not bpy.data.objects
        textures().albedo = False
        make_image(PHOTO, "other")
        estimate("other")
    assert "other_albedo" not in bpy.data.images


def test_apply_shapes_the_last_estimate_again(fake, make_image):
    make_image(PHOTO)
    with fake() as backend:
        estimate()
    before = names()
    textures().strength, textures().convention = 0.5, "DIRECTX"
    assert apply() == {"FINISHED"}  # the backend has gone
    assert names() == before
    normals = backend.seen.answers[0]["normals"] * (0.5, -0.5, 1.0)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    np.testing.assert_allclose(pixels("photo_normal")[..., :3], normals / 2 + 0.5, atol=HALF)
    textures().property_unset("strength")
    textures().property_unset("convention")
    apply()
    normals = backend.seen.answers[0]["normals"]
    np.testing.assert_allclose(pixels("photo_normal")[..., :3], normals / 2 + 0.5, atol=HALF)


def test_apply_is_one_undo_step(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    bpy.ops.ed.undo_push(message="estimate")
    before = pixels("photo_normal").copy()
    textures().strength = 0.2
    bpy.ops.ed.undo_push(message="slider")
    bpy.ops.image.clone_apply("EXEC_DEFAULT", True, image_name="photo")
    assert np.abs(pixels("photo_normal") - before).max() > 0.1
    bpy.ops.ed.undo()
    np.testing.assert_array_equal(pixels("photo_normal"), before)


def test_apply_makes_what_there_is_and_names_what_there_is_not(fake, make_image, capfd):
    make_image(PHOTO)
    with fake():
        estimate()
    textures().depth = textures().height = True
    assert apply() == {"FINISHED"}
    assert "photo_depth" in bpy.data.images and "photo_height" not in bpy.data.images
    assert "without Height. Estimate again" in capfd.readouterr().out


def test_apply_says_when_the_estimate_is_gone(addon, fake, make_image, tmp_path):
    make_image(PHOTO).pack()
    make_image(PHOTO, "other")
    with fake():
        estimate()
    with pytest.raises(RuntimeError, match="“other” is no longer in memory"):
        apply("other")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "file.blend"))
    with pytest.raises(RuntimeError, match="Estimate again"):
        apply()


def test_only_what_maps_are_made_of_is_kept(addon, fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    kept = addon.operators.session.current.kept
    assert set(kept.arrays) == {"normals", "albedo", "depth", "confidence"}


def test_padding_spreads_the_object_over_the_mask_edge(fake, make_image):
    make_image(PHOTO)
    white = np.zeros((24, 32, 3), np.float32)
    white[8:16, 10:20] = 1.0
    bpy.context.scene.clone_normals.mask = make_image(white, "mask")
    textures().padding = 3
    with fake():
        estimate()
    for name in ("photo_normal", "photo_albedo"):
        shown = pixels(name)[..., :3]
        np.testing.assert_array_equal(shown[12, 20:23], np.tile(shown[12, 19], (3, 1)))
        assert (shown[12, 23] != shown[12, 19]).any()


def test_card_turns_the_green_of_a_directx_map_over(fake, make_image):
    make_image(PHOTO)
    textures().convention = "DIRECTX"
    with fake():
        estimate()
        nodes = bpy.data.materials["photo relightable"].node_tree.nodes
        turned = nodes["CLONE Green"]
        assert turned.inputs[0].links[0].from_node == nodes["CLONE Normal"]
        assert turned.outputs[0].links[0].to_node == nodes["CLONE Normal Map"]
        textures().convention = "OPENGL"
        apply()
    assert "CLONE Green" not in nodes
    assert nodes["CLONE Normal Map"].inputs["Color"].links[0].from_node == nodes["CLONE Normal"]


def test_panels_are_in_every_editor_and_closed(addon):
    for editor in ("IMAGE_PT", "VIEW3D_PT", "NODE_PT"):
        for part in ("textures", "results", "object"):
            panel = getattr(bpy.types, f"{editor}_clone_normals_{part}")
            assert "DEFAULT_CLOSED" in panel.bl_options


def test_every_setting_and_verb_is_described(addon):
    described = [
        p for p in textures().bl_rna.properties if p.identifier not in {"rna_type", "name"}
    ]
    verbs = [getattr(bpy.ops.image, f"clone_{verb}").get_rna_type()
             for verb in ("apply", "bake_normals", "wire_material")]  # fmt: skip
    for thing in (*described, *verbs):
        assert thing.description and not thing.description.endswith("."), thing.identifier
