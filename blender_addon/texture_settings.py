# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the artist chooses about textures, kept in the scene as ``Scene.clone_textures``."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty

from . import following
from .maps import Choice, Kind
from .shaping import Shaping

SPACES = (
    ("CAMERA", "Camera", "As seen: x right, y up, z toward the viewer, also where it turns away"),
    (
        "TANGENT",
        "Tangent",
        "Of a plane that faces the viewer along the view axis: the same, but blue is never below "
        "the middle. For a flat texture there is no difference",
    ),
)
CONVENTIONS = (
    ("OPENGL", "OpenGL", "Green points up: Blender, Unity, Godot"),
    ("DIRECTX", "DirectX", "Green points down: Unreal Engine, Substance templates for it"),
)
PLAIN = Choice()


def follow(_changed: object = None, _context: object = None) -> None:
    """Have the maps of the last estimate follow what is chosen now."""
    following.start(lambda: choice(bpy.context.scene.clone_textures))


def _toggle(name: str, description: str) -> object:
    return BoolProperty(name=name, description=description, default=False)


class CLONE_PG_textures(bpy.types.PropertyGroup):
    """Everything that is chosen about the maps, after an estimate or before it."""

    strength: FloatProperty(
        name="Strength",
        description="Factor of all slopes of the normal map",
        min=0.0,
        soft_max=3.0,
        max=20.0,
        default=PLAIN.shaping.strength,
        update=follow,
    )
    detail: FloatProperty(
        name="Detail",
        description="How much fine relief stays: waves shorter than an eighth of the longest side",
        min=0.0,
        max=2.0,
        default=PLAIN.shaping.detail,
        update=follow,
    )
    shape: FloatProperty(
        name="Shape",
        description="How much of the large form stays: all that is coarser than the detail",
        min=0.0,
        max=2.0,
        default=PLAIN.shaping.shape,
        update=follow,
    )
    level: BoolProperty(
        name="Level",
        description="Take the mean tilt away, so that a texture is flat on average",
        default=PLAIN.shaping.level,
        update=follow,
    )
    space: EnumProperty(
        items=SPACES,
        name="Space",
        description="What the normals are relative to",
        update=follow,
    )
    convention: EnumProperty(
        items=CONVENTIONS,
        name="Convention",
        description="Which way the green channel points",
        update=follow,
    )
    albedo: BoolProperty(
        name="Albedo",
        description="Make the image of the colors without light; the card needs it in any case",
        default=True,
    )
    height: _toggle("Height", "Make a height map for displacement; estimate again to get one")
    occlusion: _toggle(
        "Ambient Occlusion",
        "Make an ambient occlusion map from the height; estimate again to get one",
    )
    curvature: _toggle(
        "Curvature",
        "Make an image of where the surface bends: edges bright, creases dark, for masks of wear",
    )
    depth: _toggle("Depth", "Make an image of the distance along the viewing axis")
    confidence: _toggle("Confidence", "Make an image of how sure the estimate is, 0 to 1")
    height_scale: FloatProperty(
        name="Height Scale",
        description="How much the height map rises for a relief as high as the longest side",
        min=0.0,
        soft_max=20.0,
        default=PLAIN.height_scale,
        update=follow,
    )
    height_middle: FloatProperty(
        name="Height Midlevel",
        description="Value of the height map at the mean plane",
        soft_min=0.0,
        soft_max=1.0,
        default=PLAIN.height_middle,
        update=follow,
    )
    curvature_scale: FloatProperty(
        name="Curvature Strength",
        description="How quickly the curvature map goes to white and black",
        min=0.0,
        soft_max=5.0,
        default=PLAIN.curvature_scale,
        update=follow,
    )
    padding: IntProperty(
        name="Padding",
        description="Pixels around the object, or around a baked UV island, that repeat its edge",
        min=0,
        soft_max=64,
        max=256,
        subtype="PIXEL",
        default=8,
        update=follow,
    )
    wire: BoolProperty(
        name="Wire after Estimate",
        description="After an estimate, put the maps into the active object's active material",
        default=False,
    )
    wire_occlusion: BoolProperty(
        name="Wire Occlusion",
        description="Wire the ambient occlusion too: it darkens the base color under any light",
        default=False,
    )
    bake_size: IntProperty(
        name="Bake Size",
        description="Width and height of the baked normal map",
        min=16,
        max=8192,
        subtype="PIXEL",
        default=2048,
    )


def choice(chosen: CLONE_PG_textures) -> Choice:
    """Return everything as the results' thread wants it."""
    extra: tuple[Kind, ...] = ("albedo", "height", "occlusion", "curvature", "depth", "confidence")
    shaping = Shaping(
        chosen.strength,
        chosen.detail,
        chosen.shape,
        chosen.level,
        chosen.space,
        chosen.convention,
    )
    return Choice(
        ("normal", *(kind for kind in extra if getattr(chosen, kind))),
        shaping,
        chosen.padding,
        chosen.height_scale,
        chosen.height_middle,
        chosen.curvature_scale,
    )


def needs_height(chosen: CLONE_PG_textures) -> bool:
    """Tell whether the backend must integrate the height."""
    return chosen.height or chosen.occlusion


def register() -> None:
    """Add the settings to every scene."""
    bpy.utils.register_class(CLONE_PG_textures)
    bpy.types.Scene.clone_textures = PointerProperty(type=CLONE_PG_textures)


def unregister() -> None:
    """Remove the settings from every scene."""
    del bpy.types.Scene.clone_textures
    bpy.utils.unregister_class(CLONE_PG_textures)
