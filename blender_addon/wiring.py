# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps go into a material that the artist made; running again refreshes our own nodes."""

from dataclasses import dataclass

import bpy
import numpy as np

from . import images, normal_nodes
from .maps import Kind
from .normal_nodes import NORMAL, NORMAL_MAP

HEIGHT, DISPLACEMENT = "CLONE Height", "CLONE Displacement"
OCCLUSION, DARKEN = "CLONE Occlusion", "CLONE Occlusion Multiply"

Report = tuple[set[str], str]


class Unwirable(Exception):
    """The maps cannot go into the material; the text says why and what to do."""


@dataclass(frozen=True)
class Surface:
    """What is wired: a material's Principled BSDF and its output."""

    material: bpy.types.Material
    shader: bpy.types.Node
    output: bpy.types.Node
    vector: bpy.types.NodeSocket | None
    """Where the base color's texture takes its coordinates from."""

    @property
    def tree(self) -> bpy.types.NodeTree:
        """The material's nodes."""
        return self.material.node_tree


def wire_active(context: bpy.types.Context, name: str) -> Report:
    """Wire an image's maps into the active object's material; return what to tell the artist."""
    try:
        return wire(context.view_layer.objects.active, name, context.scene)
    except Unwirable as error:
        return {"WARNING"}, str(error)


def wire(thing: bpy.types.Object | None, name: str, scene: bpy.types.Scene) -> Report:
    """Wire an image's maps into an object's active material.

    Raises:
        Unwirable: when there is no such map or no material that could take it.
    """
    chosen, surface = scene.clone_textures, surface_of(thing)
    normal, height, occlusion = (_map(name, kind) for kind in ("normal", "height", "occlusion"))
    if normal is None:
        raise Unwirable(f"There is no normal map of “{name}” yet. Estimate it first.")
    replaced = _wire_normal(surface, normal)
    if not chosen.height:
        _remove(surface, HEIGHT, DISPLACEMENT)
    elif height is not None:
        replaced += _wire_height(surface, height, thing, chosen)
    if not chosen.wire_occlusion:
        _unwire_occlusion(surface)
    elif occlusion is not None:
        _wire_occlusion(surface, occlusion)
    where = surface.material.name
    if replaced:
        return {"WARNING"}, (
            f"The maps of “{name}” are in the material “{where}”. "
            f"Unplugged, but still there: {', '.join(replaced)}."
        )
    if chosen.wire_occlusion and occlusion is None:
        return {"WARNING"}, (
            f"The maps of “{name}” are in the material “{where}”, but there is no occlusion map. "
            "Tick Occlusion and estimate again."
        )
    return {"INFO"}, f"The maps of “{name}” are in the material “{where}”"


def surface_of(thing: bpy.types.Object | None) -> Surface:
    """Find the Principled BSDF of an object's active material.

    Raises:
        Unwirable: when there is none, or it could not be saved.
    """
    material = thing.active_material if thing is not None else None
    if material is None or material.node_tree is None:
        raise Unwirable("The active object has no material. Give it one that uses nodes.")
    if material.library is not None or material.override_library is not None:
        raise Unwirable(
            f"The material “{material.name}” belongs to another file. Make it local first."
        )
    output = material.node_tree.get_output_node("ALL")
    upstream = _upstream(output.inputs["Surface"]) if output is not None else []
    shader = next((node for node in upstream if node.type == "BSDF_PRINCIPLED"), None)
    if shader is None:
        raise Unwirable(
            f"The material “{material.name}” shows no Principled BSDF. Add one to its output."
        )
    painted = _upstream(shader.inputs["Base Color"])
    texture = next((n for n in painted if n.type == "TEX_IMAGE" and n.name != OCCLUSION), None)
    links = texture.inputs["Vector"].links if texture is not None else ()
    return Surface(material, shader, output, links[0].from_socket if links else None)


def _wire_normal(surface: Surface, image: bpy.types.Image) -> tuple[str, ...]:
    texture = _texture(surface, NORMAL, image, -700)
    bend = _node(surface, NORMAL_MAP, "ShaderNodeNormalMap", (-250, -700))
    if not bend.inputs["Color"].is_linked:
        surface.tree.links.new(texture.outputs["Color"], bend.inputs["Color"])
    replaced = _plug(surface, bend.outputs["Normal"], surface.shader.inputs["Normal"])
    normal_nodes.orient(surface.tree)
    return replaced


def _wire_height(
    surface: Surface,
    image: bpy.types.Image,
    thing: bpy.types.Object,
    chosen: bpy.types.PropertyGroup,
) -> tuple[str, ...]:
    fresh = surface.tree.nodes.get(DISPLACEMENT) is None
    side = side_length(thing, image) if fresh else 0.0
    texture = _texture(surface, HEIGHT, image, -1000)
    move = _node(surface, DISPLACEMENT, "ShaderNodeDisplacement", (-250, -1000))
    move.inputs["Midlevel"].default_value = chosen.height_middle
    if fresh:  # later it is the artist's
        move.inputs["Scale"].default_value = side / (chosen.height_scale or 1.0)
    surface.tree.links.new(texture.outputs["Color"], move.inputs["Height"])
    if surface.material.displacement_method == "BUMP":
        surface.material.displacement_method = "DISPLACEMENT"  # the normal map is the bump
    return _plug(surface, move.outputs["Displacement"], surface.output.inputs["Displacement"])


