"""The things in the scene: Gaussians, card and sun, in the right place and of the right kind."""

import math

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender.tools import (
    PHOTO,
    attribute,
    estimate,
    look_at_the_card,
    names,
    points_shown,
    render,
)


def test_gaussians_carry_every_attribute(fake, make_image):
    make_image(PHOTO)
    with fake() as backend:
        estimate()
    answer, mesh = backend.seen.answers[0], bpy.data.meshes["photo_gaussians"]
    metres = 2.0 / 32  # the picture is 32 wide, and so is the grid
    position = attribute(mesh, "position", "FLOAT_VECTOR")
    np.testing.assert_allclose(position[:, :2], answer["means"][:, :2] * metres, atol=1e-6)
    assert np.median(position[:, 2]) == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(
        attribute(mesh, "scale", "FLOAT_VECTOR"), answer["scales"] * metres, rtol=1e-6
    )
    np.testing.assert_allclose(
        attribute(mesh, "radius", "FLOAT"), answer["scales"].max(1) * metres, rtol=1e-6
    )
    colour = attribute(mesh, "Col", "FLOAT_COLOR")
    np.testing.assert_array_equal(colour[:, :3], answer["colours"])
    np.testing.assert_array_equal(colour[:, 3], answer["opacities"])
    for name, kind, source in (
        ("normal", "FLOAT_VECTOR", "gaussian_normals"),
        ("opacity", "FLOAT", "opacities"),
        ("rotation", "QUATERNION", "quats"),
        ("confidence", "FLOAT", "gaussian_confidence"),
    ):
        np.testing.assert_array_equal(attribute(mesh, name, kind), answer[source])


def test_gaussians_stand_beside_the_card_in_its_size(fake, make_image):
    make_image(PHOTO)
    chosen = bpy.context.scene.clone_normals
    chosen.projection, chosen.fov = "FOV", math.radians(60)
    with fake():
        estimate()
    card, cloud = bpy.data.objects["photo_card"], bpy.data.objects["photo_gaussians"]
    position = attribute(cloud.data, "position", "FLOAT_VECTOR")
    assert np.ptp(position[:, 0]) == pytest.approx(2.0, rel=0.15)
    assert np.ptp(position[:, 1]) == pytest.approx(1.5, rel=0.15)
    assert cloud.rotation_euler == card.rotation_euler
    left = (cloud.matrix_world.translation.x or cloud.location.x) + position[:, 0].min()
    assert left > 1.0


def test_modifier_shows_as_many_points_as_gaussians(fake, make_image):
    make_image(PHOTO)
    make_image(PHOTO[:16], "other")
    with fake():
        estimate()
        estimate("other")
    assert sorted(points_shown()) == [16 * 32, 24 * 32]
    assert names()["node_groups"] == ["CLONE Gaussians"]
    graph = bpy.context.evaluated_depsgraph_get()
    shown = next(i.object.data for i in graph.object_instances if i.object.type == "POINTCLOUD")
    radius = np.empty(len(shown.points), np.float32)
    shown.attributes["radius"].data.foreach_get("value", radius)
    assert radius == pytest.approx(1.5 * 0.6 * 2.0 / 32)
    assert {"Col", "normal", "opacity", "scale", "rotation", "confidence"} <= set(
        shown.attributes.keys()
    )
    assert shown.materials[0].name == "CLONE Gaussians"


def test_card_stands_upright_with_the_picture_on_it(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    bpy.context.view_layer.update()
    card = bpy.data.objects["photo_card"]
    corners = [card.matrix_world @ vertex.co for vertex in card.data.vertices]
    uvs = [tuple(loop.uv) for loop in card.data.uv_layers[0].data]
    where = {uv: tuple(corner) for uv, corner in zip(uvs, corners, strict=True)}
    assert where[(0.0, 0.0)] == pytest.approx((-1.0, 0.0, -0.75), abs=1e-6)  # lower left
    assert where[(1.0, 1.0)] == pytest.approx((1.0, 0.0, 0.75), abs=1e-6)  # upper right
    facing = card.matrix_world.to_3x3() @ card.data.polygons[0].normal
    assert tuple(facing) == pytest.approx((0.0, -1.0, 0.0), abs=1e-6)
    nodes = bpy.data.materials["photo relightable"].node_tree.nodes
    assert nodes["CLONE Normal"].image.name == "photo_normal"
    assert nodes["CLONE Albedo"].image.name == "photo_albedo"
    bump = nodes["CLONE Normal"].outputs["Color"].links[0].to_node
    assert bump.type == "NORMAL_MAP" and bump.space == "TANGENT"
    assert bump.outputs["Normal"].links[0].to_node.type == "BSDF_PRINCIPLED"


def test_sun_shines_as_the_backend_says(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    bpy.context.view_layer.update()
    sun = bpy.data.objects["photo_sun"]
    toward = sun.matrix_world.to_3x3() @ Vector((0, 0, 1))
    # camera space (-0.6, 0.64, 0.48): left, up, toward the viewer, who looks along +y
    assert tuple(toward) == pytest.approx((-0.6, -0.48, 0.64), abs=1e-5)
    assert sun.data.energy == pytest.approx(1.2 * math.pi, rel=1e-5)
    assert tuple(sun.data.color) == pytest.approx((1.0, 1 / 1.2, 0.8 / 1.2), rel=1e-5)


def test_no_sun_where_the_picture_does_not_tell_its_light(fake, make_image):
    make_image(PHOTO)
    with fake(determined=False):
        estimate()
    assert not bpy.data.lights


def test_relit_card_is_lambert_of_its_normals(fake, make_image):
    """Cycles shades the card as the light model does: albedo times sun times cosine.

    The slope is gentle: Cycles before 4.5 bends normals that would reflect into the surface.
    """
    ramp = np.tile(np.linspace(0.3, 0.6, 32, dtype=np.float32)[None, :, None], (32, 1, 3))
    make_image(ramp)
    with fake() as backend:
        estimate()
    bpy.data.objects["photo_gaussians"].hide_render = True
    look_at_the_card()
    rendered = render("card")
    answer = backend.seen.answers[0]
    cosine = answer["normals"] @ np.array([-0.6, 0.64, 0.48])
    expected = answer["albedo"] * cosine[..., None] * np.array([1.2, 1.0, 0.8])
    inner = slice(4, 28), slice(4, 28)
    np.testing.assert_allclose(rendered[inner], expected[inner], atol=0.03)
