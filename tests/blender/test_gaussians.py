"""Gaussians in Blender: how they are shown, converted, written and read back."""

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender.inputs import choose, chosen, set_input
from tests.blender.tools import (
    PHOTO,
    attribute,
    estimate,
    look_at_the_card,
    points_shown,
    render,
)

KINDS = {
    "position": "FLOAT_VECTOR",
    "radius": "FLOAT",
    "Col": "FLOAT_COLOR",
    "normal": "FLOAT_VECTOR",
    "opacity": "FLOAT",
    "scale": "FLOAT_VECTOR",
    "rotation": "QUATERNION",
}


@pytest.fixture
def cloud(fake, make_image):
    """The cloud of an estimate, which is the active object."""
    make_image(PHOTO)
    with fake():
        estimate()
    thing = bpy.data.objects["photo_gaussians"]
    bpy.context.view_layer.objects.active = thing
    return thing


def instances(thing):
    """Return each shown instance's matrix in the space of the cloud, with its mesh."""
    graph = bpy.context.evaluated_depsgraph_get()
    back = thing.matrix_world.inverted()
    return [
        (np.array(back @ found.matrix_world), found.object.data)
        for found in graph.object_instances
        if found.is_instance and found.parent and found.parent.original == thing
        and found.object.type == "MESH"
    ]  # fmt: skip


def point_positions():
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = next(i.object.data for i in graph.object_instances if i.object.type == "POINTCLOUD")
    values = np.empty(len(shown.points) * 3, np.float32)
    shown.attributes["position"].data.foreach_get("vector", values)
    return values.reshape(-1, 3)


def test_ellipsoids_have_the_shape_of_their_gaussians(cloud):
    choose(cloud, "Display", "Ellipsoids")
    found = instances(cloud)
    assert len(found) == 24 * 32
    scale = attribute(cloud.data, "scale", "FLOAT_VECTOR")
    position = attribute(cloud.data, "position", "FLOAT_VECTOR")
    matrix, _ = found[7]
    closest = np.linalg.norm(position - matrix[:3, 3], axis=1).argmin()
    expected = np.diag((1.5 * scale[closest]) ** 2)  # the fake's rotations are the identity
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, expected, atol=1e-6)


def test_needles_point_along_the_normals(cloud):
    choose(cloud, "Display", "Normals")
    normal = attribute(cloud.data, "normal", "FLOAT_VECTOR")
    position = attribute(cloud.data, "position", "FLOAT_VECTOR")
    found = instances(cloud)
    assert len(found) == 24 * 32
    for matrix, mesh in found[::100]:
        at = np.linalg.norm(position - matrix[:3, 3], axis=1).argmin()
        tip = max((vertex.co for vertex in mesh.vertices), key=lambda co: co.z)
        along = matrix[:3, :3] @ np.array(Vector(tip))
        np.testing.assert_allclose(along / np.linalg.norm(along), normal[at], atol=1e-4)


@pytest.mark.parametrize("display", ["Points", "Ellipsoids"])
def test_cycles_shows_colors_and_opacities(fake, make_image, display):
    """One layer of Gaussians of opacity 0.9 covers nine tenths of black."""
    make_image(np.full((8, 8, 3), (1.0, 0.5, 0.0), np.float32))
    bpy.context.scene.clone_normals.add_card = bpy.context.scene.clone_normals.add_sun = False
    with fake():
        estimate()
    cloud = bpy.data.objects["photo_gaussians"]
    cloud.location.x = 0
    choose(cloud, "Display", display)
    choose(cloud, "Size", 0.8)  # neighbours do not meet
    look_at_the_card()
    rendered = render("cloud", 80)
    centre = rendered[44:46, 44:46].mean((0, 1))
    np.testing.assert_allclose(centre, 0.9 * np.array([0.75, 0.5, 0.25]), atol=0.03)
    assert rendered[40, 40].max() < 0.01  # between four of them


def test_a_share_is_shown_always_the_same_and_evenly(cloud):
    choose(cloud, "Shown", 25.0)
    quarter = point_positions()
    assert len(quarter) == pytest.approx(0.25 * 24 * 32, rel=0.25)
    assert np.abs(quarter[:, :2].mean(0)).max() < 0.1
    choose(cloud, "Shown", 50.0)
    half = {tuple(row) for row in point_positions()}
    assert {tuple(row) for row in quarter} <= half
    choose(cloud, "Shown", 0.0)
    assert sum(points_shown()) == 0
    choose(cloud, "Shown", 100.0)
    assert points_shown() == [24 * 32]


def test_points_lie_from_far_to_near(cloud):
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.location = (7, -5, 2)
    bpy.context.scene.camera = camera
    choose(cloud, "Blended", True)
    eye = cloud.matrix_world.inverted() @ camera.matrix_world.translation
    distance = np.linalg.norm(point_positions() - np.array(eye), axis=1)
    assert (np.diff(distance) <= 1e-5).all() and distance.std() > 0.1
    graph = bpy.context.evaluated_depsgraph_get()
    shown = next(i.object.data for i in graph.object_instances if i.object.type == "POINTCLOUD")
    assert shown.materials[0].surface_render_method == "BLENDED"


