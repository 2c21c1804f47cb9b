"""One click, from picture to scene: what goes out and what comes in."""

import math

import bpy
import numpy as np
import pytest

from tests.blender.tools import HALF, NOISE, PHOTO, estimate, names, pixels, points_shown


def opaque(backend, white):
    """Return the colors of the picture that was sent, which is opaque all over."""
    sent = backend.seen.arrays[0]["picture"]
    assert sent.shape[2] == 3 or (sent[..., 3] == white).all()
    return sent[..., :3]


def test_eight_bit_picture_goes_out_as_in_the_file(fake, make_image):
    make_image(PHOTO)
    with fake() as backend:
        assert estimate() == {"FINISHED"}
    assert backend.seen.submits[0].transfer == "srgb"
    assert backend.seen.arrays[0]["picture"].dtype == np.uint8
    np.testing.assert_array_equal(opaque(backend, 255), np.rint(PHOTO * 255))


def test_picture_file_gray_goes_out_unchanged(fake, make_image, tmp_path):
    gray = np.repeat(PHOTO[..., :1], 3, axis=-1)
    source = make_image(gray, "source")
    source.file_format, source.filepath_raw = "PNG", str(tmp_path / "gray.png")
    source.save()
    image = bpy.data.images.load(str(tmp_path / "gray.png"))
    assert not image.has_data  # not loaded until it is needed
    with fake() as backend:
        estimate(image.name)
    np.testing.assert_array_equal(opaque(backend, 255), np.rint(gray * 255))
    assert "gray_normal" in bpy.data.images


def test_alpha_goes_out_straight_and_masks_the_card(fake, make_image):
    make_image(NOISE)
    with fake() as backend:
        estimate()
    np.testing.assert_array_equal(backend.seen.arrays[0]["picture"], np.rint(NOISE * 255))
    np.testing.assert_allclose(pixels("photo_albedo")[..., 3], NOISE[..., 3], atol=HALF)


def test_float_picture_goes_out_linear_with_straight_alpha(fake, make_image):
    values = np.random.default_rng(0).random((24, 32, 4), dtype=np.float32) * 4
    values[..., 3] = np.linspace(0, 1, 32)
    premultiplied = values.copy()
    premultiplied[..., :3] *= values[..., 3:]
    make_image(premultiplied, is_float=True)
    with fake() as backend:
        estimate()
    sent = backend.seen.arrays[0]["picture"]
    assert backend.seen.submits[0].transfer == "linear" and sent.dtype == np.float32
    np.testing.assert_allclose(sent[:, 1:], values[:, 1:], rtol=1e-5)


def test_not_finite_values_are_the_backends_to_judge(fake, make_image):
    values = np.ones((16, 16, 3), np.float32)
    values[3, 4] = np.nan
    values[5, 6] = np.inf
    make_image(values, is_float=True)
    with fake() as backend:
        assert estimate() == {"FINISHED"}
    np.testing.assert_array_equal(opaque(backend, 1), values)


def test_data_picture_counts_as_linear(fake, make_image):
    make_image(PHOTO, colorspace="Non-Color")
    with fake() as backend:
        estimate()
    assert backend.seen.submits[0].transfer == "linear"
    np.testing.assert_array_equal(opaque(backend, 255), np.rint(PHOTO * 255))


def test_settings_and_mask_go_out(fake, make_image):
    make_image(PHOTO)
    mask = np.zeros((24, 32, 3), np.float32)
    mask[4:20, 8:30] = 1.0
    chosen = bpy.context.scene.clone_normals
    chosen.mask = make_image(mask, "mask")
    chosen.projection, chosen.fov = "FOV", math.radians(40)
    chosen.steps, chosen.size, chosen.start = 7, 64, "inflation"
    with fake() as backend:
        estimate()
    settings = backend.seen.submits[0].settings
    assert settings.fov_degrees == pytest.approx(40)
    assert (settings.steps, settings.size, settings.start) == (7, 64, "inflation")
    np.testing.assert_array_equal(backend.seen.arrays[0]["mask"], mask[..., 0] * 255)
    np.testing.assert_allclose(pixels("photo_albedo")[..., 3], mask[..., 0])


