"""Where the picture comes from: editors, nodes, objects, renders, frames."""

import bpy
import numpy as np
import pytest

from tests.blender.tools import PHOTO, estimate, names, rendered_scene, with_nodes

OTHER = PHOTO[::-1, ::-1]


@pytest.fixture
def chosen(addon):
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    bpy.context.scene.clone_textures.albedo = False
    return chosen


def sent_of(fake):
    """Return the task that goes out, and what it is called."""
    before = names()["images"]
    with fake() as backend:
        assert estimate("") == {"FINISHED"}
    made = sorted(set(names()["images"]) - set(before))
    return backend.seen.submits[0], backend.seen.arrays[0]["picture"], made


def object_with(*images):
    """Make the active object one whose material has a texture of each image, none linked."""
    material = bpy.data.materials.new("paint")
    with_nodes(material)
    nodes = material.node_tree.nodes
    mesh = bpy.data.meshes.new("mesh")
    mesh.materials.append(material)
    item = bpy.data.objects.new("crate", mesh)
    bpy.context.scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    textures = []
    for image in images:
        textures.append(nodes.new("ShaderNodeTexImage"))
        textures[-1].image = image
    for node in nodes:
        node.select = False
    nodes.active = None
    return material.node_tree, textures


def test_the_image_chosen_in_the_panel(fake, make_image, chosen):
    chosen.image = make_image(PHOTO)
    _, sent, made = sent_of(fake)
    np.testing.assert_array_equal(sent[..., :3], np.rint(PHOTO * 255))
    assert made == ["photo_normal"]


def test_base_color_of_the_active_object_through_other_nodes(fake, make_image, chosen):
    chosen.source = "OBJECT"
    tree, (_, painted) = object_with(make_image(PHOTO), make_image(OTHER, "paint"))
    mix = tree.nodes.new("ShaderNodeHueSaturation")
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(painted.outputs[0], mix.inputs["Color"])
    tree.links.new(mix.outputs[0], shader.inputs["Base Color"])
    _, sent, made = sent_of(fake)
    np.testing.assert_array_equal(sent[..., :3], np.rint(OTHER * 255))
    assert made == ["paint_normal"]


def test_the_only_or_the_active_texture_of_the_object(fake, make_image, chosen):
    chosen.source = "OBJECT"
    tree, textures = object_with(make_image(PHOTO))
    assert sent_of(fake)[2] == ["photo_normal"]
    tree.nodes.new("ShaderNodeTexImage").image = make_image(OTHER, "paint")
    tree.nodes.active = None
    with pytest.raises(RuntimeError, match="has 2 textures and none feeds its base color"):
        estimate("")
    tree.nodes.active = textures[0]
    with fake() as backend:
        estimate("")
    np.testing.assert_array_equal(
        backend.seen.arrays[0]["picture"][..., 0], np.rint(PHOTO * 255)[..., 0]
    )


def test_the_selected_texture_node(fake, make_image, chosen):
    chosen.source = "NODE"
    _, (_, second) = object_with(make_image(PHOTO), make_image(OTHER, "paint"))
    with pytest.raises(RuntimeError, match="Select an Image Texture node"):
        estimate("")
    second.select = True
    assert sent_of(fake)[2] == ["paint_normal"]


@pytest.mark.parametrize("source", ["NODE", "OBJECT"])
def test_what_to_do_when_there_is_no_texture(chosen, source):
    chosen.source = source
    with pytest.raises(RuntimeError, match="Select the object with the picture"):
        estimate("")
    tree, _ = object_with()
    with pytest.raises(RuntimeError, match=r"Select an Image|Add one, or choose another source"):
        estimate("")
    node = tree.nodes.new("ShaderNodeTexImage")
    tree.nodes.active = node
    with pytest.raises(RuntimeError, match="has no"):
        estimate("")
    bpy.context.object.active_material = None
    with pytest.raises(RuntimeError, match="has no material with nodes"):
        estimate("")


def test_a_ring_of_nodes_ends(fake, make_image, chosen):
    chosen.source = "OBJECT"
    tree, _ = object_with(make_image(PHOTO))
    first, second = (tree.nodes.new("ShaderNodeHueSaturation") for _ in range(2))
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    tree.links.new(first.outputs[0], second.inputs["Color"])
    tree.links.new(second.outputs[0], first.inputs["Color"])
    tree.links.new(first.outputs[0], shader.inputs["Base Color"])
    assert sent_of(fake)[2] == ["photo_normal"]


@pytest.fixture
def rendered(chosen):
    """A rendered scene, whose render is the picture."""
    chosen.source = "RENDER"
    return rendered_scene()


def test_render_result_goes_out_as_linear_light(fake, rendered):
    submit, sent, made = sent_of(fake)
    assert submit.transfer == "linear" and sent.shape == (24, 40, 4)
    np.testing.assert_allclose(sent, np.broadcast_to([2.0, 0.5, 0.25, 1.0], sent.shape), rtol=1e-5)
    assert made == [f"{rendered.name} render_normal"]


def output_settings(scene):
    settings = scene.render.image_settings
    fields = ("media_type", "file_format", "color_mode", "color_depth", "exr_codec", "quality")
    return {name: getattr(settings, name) for name in fields if hasattr(settings, name)}


@pytest.mark.parametrize("output", ["JPEG", "OPEN_EXR_MULTILAYER", "PNG", "FFMPEG"])
def test_the_scenes_output_is_left_as_it_was(fake, rendered, output):
    settings = rendered.render.image_settings
    if hasattr(settings, "media_type"):
        kinds = {"OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE", "FFMPEG": "VIDEO"}
        settings.media_type = kinds.get(output, "IMAGE")
    settings.file_format = output
    if output == "OPEN_EXR_MULTILAYER":
        settings.color_depth, settings.exr_codec = "16", "PIZ"
    elif output == "PNG":
        settings.color_mode, settings.color_depth = "BW", "16"
    before = output_settings(rendered)
    sent = sent_of(fake)[1]
    np.testing.assert_allclose(sent[..., 0], 2.0, rtol=1e-5)
    assert output_settings(rendered) == before


def test_nothing_rendered(chosen):
    chosen.source = "RENDER"
    with pytest.raises(RuntimeError, match=r"Render an image \(F12\)"):
        estimate("")


def test_udim_tiles_are_not_estimated_in_part(fake, chosen):
    chosen.image = bpy.data.images.new("tiles", 32, 32, tiled=True)
    assert sent_of(fake)[2] == ["tiles_normal"]  # one tile is a picture as any other
    chosen.image.tiles.new(1002)
    with pytest.raises(RuntimeError, match="“tiles” has 2 tiles"):
        estimate("")


def test_a_movie_without_a_file_is_named(chosen):
    image = bpy.data.images.new("film", 32, 32)
    image.source = "MOVIE"
    chosen.image = image
    with pytest.raises(RuntimeError, match="movie “film” cannot be opened"):
        estimate("")


def test_nothing_of_ours_is_left_behind(fake, rendered):
    before = names()["images"]
    sent_of(fake)
    assert set(names()["images"]) - set(before) == {f"{rendered.name} render_normal"}
    assert len(bpy.data.scenes) == 1
