"""The maps in a material that the artist made."""

import bpy
import numpy as np
import pytest

from tests.blender.tools import PHOTO, estimate, with_nodes


@pytest.fixture
def thing(addon):
    """A square of 3 metres with a material, active."""
    mesh = bpy.data.meshes.new("wall")
    corners = [(0, 0, 0), (3, 0, 0), (3, 3, 0), (0, 3, 0)]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32).ravel())
    material = bpy.data.materials.new("plaster")
    with_nodes(material)
    for node in material.node_tree.nodes:
        node.name = f"renamed {node.name}"  # as in a translated Blender
    mesh.materials.append(material)
    made = bpy.data.objects.new("wall", mesh)
    bpy.context.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    return made


@pytest.fixture
def estimated(fake, make_image, thing):
    """A photo with every map, as images only."""
    make_image(PHOTO)
    settings = bpy.context.scene.clone_normals
    settings.add_card = settings.add_gaussians = settings.add_sun = False
    chosen = bpy.context.scene.clone_textures
    chosen.height = chosen.occlusion = True
    with fake():
        estimate()
    return chosen


def tree():
    return bpy.data.materials["plaster"].node_tree


def shader():
    return next(node for node in tree().nodes if node.type == "BSDF_PRINCIPLED")


def source(socket):
    return socket.links[0].from_node if socket.links else None


def wire():
    return bpy.ops.image.clone_wire_material(image_name="photo")


def links():
    return sorted(
        f"{link.from_node.name}.{link.from_socket.identifier}>"
        f"{link.to_node.name}.{link.to_socket.identifier}"
        for link in tree().links
    )


def test_normal_and_height_reach_shader_and_output(estimated):
    assert wire() == {"FINISHED"}
    bend = source(shader().inputs["Normal"])
    assert bend.type == "NORMAL_MAP" and bend.space == "TANGENT"
    assert source(bend.inputs["Color"]).image.name == "photo_normal"
    output = tree().get_output_node("ALL")
    move = source(output.inputs["Displacement"])
    assert source(move.inputs["Height"]).image.name == "photo_height"
    # one unit of the map is the longest side, 32 pixels; u and v have 3 m for 32 and 24 pixels
    assert move.inputs["Scale"].default_value == pytest.approx((9 / (32 * 24)) ** 0.5 * 32)
    assert move.inputs["Midlevel"].default_value == 0.5
    assert tree().nodes.get("CLONE Occlusion") is None


def test_a_mesh_in_edit_mode_is_measured_as_it_is_then(estimated):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.transform.resize(value=(2, 2, 2))
    assert wire() == {"FINISHED"}
    scale = tree().nodes["CLONE Displacement"].inputs["Scale"].default_value
    assert scale == pytest.approx((36 / (32 * 24)) ** 0.5 * 32)
    assert bpy.context.mode == "EDIT_MESH" and bpy.data.meshes.keys() == ["wall"]


def test_a_mesh_without_faces_in_edit_mode_has_the_plain_scale(estimated):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.delete(type="VERT")
    assert wire() == {"FINISHED"}
    assert tree().nodes["CLONE Displacement"].inputs["Scale"].default_value == 1.0


def test_wiring_again_changes_nothing_but_refreshes(estimated):
    estimated.wire_occlusion = True
    wire()
    before = links()
    tree().nodes["CLONE Displacement"].inputs["Scale"].default_value = 0.7
    tree().nodes["CLONE Normal"].image = None
    wire()
    assert links() == before
    assert tree().nodes["CLONE Displacement"].inputs["Scale"].default_value == pytest.approx(0.7)
    assert tree().nodes["CLONE Normal"].image.name == "photo_normal"


def test_maps_take_the_coordinates_of_the_base_color(estimated):
    nodes = tree().nodes
    painted, place = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeMapping")
    tree().links.new(place.outputs["Vector"], painted.inputs["Vector"])
    tree().links.new(painted.outputs["Color"], shader().inputs["Base Color"])
    estimated.wire_occlusion = True
    wire()
    for name in ("CLONE Normal", "CLONE Height", "CLONE Occlusion"):
        assert source(nodes[name].inputs["Vector"]) == place


def test_occlusion_multiplies_what_was_there_and_goes_again(estimated):
    painted = tree().nodes.new("ShaderNodeRGB")
    tree().links.new(painted.outputs["Color"], shader().inputs["Base Color"])
    estimated.wire_occlusion = True
    wire()
    darken = source(shader().inputs["Base Color"])
    assert darken.blend_type == "MULTIPLY" and darken.inputs[0].default_value == 1.0
    assert source(darken.inputs[6]) == painted
    assert source(darken.inputs[7]).image.name == "photo_occlusion"
    estimated.wire_occlusion = False
    wire()
    assert source(shader().inputs["Base Color"]) == painted
    assert tree().nodes.get("CLONE Occlusion") is None


def test_occlusion_multiplies_a_plain_color(estimated):
    shader().inputs["Base Color"].default_value = (0.2, 0.4, 0.6, 1)
    estimated.wire_occlusion = True
    wire()
    darken = source(shader().inputs["Base Color"])
    assert tuple(darken.inputs[6].default_value) == pytest.approx((0.2, 0.4, 0.6, 1))