@pytest.mark.parametrize(("projection", "sent"), [("FLAT", True), ("FOV", False)])
def test_only_a_flat_picture_tiles(fake, make_image, projection, sent):
    make_image(PHOTO)
    chosen = bpy.context.scene.clone_normals
    chosen.seamless, chosen.projection = True, projection
    with fake() as backend:
        estimate()
    assert backend.seen.submits[0].settings.seamless == sent


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.25, -0.1)])
def test_active_camera_gives_field_of_view_and_principal_point(fake, make_image, shift):
    make_image(PHOTO)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 400, 300
    camera = bpy.data.cameras.new("camera")
    camera.sensor_width, camera.lens = 36.0, 50.0
    camera.shift_x, camera.shift_y = shift
    scene.camera = bpy.data.objects.new("camera", camera)
    scene.clone_normals.projection = "CAMERA"
    with fake() as backend:
        estimate()
    settings = backend.seen.submits[0].settings
    assert settings.fov_degrees == pytest.approx(math.degrees(2 * math.atan(18 / 50)), abs=1e-3)
    # shifting the frame right by a quarter of its width leaves the axis a quarter to the left
    expected = (0.5 - shift[0], 0.5 + shift[1] * 400 / 300)
    assert settings.principal == pytest.approx(expected, abs=1e-5)


def test_normal_map_is_data_to_the_precision_of_half_floats(fake, make_image):
    make_image(PHOTO)
    with fake() as backend:
        estimate()
    image = bpy.data.images["photo_normal"]
    assert image.is_float and image.colorspace_settings.name == "Non-Color"
    assert image.packed_file is not None and not image.is_dirty
    values, answer = pixels("photo_normal"), backend.seen.answers[0]
    np.testing.assert_allclose(values[..., :3] * 2 - 1, answer["normals"], atol=2 * HALF)
    assert (values[..., 3] == 1.0).all()
    albedo = bpy.data.images["photo_albedo"]
    assert albedo.colorspace_settings.name == "Linear Rec.709"
    np.testing.assert_allclose(pixels("photo_albedo")[..., :3], answer["albedo"], atol=HALF)


def test_everything_survives_saving_and_reopening(fake, make_image, tmp_path):
    photo = make_image(PHOTO)
    photo.pack()
    photo.use_fake_user = True
    with fake():
        estimate()
    kept = {name: pixels(name).copy() for name in ("photo_normal", "photo_albedo")}
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    for name, values in kept.items():
        image = bpy.data.images[name]
        assert image.is_float
        np.testing.assert_array_equal(pixels(name), values)
    assert bpy.data.images["photo_normal"].colorspace_settings.name == "Non-Color"
    assert points_shown() == [24 * 32]
    with fake():
        estimate()  # and what was reopened is refreshed
    assert sorted(image.name for image in bpy.data.images) == ["photo", *sorted(kept)]


def test_only_the_normal_map_when_nothing_else_is_wanted(fake, make_image, tmp_path):
    make_image(PHOTO)
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    bpy.context.scene.clone_textures.albedo = False
    with fake():
        estimate()
    made = names()
    assert made["images"] == ["photo", "photo_normal"]
    assert not made["objects"] and not made["materials"]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert "photo_normal" in bpy.data.images  # kept although nothing uses it


