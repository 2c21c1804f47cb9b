"""Baking to an object's UVs: what a renderer then shows is what the picture's normal map says."""

import math

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender.tools import names, pixels, with_nodes

SIDE = 64
HALF = Vector((0.5, 0.5))


@pytest.fixture
def camera(addon):
    """A camera two metres before the origin, with a square picture."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.angle = math.radians(50)
    scene.camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(scene.camera)
    scene.camera.location, scene.camera.rotation_euler = (0, -3, 0), (math.pi / 2, 0, 0)
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    chosen = scene.clone_textures
    chosen.bake_size, chosen.padding = 128, 4
    return scene.camera


@pytest.fixture
def normal_map(make_image):
    """The normal map of “photo”: smooth, tilted to every side."""

    def make(height=SIDE, width=SIDE):
        y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
        slopes = 0.4 * np.sin(7 * x), 0.4 * np.cos(5 * y)
        normals = np.stack([*slopes, np.ones_like(x)], -1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        make_image(normals / 2 + 0.5, "photo_normal", is_float=True, colorspace="Non-Color")
        return normals

    return make


def grid(name="wall", turn=0.0, bulge=0.0, mirror=False):
    """A square of 1.6 metres facing the camera, its UVs turned, its middle nearer."""
    bpy.ops.mesh.primitive_grid_add(
        x_subdivisions=12, y_subdivisions=12, size=1.6, rotation=(math.pi / 2, 0, 0)
    )
    thing = bpy.context.view_layer.objects.active
    thing.name = name
    for vertex in thing.data.vertices:
        x, y, _ = vertex.co
        vertex.co.z = bulge * math.cos(x * 2) * math.cos(y * 2)
    thing.data.polygons.foreach_set("use_smooth", [True] * len(thing.data.polygons))
    layer = thing.data.uv_layers.active.data
    for loop in layer:
        u, v = loop.uv - HALF
        cosine, sine = math.cos(turn) * 0.7, math.sin(turn) * 0.7
        loop.uv = (0.5 + cosine * u - sine * v, 0.5 + sine * u + cosine * v)
        if mirror:
            loop.uv.x = 1.0 - loop.uv.x
    return thing


def bake():
    return bpy.ops.image.clone_bake_normals(image_name="photo")


def shown_normals(thing):
    """Render, with Cycles, the camera-space normals of the object with its baked map."""
    material = bpy.data.materials.new("look")
    with_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    kinds = ("TexImage", "NormalMap", "VectorTransform", "VectorMath", "Emission", "OutputMaterial")
    texture, bend, turn, scale, glow, output = (tree.nodes.new(f"ShaderNode{k}") for k in kinds)
    texture.image = bpy.data.images[f"{thing.name}_normal"]
    turn.vector_type, turn.convert_from, turn.convert_to = "NORMAL", "WORLD", "CAMERA"
    scale.operation = "MULTIPLY_ADD"
    scale.inputs[1].default_value = (0.5, 0.5, -0.5)  # Cycles' camera looks along +z
    scale.inputs[2].default_value = (0.5, 0.5, 0.5)
    for one, other in (
        (texture.outputs["Color"], bend.inputs["Color"]),
        (bend.outputs["Normal"], turn.inputs["Vector"]),
        (turn.outputs[0], scale.inputs[0]),
        (scale.outputs[0], glow.inputs["Color"]),
        (glow.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(one, other)
    thing.data.materials.clear()
    thing.data.materials.append(material)
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4, False
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = bpy.app.tempdir + "look.exr"
    bpy.ops.render.render(write_still=True)
    return pixels(bpy.data.images.load(scene.render.filepath).name)[..., :3] * 2 - 1


@pytest.mark.parametrize("lens", ["PERSP", "ORTHO"])
@pytest.mark.parametrize(
    ("turn", "bulge", "mirror"), [(0, 0, False), (90, 0, False), (30, 0.3, False), (200, 0.2, True)]
)
def test_renders_as_the_picture_says(camera, normal_map, lens, turn, bulge, mirror):
    camera.data.type, camera.data.ortho_scale = lens, 2.2
    normals = normal_map()
    thing = grid(turn=math.radians(turn), bulge=bulge, mirror=mirror)
    thing.rotation_euler.z, thing.rotation_euler.y = 0.3, 0.2
    thing.scale = (1.1, 0.9, 1.0)
    assert bake() == {"FINISHED"}
    shown = shown_normals(thing)
    inner = np.s_[20:44, 20:44]
    cosine = (shown * normals)[inner].sum(-1) / np.linalg.norm(shown[inner], axis=-1)
    angles = np.degrees(np.arccos(cosine.clip(-1, 1)))
    assert np.median(angles) < 0.5 and angles.max() < 3.0


def test_facing_plane_gets_the_picture_itself(camera, normal_map):
    camera.data.type, camera.data.ortho_scale = "ORTHO", 1.6
    normals = normal_map()
    thing = grid()
    bpy.context.scene.clone_textures.bake_size = SIDE
    layer = thing.data.uv_layers.active.data
    for loop in layer:
        loop.uv = (loop.uv - HALF) / 0.7 + HALF
    bake()
    baked = pixels("wall_normal")[..., :3] * 2 - 1
    np.testing.assert_allclose(baked, normals, atol=2e-3)


def test_directx_is_read_and_written(camera, normal_map):
    normal_map()
    grid()
    bake()
    up = pixels("wall_normal").copy()
    bpy.context.scene.clone_textures.convention = "DIRECTX"
    bake()
    down = pixels("wall_normal")
    np.testing.assert_allclose(down[..., 1], 1.0 - up[..., 1], atol=1e-3)
    assert bpy.data.images["wall_normal"]["clone_convention"] == "DIRECTX"


def test_nothing_else_is_left_or_changed(camera, normal_map):
    normal_map()
    thing = grid()
    thing.modifiers.new("smooth", "SUBSURF")
    before, materials = names(), list(thing.data.materials)
    counts = len(thing.data.vertices), len(thing.data.uv_layers)
    bake()
    bake()
    after = names()
    assert after.pop("images") == sorted([*before.pop("images"), "wall_normal"])
    assert after == before and list(thing.data.materials) == materials
    assert counts == (len(thing.data.vertices), len(thing.data.uv_layers))


def test_the_map_that_is_baked_stays(camera, normal_map):
    """An object and its picture of one name, as Import Images as Planes leaves them."""
    normal_map()
    grid("photo")
    before = pixels("photo_normal").copy()
    bake()
    baked = pixels("photo_baked_normal").copy()
    bake()
    np.testing.assert_array_equal(pixels("photo_normal"), before)
    np.testing.assert_array_equal(pixels("photo_baked_normal"), baked)


def test_polygons_of_many_corners_are_baked(camera, normal_map):
    normal_map()
    bpy.ops.mesh.primitive_circle_add(
        vertices=12, radius=0.7, fill_type="NGON", rotation=(math.pi / 2, 0, 0)
    )
    assert bake() == {"FINISHED"}


def flip():
    bpy.data.objects["wall"].data.flip_normals()


def remove_uvs():
    layers = bpy.data.objects["wall"].data.uv_layers
    layers.remove(layers.active)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda: setattr(bpy.context.scene, "camera", None), "camera that took the picture"),
        (lambda: setattr(bpy.context.scene.render, "resolution_x", 200), "Set the scene's resol"),
        (lambda: setattr(bpy.context.view_layer.objects, "active", None), "Select the mesh"),
        (lambda: bpy.data.images.remove(bpy.data.images["photo_normal"]), "no normal map"),
        (remove_uvs, "no UV map"),
        (flip, "sees no front"),
        (lambda: setattr(bpy.data.objects["wall"], "location", (9, 0, 0)), "sees no front"),
    ],
)
def test_what_cannot_be_baked_is_said(camera, normal_map, spoil, words):
    normal_map()
    grid()
    spoil()
    before = names()
    with pytest.raises(RuntimeError, match=words):
        bake()
    assert names() == before