def saturated_behind_the_occlusion():
    """Put a node between our Multiply and the base color, as an artist grades it."""
    color, grade = shader().inputs["Base Color"], tree().nodes.new("ShaderNodeHueSaturation")
    tree().links.new(color.links[0].from_socket, grade.inputs["Color"])
    tree().links.new(grade.outputs["Color"], color)
    return grade


def test_nodes_behind_the_occlusion_stay_and_keep_their_texture(estimated):
    painted = tree().nodes.new("ShaderNodeTexImage")
    tree().links.new(painted.outputs["Color"], shader().inputs["Base Color"])
    estimated.wire_occlusion = True
    wire()
    grade = saturated_behind_the_occlusion()
    before = links()
    wire()
    assert links() == before
    estimated.wire_occlusion = False
    wire()
    assert source(shader().inputs["Base Color"]) == grade
    assert source(grade.inputs["Color"]) == painted


def test_nodes_behind_the_occlusion_keep_a_plain_color(estimated):
    shader().inputs["Base Color"].default_value = (0.2, 0.4, 0.6, 1)
    estimated.wire_occlusion = True
    wire()
    grade = saturated_behind_the_occlusion()
    estimated.wire_occlusion = False
    wire()
    assert tuple(grade.inputs["Color"].default_value) == pytest.approx((0.2, 0.4, 0.6, 1))


def test_a_height_that_is_off_is_unwired(estimated):
    wire()
    output = tree().get_output_node("ALL")
    assert source(output.inputs["Displacement"]).name == "CLONE Displacement"
    estimated.height = False
    wire()
    assert source(output.inputs["Displacement"]) is None
    assert not {"CLONE Height", "CLONE Displacement"} & set(tree().nodes.keys())


def test_an_occlusion_that_is_not_there_is_said(estimated, capfd):
    bpy.data.images.remove(bpy.data.images["photo_occlusion"])
    estimated.wire_occlusion = True
    assert wire() == {"FINISHED"}
    assert "there is no occlusion map" in capfd.readouterr().out
    assert source(shader().inputs["Normal"]).name == "CLONE Normal Map"


def test_what_was_in_the_normal_stays_and_is_named(estimated, capfd):
    bump = tree().nodes.new("ShaderNodeBump")
    bump.name = "My Bump"
    tree().links.new(bump.outputs["Normal"], shader().inputs["Normal"])
    wire()
    assert source(shader().inputs["Normal"]).name == "CLONE Normal Map"
    assert "My Bump" in tree().nodes
    assert "“My Bump” from Normal" in capfd.readouterr().out
    wire()
    assert "My Bump" not in capfd.readouterr().out


def test_nothing_to_wire_into_is_said(estimated, thing):
    thing.data.materials.clear()
    with pytest.raises(RuntimeError, match="has no material"):
        wire()
    thing.data.materials.append(bpy.data.materials["plaster"])
    tree().nodes.remove(shader())
    with pytest.raises(RuntimeError, match="shows no Principled BSDF"):
        wire()


@pytest.mark.parametrize("overridden", [False, True])
def test_a_material_of_another_file_is_refused(estimated, thing, tmp_path, overridden):
    """What is wired into it would be gone when the file is opened again."""
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {bpy.data.materials["plaster"]})
    with bpy.data.libraries.load(path, link=True) as (_, here):
        here.materials = ["plaster"]
    linked = here.materials[0]
    used = linked.override_create() if overridden else linked
    if used is None:
        pytest.skip("this Blender overrides no material")
    thing.data.materials[0] = used
    before = {node.name for node in linked.node_tree.nodes}
    with pytest.raises(RuntimeError, match="belongs to another file"):
        wire()
    assert {node.name for node in thing.active_material.node_tree.nodes} == before


def test_an_unknown_image_is_said(estimated):
    with pytest.raises(RuntimeError, match="no normal map of “missing”"):
        bpy.ops.image.clone_wire_material(image_name="missing")


def test_wire_toggle_wires_after_the_estimate(fake, make_image, thing):
    make_image(PHOTO)
    bpy.context.scene.clone_textures.wire = True
    with fake():
        estimate()
        assert source(source(shader().inputs["Normal"]).inputs["Color"]).image.name == (
            "photo_normal"
        )
        bpy.context.view_layer.objects.active = None
        assert estimate() == {"FINISHED"}  # nothing to wire into is only a warning


def test_wiring_is_one_undo_step(estimated):
    bpy.ops.ed.undo_push(message="before")
    before = links()
    bpy.ops.image.clone_wire_material("EXEC_DEFAULT", True, image_name="photo")
    assert links() != before
    bpy.ops.ed.undo()
    assert links() == before


def test_directx_is_turned_over_here_too(estimated):
    wire()
    estimated.convention = "DIRECTX"
    bpy.ops.image.clone_apply(image_name="photo")
    assert source(tree().nodes["CLONE Normal Map"].inputs["Color"]).name == "CLONE Green"