def _wire_occlusion(surface: Surface, image: bpy.types.Image) -> None:
    """Multiply the base color, whatever it comes from; it may go on through other nodes then."""
    fresh = surface.tree.nodes.get(DARKEN) is None
    texture = _texture(surface, OCCLUSION, image, -400)
    darken = _node(surface, DARKEN, "ShaderNodeMix", (-250, -400))
    color = surface.shader.inputs["Base Color"]
    if fresh:
        darken.data_type, darken.blend_type = "RGBA", "MULTIPLY"
        _socket(darken.inputs, "Factor_Float").default_value = 1.0
        _socket(darken.inputs, "A_Color").default_value = color.default_value
    surface.tree.links.new(texture.outputs["Color"], _socket(darken.inputs, "B_Color"))
    if darken in _upstream(color):
        return
    if color.is_linked:
        surface.tree.links.new(color.links[0].from_socket, _socket(darken.inputs, "A_Color"))
    surface.tree.links.new(_socket(darken.outputs, "Result_Color"), color)


def _unwire_occlusion(surface: Surface) -> None:
    """Take our occlusion out again and give what it darkened to what it fed."""
    nodes = surface.tree.nodes
    darken = nodes.get(DARKEN)
    if darken is None:
        return
    painted = _socket(darken.inputs, "A_Color")
    for fed in [link.to_socket for link in _socket(darken.outputs, "Result_Color").links]:
        if painted.is_linked:
            surface.tree.links.new(painted.links[0].from_socket, fed)
        elif fed.type == painted.type:
            fed.default_value = painted.default_value
    _remove(surface, DARKEN, OCCLUSION)


def _remove(surface: Surface, *names: str) -> None:
    """Take nodes of ours out, where they are."""
    for node in map(surface.tree.nodes.get, names):
        if node is not None:
            surface.tree.nodes.remove(node)


def side_length(thing: bpy.types.Object, image: bpy.types.Image) -> float:
    """Return how long an image's longest side is on an object, in its own units."""
    if not isinstance(thing.data, bpy.types.Mesh):
        return 1.0
    thing.update_from_editmode()
    try:
        return _side_length(thing.to_mesh(), image)  # in Edit Mode only a copy gives its layers out
    finally:
        thing.to_mesh_clear()


def _side_length(mesh: bpy.types.Mesh, image: bpy.types.Image) -> float:
    layer = mesh.uv_layers.active
    if layer is None or not mesh.polygons:
        return 1.0
    mesh.calc_loop_triangles()
    loops = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    areas = np.empty(len(mesh.loop_triangles), np.float32)
    places = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.loop_triangles.foreach_get("loops", loops)
    mesh.loop_triangles.foreach_get("area", areas)
    layer.data.foreach_get("uv", places)
    corners = (places.reshape(-1, 2) * tuple(image.size))[loops].reshape(-1, 3, 2)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    pixels = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum() / 2.0
    return float(np.sqrt(areas.sum() / pixels) * max(image.size)) if pixels > 0.0 else 1.0


def _map(name: str, kind: Kind) -> bpy.types.Image | None:
    return bpy.data.images.get((images.result_name(name, f"_{kind}"), None))


def _texture(surface: Surface, name: str, image: bpy.types.Image, down: float) -> bpy.types.Node:
    node = _node(surface, name, "ShaderNodeTexImage", (-600, down))
    node.image = image
    if surface.vector is not None:
        surface.tree.links.new(surface.vector, node.inputs["Vector"])
    return node


def _node(surface: Surface, name: str, kind: str, place: tuple[float, float]) -> bpy.types.Node:
    """Return our node of that name, made beside the shader where there is none."""
    node = surface.tree.nodes.get(name)
    if node is None or node.bl_idname != kind:
        node = surface.tree.nodes.new(kind)
        node.name = node.label = name
        x, y = surface.shader.location
        node.location = (x + place[0], y + place[1])
    return node


def _plug(
    surface: Surface, output: bpy.types.NodeSocket, target: bpy.types.NodeSocket
) -> tuple[str, ...]:
    """Link an output to an input; return what somebody else had there."""
    before = [link.from_node for link in target.links if link.from_node != output.node]
    surface.tree.links.new(output, target)
    return tuple(f"“{node.name}” from {target.name}" for node in before)


def _socket(sockets: bpy.types.bpy_prop_collection, identifier: str) -> bpy.types.NodeSocket:
    return next(socket for socket in sockets if socket.identifier == identifier)


def _upstream(socket: bpy.types.NodeSocket) -> list[bpy.types.Node]:
    """Return all nodes that feed a socket, the nearest first."""
    found: list[bpy.types.Node] = []
    waiting = [link.from_node for link in socket.links]
    while waiting:
        node = waiting.pop(0)
        if node not in found:
            found.append(node)
            waiting += [link.from_node for put in node.inputs for link in put.links]
    return found
