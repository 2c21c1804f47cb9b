"""Everything that an estimate of the add-on can bring, and what must hold of its nodes."""

import bpy

from tests.blender.inputs import choose
from tests.blender.tools import estimate, points_shown

DISPLAYS = ("Points", "Ellipsoids", "Normals")


def bring_everything():
    """Estimate “photo” with every toggle on; the cloud becomes the active object."""
    scene = bpy.context.scene
    for chosen, kind in ((scene.clone_normals, "add_"), (scene.clone_textures, "make_")):
        for name in chosen.bl_rna.properties.keys():
            if name.startswith(kind):
                setattr(chosen, name, True)
    estimate()
    bpy.ops.node.clone_relight_group()
    bpy.context.view_layer.objects.active = bpy.data.objects["photo_gaussians"]


def trees():
    """Return every node tree of the file."""
    owners = [*bpy.data.materials, *bpy.data.worlds, *bpy.data.scenes]
    own = (getattr(owner, "node_tree", None) for owner in owners)
    return [*bpy.data.node_groups, *(tree for tree in own if tree is not None)]


def check_nodes():
    """Check that this Blender knows each node, and that each link joins what is in use."""
    for tree in trees():
        for node in tree.nodes:
            assert node.bl_idname != "NodeUndefined", (tree.name, node.name)
        for link in tree.links:
            ends = (link.from_socket, link.to_socket)
            assert link.is_valid and all(end.enabled for end in ends), (tree.name, link.to_node)


def check_displays():
    """Check that the cloud shows something in each display, without a warning."""
    cloud = bpy.data.objects["photo_gaussians"]
    for display in DISPLAYS:
        choose(cloud, "Display", display)
        shown = cloud.evaluated_get(bpy.context.evaluated_depsgraph_get())
        assert not list(shown.modifiers[0].node_warnings), display
        instances = bpy.context.evaluated_depsgraph_get().object_instances
        assert points_shown() or any(item.is_instance for item in instances), display
