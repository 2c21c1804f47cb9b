# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished estimate becomes Blender data; running again refreshes the same data."""

from dataclasses import dataclass

import bpy
import numpy as np

from . import images, light, material, points, view
from .task import Estimate

GAP = 0.25
"""Between the card and the cloud, in metres."""


@dataclass(frozen=True)
class Wanted:
    """Which results go into the scene besides the normal map."""

    card: bool = True
    gaussians: bool = True
    sun: bool = True


def import_estimate(estimate: Estimate, wanted: Wanted) -> bpy.types.Image:
    """Make or refresh everything wanted; return the normal map."""
    name, arrays = estimate.task.name, estimate.arrays
    height, width = arrays["normals"].shape[:2]
    normal = images.write(
        images.result_name(name, "_normal"), _encoded(arrays["normals"]), "Non-Color"
    )
    if wanted.card:
        _add_card(estimate, normal)
    if wanted.gaussians:
        metres, centre = view.card_units(estimate.task.settings, height, width)
        attributes = points.attributes_of(arrays, metres, centre)
        beside = view.card_size(height, width)[0] + GAP
        points.cloud(images.result_name(name, "_gaussians"), attributes, beside)
    if wanted.sun and estimate.report.light.determined:
        light.sun(images.result_name(name, "_sun"), estimate.report.light)
    return normal


def _add_card(estimate: Estimate, normal: bpy.types.Image) -> None:
    name, albedo = estimate.task.name, estimate.arrays["albedo"]
    painted = images.write(
        images.result_name(name, "_albedo"),
        images.with_alpha(albedo, _coverage(estimate)),
        "Linear Rec.709",
    )
    surface = material.relightable_material(
        images.result_name(name, " relightable"), painted, normal
    )
    material.card(images.result_name(name, "_card"), view.card_size(*albedo.shape[:2]), surface)


def _encoded(normals: np.ndarray) -> np.ndarray:
    """Return normals as the colors of a normal map, with alpha 1."""
    encoded = normals * np.float32(0.5)
    encoded += np.float32(0.5)
    return images.with_alpha(encoded, 1.0)


def _coverage(estimate: Estimate) -> np.ndarray:
    """Return where the picture shows its object: the mask, else the alpha, else everywhere."""
    sent = estimate.task.arrays
    picture = sent["picture"]
    if "mask" in sent:
        return sent["mask"].astype(np.float32) / 255.0
    if picture.shape[2] == 4:
        alpha = picture[..., 3].astype(np.float32)
        return alpha / 255.0 if picture.dtype == np.uint8 else alpha
    return np.ones(picture.shape[:2], np.float32)
