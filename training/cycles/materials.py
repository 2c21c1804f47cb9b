"""What things are made of, and the matte coat that lets single lights teach.

Colours follow their own patterns, not the shape. Patterns and bumps in ``HELD_OUT`` are seen by no
training scene.
"""

import colorsys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import bpy


@dataclass(frozen=True)
class Vocabulary:
    """Patterns of paint and of bump, as Blender's texture nodes name them."""

    paint: tuple[str, ...]
    bump: tuple[str, ...]


TRAINING = Vocabulary(
    ("ShaderNodeTexNoise", "ShaderNodeTexVoronoi", "ShaderNodeTexWave", "ShaderNodeTexChecker"),
    ("ShaderNodeTexNoise", "ShaderNodeTexVoronoi"),
)
HELD_OUT = Vocabulary(
    ("ShaderNodeTexMagic", "ShaderNodeTexBrick", "ShaderNodeTexNoise"), ("ShaderNodeTexWave",)
)

MATTE = {
    "Metallic": 0.0, "Specular IOR Level": 0.0, "Roughness": 1.0, "Transmission Weight": 0.0,
    "Coat Weight": 0.0, "Sheen Weight": 0.0, "Subsurface Weight": 0.0, "Emission Strength": 0.0,
}  # fmt: skip
"""Inputs of a Principled node that leave nothing but its base colour."""


def random_material(dice: Random, words: Vocabulary) -> bpy.types.Material:
    """Make a material from matte to glossy, sometimes metal, plain or patterned, maybe bumpy."""
    material, shader = _principled("material")
    shader.inputs["Roughness"].default_value = dice.uniform(0.2, 1.0)
    shader.inputs["Specular IOR Level"].default_value = dice.uniform(0.0, 0.6)
    if dice.random() < 0.12:
        shader.inputs["Metallic"].default_value = dice.uniform(0.3, 1.0)
        shader.inputs["Roughness"].default_value = dice.uniform(0.3, 0.8)
    if dice.random() < 0.35:
        shader.inputs["Base Color"].default_value = random_colour(dice)
    else:
        _paint(dice, material, shader, dice.choice(words.paint))
    if dice.random() < 0.3:
        _bump(dice, material, shader, dice.choice(words.bump))
    return material


def plain_material(dice: Random, color: tuple[float, ...] | None) -> bpy.types.Material:
    """Make a material of one color (sRGB), or one of those that statues are made of."""
    material, shader = _principled("plain")
    if color is None:
        pale = dice.random() < 0.6
        value, tint = dice.uniform(0.45, 0.9) if pale else dice.uniform(0.06, 0.5), dice.random()
        linear = colorsys.hsv_to_rgb(dice.uniform(0.03, 0.14), 0.5 * tint**2, value)
    else:
        linear = tuple(min(max(value, 0.15), 0.97) ** 2.2 for value in color)
    shader.inputs["Base Color"].default_value = (*linear, 1.0)
    shader.inputs["Roughness"].default_value = dice.uniform(0.3, 1.0)
    shader.inputs["Specular IOR Level"].default_value = dice.uniform(0.0, 0.5)
    return material


def photo_material(dice: Random, path: Path) -> bpy.types.Material:
    """Make a material painted by a photograph, projected along a thing's own axes."""
    material = _sheet(dice, "ShaderNodeTexImage")
    tree = material.node_tree
    picture = tree.nodes["colour"]
    picture.image = bpy.data.images.load(str(path), check_existing=True)
    picture.projection, picture.projection_blend = "BOX", 0.2
    place = tree.nodes.new("ShaderNodeMapping")
    place.inputs["Location"].default_value = [dice.uniform(-5, 5) for _ in range(3)]
    place.inputs["Scale"].default_value = [2 ** dice.uniform(-1, 2)] * 3
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Object"], place.inputs["Vector"])
    tree.links.new(place.outputs["Vector"], picture.inputs["Vector"])
    return material


def image_material(dice: Random, image: bpy.types.Image) -> bpy.types.Material:
    """Make a material that shows an image over UV coordinates."""
    material = _sheet(dice, "ShaderNodeTexImage")
    material.node_tree.nodes["colour"].image = image
    return material