def first_version():
    """The group as the add-on's first release left it in files."""
    tree = bpy.data.node_groups.new("CLONE Gaussians", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Size", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.interface.items_tree["Size"].default_value = 1.5
    points = tree.nodes.new("GeometryNodeMeshToPoints")
    source, target = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    tree.links.new(source.outputs[0], points.inputs["Mesh"])
    tree.links.new(source.outputs["Size"], points.inputs["Radius"])
    tree.links.new(points.outputs[0], target.inputs[0])
    return tree


def test_a_group_of_an_older_version_is_replaced_and_sizes_are_kept(fake, make_image):
    old = bpy.data.objects.new("old", bpy.data.meshes.new("old"))
    old.data.from_pydata([(0, 0, 0)], [], [])
    bpy.context.scene.collection.objects.link(old)
    modifier = old.modifiers.new("CLONE Gaussians", "NODES")
    modifier.node_group = first_version()
    set_input(modifier, "Size", 4.0)
    make_image(PHOTO)
    with fake():
        estimate()
    assert [tree.name for tree in bpy.data.node_groups] == ["CLONE Gaussians"]
    group = bpy.data.node_groups[0]
    assert modifier.node_group == group
    assert bpy.data.objects["photo_gaussians"].modifiers[0].node_group == group
    assert (chosen(modifier, "Size"), chosen(modifier, "Shown")) == (4.0, 100.0)
    assert sorted(points_shown()) == [1, 24 * 32]


def test_converting_keeps_every_point_and_attribute(cloud):
    before = {name: attribute(cloud.data, name, kind) for name, kind in KINDS.items()}
    other = bpy.data.objects["photo_card"]
    other.select_set(True)
    assert bpy.ops.object.clone_convert_point_cloud() == {"FINISHED"}
    thing = bpy.data.objects["photo_gaussians"]
    assert thing.type == "POINTCLOUD" and other.type == "MESH" and other.select_get()
    assert len(thing.data.points) == 24 * 32
    for name, kind in KINDS.items():
        np.testing.assert_array_equal(attribute(thing.data, name, kind), before[name])
    assert thing.data.materials[0].name == "CLONE Gaussians"
    assert not bpy.ops.object.clone_convert_point_cloud.poll()


def test_ply_goes_out_and_comes_back(cloud, tmp_path):
    path = tmp_path / "splats.ply"
    assert bpy.ops.object.clone_export_ply(filepath=str(path)) == {"FINISHED"}
    assert [file.name for file in tmp_path.glob("*.p*")] == ["splats.ply"]
    assert bpy.ops.import_scene.clone_3dgs_ply(filepath=str(path)) == {"FINISHED"}
    back = bpy.data.objects["splats"]
    for name, kind in KINDS.items():
        np.testing.assert_allclose(
            attribute(back.data, name, kind), attribute(cloud.data, name, kind), atol=1e-6
        )
    assert back.rotation_euler == cloud.rotation_euler
    assert back.modifiers[0].node_group == cloud.modifiers[0].node_group
    bpy.ops.import_scene.clone_3dgs_ply(filepath=str(path))
    assert "splats.001" in bpy.data.objects  # an import never overwrites


def test_a_point_cloud_goes_out_too(cloud, tmp_path):
    bpy.ops.object.clone_convert_point_cloud()
    assert bpy.ops.object.clone_export_ply(filepath=str(tmp_path / "a.ply")) == {"FINISHED"}
    assert b"element vertex 768\n" in (tmp_path / "a.ply").read_bytes()


def test_files_hold_display_colors(cloud, tmp_path):
    """Ours are linear; taken as they stand in the file they are brighter."""
    path = str(tmp_path / "splats.ply")
    bpy.ops.object.clone_export_ply(filepath=path)
    bpy.ops.import_scene.clone_3dgs_ply(filepath=path, display_colors=False)
    stored = attribute(bpy.data.objects["splats"].data, "Col", "FLOAT_COLOR")[:, :3]
    expected = np.where(stored > 0.04045, ((stored + 0.055) / 1.055) ** 2.4, stored / 12.92)
    linear = attribute(cloud.data, "Col", "FLOAT_COLOR")[:, :3]
    np.testing.assert_allclose(linear, expected, atol=1e-5)


def test_compressed_ones_go_out_and_come_back(cloud, tmp_path):
    path = str(tmp_path / "splats.spz")
    assert bpy.ops.object.clone_export_spz(filepath=path) == {"FINISHED"}
    assert bpy.ops.import_scene.clone_3dgs_ply(filepath=path) == {"FINISHED"}
    back = bpy.data.objects["splats"].data
    for name in ("position", "scale", "Col"):
        before = attribute(cloud.data, name, KINDS[name])
        np.testing.assert_allclose(attribute(back, name, KINDS[name]), before, atol=0.03)


def test_a_newer_spz_is_explained(addon, tmp_path):
    (tmp_path / "new.spz").write_bytes(b"NGSP" + bytes(40))
    with pytest.raises(RuntimeError, match="version 4 or later"):
        bpy.ops.import_scene.clone_3dgs_ply(filepath=str(tmp_path / "new.spz"))


def test_files_that_cannot_be_used_are_explained(cloud, tmp_path):
    (tmp_path / "bad.ply").write_bytes(b"hello")
    with pytest.raises(RuntimeError, match="not a PLY file"):
        bpy.ops.import_scene.clone_3dgs_ply(filepath=str(tmp_path / "bad.ply"))
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.object.clone_export_ply(filepath=str(tmp_path / "no" / "where.ply"))
    with pytest.raises(RuntimeError, match=r"must end in \.ply, \.spz or \.glb"):
        bpy.ops.object.clone_export_ply(filepath=str(tmp_path / "nameless"))
    bpy.context.view_layer.objects.active = bpy.data.objects["photo_card"]
    assert not bpy.ops.object.clone_export_ply.poll()
