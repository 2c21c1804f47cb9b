# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the artist chooses, kept in the scene as ``Scene.clone_normals``."""

import math

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from . import compare, presets, prior_field, showing
from .shared.settings import EstimateSettings
from .sources import SOURCES
from .view_transform import ENCODINGS

DEFAULTS = EstimateSettings()

PROJECTIONS = (
    ("FLAT", "Flat", "A flat texture, or a picture taken from far away (orthographic)"),
    ("FOV", "Field of View", "A photograph taken with a lens of a known field of view"),
    ("CAMERA", "Active Camera", "A picture seen through the scene's active camera"),
)
LIGHTS = (
    ("above", "Above", "The light comes from the top of the picture, as outdoors and in rooms"),
    ("left", "Left", "The light comes from the left of the picture"),
    ("right", "Right", "The light comes from the right of the picture"),
    ("below", "Below", "The light comes from the bottom of the picture"),
)
STARTS = (
    ("auto", "Trained Model", "What the model sees in the picture"),
    ("inflation", "Outline", "Only inflate the outline of the mask or alpha like a balloon"),
    ("shading", "Shading", "Only read a relief from bright and dark"),
    ("flat", "Flat", "Start from a flat surface"),
)


class CLONE_PG_settings(bpy.types.PropertyGroup):
    """Everything the panel offers."""

    image: PointerProperty(
        type=bpy.types.Image,
        name="Image",
        description="The picture to estimate normals from, where no Image Editor shows one",
    )
    source: EnumProperty(
        items=SOURCES,
        name="Source",
        description="Where the picture comes from",
        default="SHOWN",
    )
    encoding: EnumProperty(
        items=ENCODINGS,
        name="Encoding",
        description="What an sRGB picture went through when it was saved; it is undone first",
        default="IMAGE",
    )
    sequence_folder: StringProperty(
        name="Folder",
        description="Where the normal maps of a sequence go; empty for beside its frames",
        subtype="DIR_PATH",
    )
    steadiness: FloatProperty(
        name="Steadiness",
        description="How far a frame's normals follow the frame before where nothing changes",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.0,
    )
    mask: PointerProperty(
        type=bpy.types.Image,
        name="Mask",
        description="White where the object is; without one, the picture's alpha is used",
    )
    projection: EnumProperty(
        items=PROJECTIONS,
        name="Projection",
        description="How the picture was taken",
        default="FLAT",
    )
    fov: FloatProperty(
        name="Field of View",
        description="Horizontal field of view of the whole picture",
        subtype="ANGLE",
        min=math.radians(1),
        max=math.radians(150),
        default=math.radians(50),
    )
    light_from: EnumProperty(
        items=LIGHTS,
        name="Light From",
        description=(
            "From which side the picture is lit. It tells bumps from dents: if the relief came "
            "out inside out, choose another side"
        ),
        default=DEFAULTS.light_from,
    )
    seamless: BoolProperty(
        name="Seamless",
        description=(
            "The picture tiles: its right edge goes on at its left and its bottom at its top. The "
            "results then tile as well"
        ),
        default=DEFAULTS.seamless,
    )
    preset: EnumProperty(
        items=presets.ITEMS,
        name="Preset",
        description="How fine the estimate is, and so how long it takes",
        get=presets.chosen_preset,
        set=presets.choose_preset,
    )
    refine: BoolProperty(
        name="Refine",
        description=(
            "Go on until the answer re-renders the picture as well as it can, and watch it do so. "
            "It fits the picture better; the normals are, on average, no more accurate"
        ),
        get=presets.refines,
        set=presets.choose_refine,
    )
    steps: IntProperty(
        name="Refine Steps",
        description=(
            "Turns of the loop that pulls the answer toward re-rendering the picture. "
            "0 is fastest and, on average, as accurate"
        ),
        min=0,
        max=10_000,
        soft_max=500,
        default=DEFAULTS.steps,
    )
    size: IntProperty(
        name="Working Size",
        description="Longest side, in pixels, of the grid of Gaussians the loop works on",
        min=16,
        max=2048,
        default=DEFAULTS.size,
    )
    start: EnumProperty(
        items=STARTS,
        name="Start",
        description="Where the geometry comes from before the loop refines it",
        default=DEFAULTS.start,
    )
    prior: StringProperty(
        name="Prior",
        description=(
            "Name of an external model that gives the shape, installed where the backend "
            "computes; the add-on's preferences fetch one. Empty for none"
        ),
        search=prior_field.suggested,
    )
    add_card: BoolProperty(
        name="Relightable Card",
        description="Add a plane with the picture's colors and normals that any light can relight",
        default=True,
    )
    add_gaussians: BoolProperty(
        name="Gaussians",
        description="Add the Gaussians as a point cloud",
        default=True,
    )
    show_as: EnumProperty(
        items=showing.WAYS,
        name="Show As",
        description="How Gaussians are shown, the cloud below and those to come",
        default="NODES",
        update=showing.follow,
    )
    add_sun: BoolProperty(
        name="Recovered Sun",
        description="Add a sun that shines as in the picture, where the picture shows it",
        default=True,
    )
    add_mesh: BoolProperty(
        name="Surface",
        description="Add the depth map as a mesh that any light can relight",
        default=False,
    )
    mesh_side: IntProperty(
        name="Surface Points",
        description="Most vertices along the longest side of the surface",
        min=2,
        max=1024,
        soft_max=512,
        default=256,
    )
    add_world: BoolProperty(
        name="Recovered World",
        description=(
            "Give the scene a new world that shines as the picture's surroundings, "
            "where the picture shows its light"
        ),
        default=False,
    )
    add_compare: BoolProperty(
        name="Comparison",
        description="Add an image with the input on the left and the re-rendered on the right",
        default=False,
    )
    compare_split: FloatProperty(
        name="Split",
        description="Where the input ends and the re-rendered picture begins",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.5,
        update=compare.follow_slider,
    )


def register() -> None:
    """Add the settings to every scene."""
    bpy.utils.register_class(CLONE_PG_settings)
    bpy.types.Scene.clone_normals = PointerProperty(type=CLONE_PG_settings)


def unregister() -> None:
    """Remove the settings from every scene."""
    del bpy.types.Scene.clone_normals
    bpy.utils.unregister_class(CLONE_PG_settings)