def attribute_material(dice: Random, attribute: str) -> bpy.types.Material:
    """Make a material coloured by an attribute of the mesh."""
    material = _sheet(dice, "ShaderNodeAttribute")
    material.node_tree.nodes["colour"].attribute_name = attribute
    return material


def _sheet(dice: Random, source: str) -> bpy.types.Material:
    """Make a material, matte to satin, whose colour comes from the node ``colour``."""
    material, shader = _principled("sheet")
    shader.inputs["Roughness"].default_value = dice.uniform(0.25, 1.0)
    shader.inputs["Specular IOR Level"].default_value = dice.uniform(0.0, 0.5)
    colour = material.node_tree.nodes.new(source)
    colour.name = "colour"
    material.node_tree.links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    return material


def random_colour(dice: Random) -> tuple[float, float, float, float]:
    """Draw a colour, often a pale one."""
    hue, saturation = dice.random(), 0.9 * dice.random() ** 1.5
    return (*colorsys.hsv_to_rgb(hue, saturation, dice.uniform(0.12, 0.92)), 1.0)


def coat_matte() -> None:
    """Take gloss, glass and glow from every material: what is left is Lambert's law and the paint.

    Materials without a Principled node, which only others' files have, become plain gray.
    """
    for group in bpy.data.node_groups:
        _coat(group)
    for material in bpy.data.materials:
        if material.node_tree and not _coat(material.node_tree):
            _plain_gray(material.node_tree)


def _coat(tree: bpy.types.NodeTree) -> bool:
    """Coat a tree's Principled nodes; return whether it has any, itself or in its groups."""
    coated = False
    for node in tree.nodes:
        if node.type == "BSDF_PRINCIPLED":
            coated = True
            for name, value in MATTE.items():
                for link in node.inputs[name].links:
                    tree.links.remove(link)
                node.inputs[name].default_value = value
        elif node.type == "GROUP" and node.node_tree:
            coated |= _coat(node.node_tree)
    return coated


def _plain_gray(tree: bpy.types.NodeTree) -> None:
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    shader = tree.nodes.new("ShaderNodeBsdfDiffuse")
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])


def _principled(name: str) -> tuple[bpy.types.Material, bpy.types.Node]:
    material = bpy.data.materials.new(name)
    return material, material.node_tree.nodes["Principled BSDF"]


def _paint(
    dice: Random, material: bpy.types.Material, shader: bpy.types.Node, pattern: str
) -> None:
    """Run a pattern through a ramp of two to five colours, soft or with hard edges."""
    tree = material.node_tree
    texture = _texture(dice, tree, pattern, 2 ** dice.uniform(-0.5, 4))
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    elements = ramp.color_ramp.elements
    elements[0].position, elements[1].position = dice.uniform(0, 0.5), dice.uniform(0.5, 1)
    for _ in range(dice.randint(0, 3)):
        elements.new(dice.random())
    for element in elements:
        element.color = random_colour(dice)
    if dice.random() < 0.4:
        ramp.color_ramp.interpolation = "CONSTANT"
    tree.links.new(texture, ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])


def _bump(dice: Random, material: bpy.types.Material, shader: bpy.types.Node, pattern: str) -> None:
    tree = material.node_tree
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = dice.uniform(0.1, 0.6)
    bump.inputs["Distance"].default_value = 0.1
    height = _texture(dice, tree, pattern, 2 ** dice.uniform(1.5, 4.5))
    tree.links.new(height, bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])


def _texture(
    dice: Random, tree: bpy.types.NodeTree, pattern: str, scale: float
) -> bpy.types.NodeSocket:
    """Return a pattern's value over the thing's own coordinates, somewhere in its space."""
    texture = tree.nodes.new(pattern)
    texture.inputs["Scale"].default_value = scale
    place = tree.nodes.new("ShaderNodeMapping")
    place.inputs["Location"].default_value = [dice.uniform(-50, 50) for _ in range(3)]
    place.inputs["Rotation"].default_value = [dice.uniform(-3, 3) for _ in range(3)]
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Object"], place.inputs["Vector"])
    tree.links.new(place.outputs["Vector"], texture.inputs["Vector"])
    return next((o for o in texture.outputs if o.name in ("Fac", "Distance")), texture.outputs[0])
