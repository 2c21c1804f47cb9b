# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovered light as a sun in the scene."""

import math

import bpy
from mathutils import Euler, Vector

from . import ours, view
from .objects import place_object
from .shared.messages import Light


def sun(name: str, light: Light) -> bpy.types.Object:
    """Aim a sun so that the card is lit as the picture was; an existing one is aimed again."""
    data = ours.find(bpy.data.lights, name)
    if data is None or data.type != "SUN":
        data = ours.mark(bpy.data.lights.new(name, "SUN"))
    brightest = max(light.sun_colour)
    data.color = [value / brightest for value in light.sun_colour] if brightest > 0 else (1, 1, 1)
    data.energy = math.pi * brightest  # Blender's diffuse surfaces divide by π, the model does not
    thing = place_object(name, data, location=(0.0, -2.0, 2.0))
    toward = Euler(view.STANDING).to_matrix() @ Vector(light.sun_direction)
    thing.rotation_mode = "XYZ"
    thing.rotation_euler = toward.to_track_quat("Z", "Y").to_euler()  # a sun shines down its −z
    return thing