def test_running_again_refreshes_everything_in_place(fake, make_image):
    image = make_image(PHOTO)
    with fake() as backend:
        estimate()
        first = names()
        card, material = bpy.data.objects["photo_card"], bpy.data.materials["photo relightable"]
        card.location = (5, 6, 7)
        material.node_tree.nodes["CLONE Albedo"].location = (1, 2)
        image.scale(40, 20)
        estimate()
    assert names() == first
    assert card.location[:] == (5, 6, 7)
    assert material.node_tree.nodes["CLONE Albedo"].location[:] == (1, 2)
    assert tuple(bpy.data.images["photo_normal"].size) == (40, 20)
    np.testing.assert_allclose(
        pixels("photo_normal")[..., :3] * 2 - 1, backend.seen.answers[1]["normals"], atol=2 * HALF
    )
    assert len(bpy.data.meshes["photo_gaussians"].vertices) == 800
    assert points_shown() == [800]
    card_mesh = bpy.data.meshes["photo_card"]
    assert len(card_mesh.materials) == len(card_mesh.uv_layers) == 1


def test_an_own_eight_bit_image_of_that_name_becomes_the_normal_map(fake, make_image):
    make_image(PHOTO)
    make_image(PHOTO[:10, :10], "photo_normal")
    with fake():
        estimate()
    assert bpy.data.images["photo_normal"].is_float
    assert tuple(bpy.data.images["photo_normal"].size) == (32, 24)


def test_a_deleted_card_comes_back(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
        bpy.data.objects.remove(bpy.data.objects["photo_card"])
        kept = bpy.data.objects["photo_gaussians"]
        bpy.context.scene.collection.objects.unlink(kept)
        estimate()
    assert {"photo_card", "photo_gaussians"} <= set(bpy.context.scene.objects.keys())


@pytest.mark.parametrize("name", ["photo_card", "photo_gaussians", "photo_surface"])
def test_what_is_in_edit_mode_is_the_artists_and_stays_as_it_is(fake, make_image, name):
    make_image(PHOTO)
    bpy.context.scene.clone_normals.add_mesh = True
    with fake():
        estimate()
        edited = bpy.data.objects[name]
        bpy.context.view_layer.objects.active = edited
        bpy.ops.object.mode_set(mode="EDIT")
        assert estimate() == {"FINISHED"}
        assert edited.mode == "EDIT" and edited.name == edited.data.name == f"{name}.old"
        fresh = bpy.data.objects[name]
        assert fresh.mode == "OBJECT" and fresh.data.name == name and len(fresh.data.vertices)
        estimate()
    assert bpy.data.objects[name] == fresh and f"{name}.old.001" not in bpy.data.objects


def test_a_mesh_that_another_object_edits_is_left_to_it(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
        card = bpy.data.objects["photo_card"]
        twin = card.copy()
        bpy.context.collection.objects.link(twin)
        bpy.context.view_layer.objects.active = twin
        bpy.ops.object.mode_set(mode="EDIT")
        estimate()
    assert bpy.data.objects["photo_card"] == card and card.data.name == "photo_card"
    assert twin.data.name == "photo_card.old" and twin.data.is_editmode


def test_long_names_stay_refreshable(fake, make_image):
    image = make_image(PHOTO, "ä" * 31)
    with fake():
        estimate(image.name)
        first = names()
        estimate(image.name)
    assert names() == first


def test_what_has_a_long_name_and_is_in_edit_mode_is_left_alone_too(fake, make_image):
    image = make_image(PHOTO, "p" * 63)
    bpy.context.scene.clone_normals.add_gaussians = False
    with fake():
        estimate(image.name)
        bpy.context.view_layer.objects.active = bpy.data.objects["p" * 58 + "_card"]
        bpy.ops.object.mode_set(mode="EDIT")
        estimate(image.name)
        first = names()
        estimate(image.name)
    assert names() == first and "p" * 58 + "_card" in first["meshes"]


def test_one_undo_step(fake, make_image):
    make_image(PHOTO)
    bpy.ops.ed.undo_push(message="before")
    before = names()
    with fake():
        bpy.ops.image.clone_estimate_normals("EXEC_DEFAULT", True, image_name="photo")
    assert "photo_normal" in bpy.data.images
    bpy.ops.ed.undo()
    assert names() == before
    bpy.ops.ed.redo()
    assert "photo_normal" in bpy.data.images and "photo_card" in bpy.data.objects
