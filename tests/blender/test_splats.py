"""Gaussians as Blender's own splats, theirs and ours, into files and back."""

import bpy
import numpy as np
import pytest
from mathutils import Quaternion

from tests.blender.tools import PHOTO, attribute, estimate, pixels

if bpy.app.version < (5, 3):
    pytest.skip("Blender 5.3 draws splats itself", allow_module_level=True)

COUNT = 24 * 32
SH_BAND0 = 0.28209479177387814
DICE = np.random.default_rng(5)
FORMATS = {
    "ply": (bpy.ops.object.clone_export_ply, bpy.ops.wm.ply_import),
    "spz": (bpy.ops.object.clone_export_spz, bpy.ops.wm.spz_import),
    "glb": (bpy.ops.object.clone_export_glb, bpy.ops.import_scene.gltf),
}


@pytest.fixture
def settings(addon):
    chosen = bpy.context.scene.clone_normals
    chosen.show_as = "SPLATS"
    return chosen


@pytest.fixture
def cloud(fake, make_image, settings):
    """The cloud of an estimate as Blender's splats; it is the active object."""
    make_image(PHOTO)
    with fake():
        estimate()
    thing = bpy.data.objects["photo_gaussians"]
    bpy.context.view_layer.objects.active = thing
    return thing


def foreign_cloud(count=6, harmonics=15):
    """A cloud as Blender's importers and other add-ons make it."""
    data = bpy.data.pointclouds.new("theirs")
    data.resize(count)
    data.type = "GAUSSIAN_SPLAT"
    quats = DICE.normal(size=(count, 4))
    quats *= np.sign(quats[:, :1]) / np.linalg.norm(quats, axis=1, keepdims=True)
    parts = {
        "position": ("FLOAT_VECTOR", "vector", DICE.normal(size=(count, 3))),
        "radiance:base": ("FLOAT4", "vector", DICE.uniform(0.05, 0.95, (count, 4))),
        "scale": ("FLOAT_VECTOR", "vector", DICE.uniform(0.1, 1.0, (count, 3))),
        "rotation": ("QUATERNION", "value", quats),
    }
    for index in range(harmonics):
        values = DICE.normal(size=(count, 3))
        parts[f"radiance:sh_{index}"] = ("FLOAT_VECTOR", "vector", values)
    for name, (kind, key, values) in parts.items():
        item = data.attributes.get(name) or data.attributes.new(name, kind, "POINT")
        item.data.foreach_set(key, values.astype(np.float32).reshape(-1))
    thing = bpy.data.objects.new("theirs", data)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    return thing


def values_of(data):
    """Return every attribute's values by its name."""
    keys = {"QUATERNION": "value", "FLOAT": "value", "FLOAT_COLOR": "color"}
    found = {}
    for item in data.attributes:
        width = {"QUATERNION": 4, "FLOAT4": 4, "FLOAT_COLOR": 4, "FLOAT": 1}.get(item.data_type, 3)
        values = np.empty(len(item.data) * width, np.float32)
        item.data.foreach_get(keys.get(item.data_type, "vector"), values)
        found[item.name] = values.reshape(-1, width)
    return found


def covariances(found):
    """Return the shapes, which several rotations and scales describe."""
    axes = np.array([Quaternion(quat).to_matrix() for quat in found["rotation"]])
    stretched = axes * found["scale"][:, None]
    return stretched @ stretched.transpose(0, 2, 1)


def display(linear):
    bright = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, bright)


def test_an_estimate_is_shown_as_blenders_splats(fake, make_image, settings):
    make_image(PHOTO)
    with fake() as backend:
        estimate()
    thing, answer = bpy.data.objects["photo_gaussians"], backend.seen.answers[0]
    assert thing.type == "POINTCLOUD" and thing.data.type == "GAUSSIAN_SPLAT"
    assert len(thing.data.points) == COUNT and not thing.modifiers
    found = values_of(thing.data)
    shown = 0.5 + SH_BAND0 * found["radiance:base"][:, :3]
    np.testing.assert_allclose(shown, display(answer["colours"]), atol=1e-5)
    np.testing.assert_allclose(found["radiance:base"][:, 3], answer["opacities"], atol=1e-6)
    np.testing.assert_allclose(found["rotation"], answer["quats"], atol=1e-6)


def test_a_second_estimate_refreshes_them_in_place(fake, make_image, cloud):
    cloud.location = (5, 6, 7)
    data, things = cloud.data, sorted(bpy.data.objects.keys())
    with fake():
        estimate()
    assert bpy.data.objects["photo_gaussians"] == cloud and cloud.data == data
    assert tuple(cloud.location) == (5, 6, 7)
    assert sorted(bpy.data.objects.keys()) == things and len(bpy.data.pointclouds) == 1


