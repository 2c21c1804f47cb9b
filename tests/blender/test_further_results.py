"""Surface, world, comparison and compositor group."""

import math
import sys
from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.tools import (
    PHOTO,
    attribute,
    estimate,
    look_at_the_card,
    names,
    pixels,
    render,
)

RAMP = np.tile(np.linspace(0.3, 0.6, 32, dtype=np.float32)[None, :, None], (32, 1, 3))
SUN = np.array([-0.6, 0.64, 0.48])
SUN_COLOUR = np.array([1.2, 1.0, 0.8])


@pytest.fixture
def chosen(addon):
    settings = bpy.context.scene.clone_normals
    settings.add_card = settings.add_gaussians = settings.add_sun = False
    return settings


def test_nothing_more_comes_without_being_asked_for(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    assert names()["images"] == ["photo", "photo_albedo", "photo_normal"]
    assert "photo_surface" not in bpy.data.objects and "photo_light" not in bpy.data.worlds


@pytest.mark.parametrize("fov", [0, 60])
def test_surface_is_the_depth_map_standing_like_the_card(fake, make_image, chosen, fov):
    make_image(PHOTO)
    chosen.add_mesh = True
    if fov:
        chosen.projection, chosen.fov = "FOV", math.radians(fov)
    with fake() as backend:
        estimate()
    surface, depth = bpy.data.objects["photo_surface"], backend.seen.answers[0]["depth"]
    position = attribute(surface.data, "position", "FLOAT_VECTOR").reshape(24, 32, 3)
    metres = 2.0 / (2 * math.tan(math.radians(30))) if fov else 2.0 / 32
    np.testing.assert_allclose(position[..., 2], (np.median(depth) - depth) * metres, atol=1e-5)
    assert np.ptp(position[..., 0]) == pytest.approx(2.0 * 31 / 32, rel=0.12 if fov else 1e-5)
    assert surface.rotation_euler.x == pytest.approx(math.pi / 2)
    assert surface.location.x + position[..., 0].max() < -1.0
    assert all(polygon.use_smooth for polygon in surface.data.polygons)
    assert surface.data.polygons[0].normal.z > 0
    assert not surface.data.validate()
    uvs = np.array([loop.uv for loop in surface.data.uv_layers[0].data])
    corners = np.array([loop.vertex_index for loop in surface.data.loops])
    u = position.reshape(-1, 3)[corners, 0]
    assert np.corrcoef(u, uvs[:, 0])[0, 1] > 0.99
    space = surface.data.materials[0].node_tree.nodes["CLONE Normal"]
    assert space.outputs["Color"].links[0].to_node.space == "OBJECT"


def test_surface_is_limited_masked_and_refreshed(fake, make_image, chosen):
    image = make_image(PHOTO)
    mask = np.zeros((24, 32, 3), np.float32)
    mask[:, :16] = 1.0
    chosen.mask, chosen.add_mesh, chosen.mesh_side = make_image(mask, "mask"), True, 16
    with fake():
        estimate()
        assert len(bpy.data.objects["photo_surface"].data.polygons) == 11 * 7
        first = names()
        image.scale(16, 8)
        chosen.mask = None
        estimate()
    assert names() == first
    mesh = bpy.data.objects["photo_surface"].data
    assert len(mesh.polygons) == 7 * 15
    assert len(mesh.uv_layers) == len(mesh.materials) == 1


def test_relit_surface_is_lambert_of_the_normals(fake, make_image, chosen):
    """The normal map says the camera's directions, and the mesh's own relief adds nothing."""
    make_image(RAMP)
    chosen.add_mesh = chosen.add_sun = True
    with fake() as backend:
        estimate()
    bpy.data.objects["photo_surface"].location.x = 0
    look_at_the_card()
    rendered, answer = render("surface"), backend.seen.answers[0]
    expected = answer["albedo"] * (answer["normals"] @ SUN)[..., None] * SUN_COLOUR
    inner = slice(4, 28), slice(4, 28)
    np.testing.assert_allclose(rendered[inner], expected[inner], atol=0.03)


AMBIENT = tuple(
    (value, value, value * 0.7) for value in (0.5, 0.12, 0.2, -0.1, 0.02, 0.0, 0.03, 0.01, -0.02)
)


def test_sun_and_world_light_the_card_as_in_the_picture(fake, make_image, chosen, monkeypatch):
    """Cycles gives albedo · E of the light model: harmonics and sun together."""
    from tests import fake_backend  # noqa: PLC0415  its zmq may be the zip's

    def report(gaussians, determined):
        answer = canned(gaussians, determined)
        return replace(answer, light=replace(answer.light, ambient=AMBIENT))

    canned = fake_backend.canned_report
    monkeypatch.setattr(fake_backend, "canned_report", report)
    make_image(RAMP)
    chosen.add_card = chosen.add_sun = chosen.add_world = True
    before = bpy.context.scene.world = bpy.data.worlds.new("before")
    with fake() as backend:
        estimate()
    world = bpy.context.scene.world
    assert world.name == "photo_light" and before.use_fake_user
    assert tuple(world.node_tree.nodes["CLONE Sky"].image.size) == (128, 64)
    look_at_the_card()
    rendered, answer = render("world", 64), backend.seen.answers[0]
    normals = answer["normals"]
    harmonics = np.stack([*terms(*np.moveaxis(normals, -1, 0))], -1)
    irradiance = harmonics @ np.array(AMBIENT)
    irradiance += (normals @ SUN).clip(0)[..., None] * SUN_COLOUR
    expected = (answer["albedo"] * irradiance)[4:28, 4:28]
    found = rendered.reshape(32, 2, 32, 2, 3).mean((1, 3))[4:28, 4:28]
    assert np.abs(found / expected - 1).mean() < 0.03
    assert np.abs(found / expected - 1).max() < 0.1


def terms(x, y, z):
    return np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y


def test_no_world_where_the_picture_does_not_tell_its_light(fake, make_image, chosen):
    make_image(PHOTO)
    chosen.add_world = True
    before = bpy.context.scene.world
    with fake(determined=False):
        estimate()
    assert bpy.context.scene.world == before and "photo_light" not in bpy.data.worlds


def test_comparison_follows_its_slider(fake, make_image, chosen):
    make_image(PHOTO)
    assert not bpy.ops.image.clone_compare.poll()
    with fake() as backend:
        estimate()
        assert "photo_compare" not in bpy.data.images
        chosen.compare_split = 0.25  # nothing is shown yet, so nothing is made
        assert "photo_compare" not in bpy.data.images
        assert bpy.ops.image.clone_compare() == {"FINISHED"}
    rerendered = backend.seen.answers[0]["rerendered"]
    np.testing.assert_allclose(pixels("photo_compare")[:, 8:, :3], rerendered[:, 8:], atol=1e-3)
    left = pixels("photo_compare")[:, :8, :3]
    np.testing.assert_allclose(left, ((PHOTO[:, :8] + 0.055) / 1.055) ** 2.4, atol=5e-3)
    chosen.compare_split = 0.0
    np.testing.assert_allclose(pixels("photo_compare")[..., :3], rerendered, atol=1e-3)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not bpy.ops.image.clone_compare.poll()


def test_comparison_comes_with_the_estimate_where_wanted(fake, make_image, chosen):
    make_image(PHOTO)
    chosen.add_compare = True
    with fake():
        estimate()
        first = names()
        estimate()
    assert "photo_compare" in first["images"] and names() == first


def compositing_scene():
    """Give the scene a compositor, and return it with the node that its picture goes into."""
    scene = bpy.context.scene
    if bpy.app.version >= (5, 0):
        tree = bpy.data.node_groups.new("compositing", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        if bpy.app.version >= (5, 3):
            scene.compositor_effects.new("compositing").node_group = tree
        else:
            scene.compositing_node_group = tree
        return tree, tree.nodes.new("NodeGroupOutput")
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree, scene.node_tree.nodes.new("CompositorNodeComposite")


def test_compositor_group_relights_albedo_and_normals(fake, make_image, chosen):
    make_image(RAMP)
    chosen.add_card = True
    assert not bpy.ops.node.clone_relight_group.poll()
    with fake() as backend:
        estimate()
    tree, output = compositing_scene()
    assert bpy.ops.node.clone_relight_group() == {"FINISHED"}
    node = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeGroup")
    presets = {socket.name: socket.default_value for socket in node.inputs}
    assert (presets["Sun X"], presets["Sun Y"], presets["Sun Z"]) == pytest.approx(tuple(SUN))
    assert tuple(presets["Sun Color"])[:3] == pytest.approx(tuple(SUN_COLOUR / 1.2))
    assert presets["Sun Strength"] == pytest.approx(1.2)
    assert tuple(presets["Ambient Color"])[:3] == pytest.approx((0.75,) * 3)
    for socket, name in (("Image", "photo_albedo"), ("Normal", "photo_normal")):
        source = tree.nodes.new("CompositorNodeImage")
        source.image = bpy.data.images[name]
        tree.links.new(source.outputs["Image"], node.inputs[socket])
    tree.links.new(node.outputs["Image"], output.inputs["Image"])
    look_at_the_card()
    bpy.context.scene.cycles.samples = 1
    rendered, answer = render("composited"), backend.seen.answers[0]
    cosine = (answer["normals"] @ SUN).clip(0)[..., None]
    expected = answer["albedo"] * (0.75 + cosine * SUN_COLOUR)
    np.testing.assert_allclose(rendered, expected, atol=5e-3)


def test_compositor_group_is_refreshed_and_an_own_one_left_alone(fake, make_image, chosen):
    own = bpy.data.node_groups.new("CLONE Relight", "CompositorNodeTree")
    make_image(PHOTO)
    with fake():
        estimate()
    tree, _ = compositing_scene()
    for _ in range(2):
        bpy.ops.node.clone_relight_group()
    assert len([node for node in tree.nodes if node.bl_idname == "CompositorNodeGroup"]) == 1
    assert own.name == "CLONE Relight.old" and "CLONE Relight.001" not in bpy.data.node_groups


def test_panels_find_the_cloud_of_their_image(fake, make_image):
    make_image(PHOTO)
    with fake():
        estimate()
    modifier = bpy.data.objects["photo_gaussians"].modifiers[0]
    nodes = sys.modules[f"{MODULE}.gaussian_nodes"]
    assert [name for name, _ in nodes.inputs_of(modifier)] == [
        "Size",
        "Display",
        "Shown",
        "Blended",
    ]
