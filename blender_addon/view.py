# SPDX-License-Identifier: GPL-3.0-or-later
"""How a picture is placed in the scene: its projection, and camera space to Blender's space."""

import math
from dataclasses import dataclass

import bpy
import numpy as np

from .shared.settings import EstimateSettings

CARD_SIDE = 2.0
"""Longest side of a card, in metres."""
STANDING = (math.pi / 2, 0.0, 0.0)
"""Euler angles that turn camera space x right, y up, z toward the viewer to x, z, −y."""


class UnusableCamera(Exception):
    """The active camera cannot have taken a picture; the text says why and what to do."""


@dataclass(frozen=True)
class Projection:
    """What the backend is told about the lens."""

    fov_degrees: float = 0.0
    principal: tuple[float, float] = (0.5, 0.5)


def camera_projection(scene: bpy.types.Scene) -> Projection:
    """Read field of view and principal point off the scene's active camera.

    Raises:
        UnusableCamera: when there is none, or it is panoramic.
    """
    if scene.camera is None:
        raise UnusableCamera(
            "The scene has no active camera. Add one, or choose another projection."
        )
    camera = scene.camera.data
    if camera.type == "PANO":
        raise UnusableCamera(
            "The active camera is panoramic. Use a perspective one, or choose another projection."
        )
    corners = np.array([tuple(corner) for corner in camera.view_frame(scene=scene)])
    left, bottom = corners[:, :2].min(axis=0)
    width, height = np.ptp(corners[:, :2], axis=0)
    principal = (float(-left / width), float((bottom + height) / height))
    if camera.type == "ORTHO":
        return Projection(0.0, principal)
    fov = 2.0 * math.atan(width / 2.0 / -corners[0, 2])
    return Projection(math.degrees(fov), principal)


def card_size(height: int, width: int) -> tuple[float, float]:
    """Return the width and height of the card that shows a picture, in metres."""
    unit = CARD_SIDE / max(height, width)
    return width * unit, height * unit


def card_units(
    settings: EstimateSettings, height: int, width: int
) -> tuple[float, tuple[float, float]]:
    """Return the factor from camera space to metres, and the picture's centre in camera space."""
    card_width, _ = card_size(height, width)
    if settings.fov_degrees:
        across = 2.0 * math.tan(math.radians(settings.fov_degrees) / 2.0)  # at depth 1
    else:
        across = width  # the unit is a pixel of the picture
    px, py = settings.principal
    return card_width / across, ((0.5 - px) * across, (py - 0.5) * across * height / width)