def test_the_choice_turns_the_cloud_at_once_and_back(cloud, settings):
    before = values_of(cloud.data)
    child = bpy.data.objects.new("child", None)
    bpy.context.scene.collection.objects.link(child)
    child.parent, cloud.location, cloud.hide_render = cloud, (1, 2, 3), True
    cloud.select_set(True)
    settings.show_as = "NODES"
    mesh = bpy.data.objects["photo_gaussians"]
    assert mesh.type == "MESH" and mesh.modifiers[0].node_group.name == "CLONE Gaussians"
    assert child.parent == mesh and tuple(mesh.location) == (1, 2, 3) and mesh.hide_render
    assert mesh.select_get() and bpy.context.view_layer.objects.active == mesh
    assert not bpy.data.pointclouds and "photo_gaussians.001" not in bpy.data.objects
    assert len(attribute(mesh.data, "Col", "FLOAT_COLOR")) == COUNT
    settings.show_as = "SPLATS"
    back = bpy.data.objects["photo_gaussians"]
    assert back.type == "POINTCLOUD" and child.parent == back and not len(back.data.materials)
    for name, values in values_of(back.data).items():
        np.testing.assert_allclose(values, before[name], atol=1e-5, err_msg=name)


def test_another_choice_is_followed_by_the_next_estimate(fake, make_image, cloud, settings):
    settings["show_as"] = 0  # as an older file or a script may leave it: nothing followed
    cloud.location.x = 9
    with fake():
        estimate()
    mesh = bpy.data.objects["photo_gaussians"]
    assert mesh.type == "MESH" and mesh.location.x == 9 and not bpy.data.pointclouds
    assert "photo_gaussians.old" not in bpy.data.objects


def test_cycles_shows_them_in_their_colors(fake, make_image, settings):
    color = np.array([1.0, 0.5, 0.0], np.float32)
    make_image(np.full((8, 8, 3), color, np.float32))
    settings.add_card = settings.add_sun = False
    with fake() as backend:
        estimate()
    cloud, scene = bpy.data.objects["photo_gaussians"], bpy.context.scene
    cloud.location.x = 0
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera, camera.location, camera.rotation_euler.x = camera, (0, -4, 0), np.pi / 2
    camera.data.angle = 0.2
    scene.render.engine, scene.cycles.samples = "CYCLES", 32
    scene.cycles.use_denoising, scene.view_settings.view_transform = False, "Raw"
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = f"{bpy.app.tempdir}splats.exr"
    bpy.ops.render.render(write_still=True)
    middle = pixels(bpy.data.images.load(scene.render.filepath).name)[6:10, 6:10, :3].mean((0, 1))
    expected = backend.seen.answers[0]["colours"][0]
    np.testing.assert_allclose(middle / middle.max(), expected / expected.max(), atol=0.02)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_we_export_of_a_foreign_cloud_blender_reads_back_the_same(addon, tmp_path, kind):
    export, back_in = FORMATS[kind]
    thing = foreign_cloud(harmonics=15 if kind == "ply" else 0)
    before = values_of(thing.data)
    path = str(tmp_path / f"splats.{kind}")
    assert export(filepath=path) == {"FINISHED"}
    bpy.data.objects.remove(thing)
    assert back_in(filepath=path) == {"FINISHED"}
    back = next(found for found in bpy.data.objects if found.type == "POINTCLOUD")
    after = values_of(back.data)
    assert back.data.type == "GAUSSIAN_SPLAT" and before.keys() <= after.keys()
    coarse = {"position": 1e-4, "radiance:base": 0.03}
    for name in before.keys() - {"rotation", "scale"}:
        close = coarse[name] if kind == "spz" else 1e-4
        np.testing.assert_allclose(after[name], before[name], atol=close, err_msg=name)
    close = 0.06 if kind == "spz" else 1e-4
    np.testing.assert_allclose(covariances(after), covariances(before), atol=close)


@pytest.mark.parametrize("kind", ["ply", "spz"])
def test_ours_go_out_and_come_back(cloud, tmp_path, kind):
    path = str(tmp_path / f"splats.{kind}")
    FORMATS[kind][0](filepath=path)
    assert bpy.ops.import_scene.clone_3dgs_ply(filepath=path) == {"FINISHED"}
    back, before = values_of(bpy.data.objects["splats"].data), values_of(cloud.data)
    assert bpy.data.objects["splats"].data.type == "GAUSSIAN_SPLAT"
    for name in ("position", "scale", "radiance:base"):
        close = 0.03 if kind == "spz" else 1e-4
        np.testing.assert_allclose(back[name], before[name], atol=close, err_msg=name)


def test_a_cloud_of_another_program_stays_as_it_is(settings):
    thing = foreign_cloud()
    settings.show_as = "NODES"
    assert thing.data.type == "GAUSSIAN_SPLAT" and bpy.data.objects["theirs"] == thing
