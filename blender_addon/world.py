# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovered ambient light as a world."""

import bpy

from . import ours
from .compat import with_nodes
from .nodes import Wiring

SKY = "CLONE Sky"


def light_scene(name: str, sky: bpy.types.Image) -> bpy.types.World:
    """Give the scene a world that shines as the picture of a sky; an existing one is refreshed."""
    world = ours.find(bpy.data.worlds, name)
    if world is None:
        world = with_nodes(ours.mark(bpy.data.worlds.new(name)))
    if world.node_tree.nodes.get(SKY) is None:
        _build(world.node_tree)
    world.node_tree.nodes[SKY].image = sky
    scene = bpy.context.scene
    if scene.world is not None and scene.world != world:
        scene.world.use_fake_user = True  # else what nothing uses any more would not be saved
    scene.world = world
    return world


def _build(tree: bpy.types.NodeTree) -> None:
    tree.nodes.clear()
    wiring = Wiring(tree)
    sky = wiring.add("ShaderNodeTexEnvironment", name=SKY, label=SKY)
    background = wiring.link(wiring.add("ShaderNodeBackground"), Color=sky.outputs["Color"])
    wiring.link(wiring.add("ShaderNodeOutputWorld"), Surface=background.outputs["Background"])
