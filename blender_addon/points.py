# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gaussians as points with attributes: a mesh that Geometry Nodes show, or Blender's splats."""

from collections.abc import Generator, Mapping
from typing import TypeAlias

import bpy
import numpy as np

from . import ours, view
from .gaussian_nodes import SHARED_NAME, gaussians_group
from .objects import exchange, mesh_to_fill, place_object, splats_to_fill
from .splats import Splats, colours_of, harmonic

KEYS = {
    "FLOAT": "value", "QUATERNION": "value", "FLOAT_VECTOR": "vector", "FLOAT_COLOR": "color",
    "FLOAT4": "vector",
}  # fmt: skip
WIDTHS = {"FLOAT": 1, "QUATERNION": 4, "FLOAT_VECTOR": 3, "FLOAT_COLOR": 4, "FLOAT4": 4}
SHAPE = {"scale": "FLOAT_VECTOR", "rotation": "QUATERNION"}
OWN = SHAPE | {"normal": "FLOAT_VECTOR", "Col": "FLOAT_COLOR", "opacity": "FLOAT"}
RADIANCE, HARMONIC = "radiance:base", "radiance:sh_"
NATIVE = SHAPE | {RADIANCE: "FLOAT4"}
"""What makes an object a cloud: with the attributes of ours, or with those of Blender's splats."""
CARRIED = ("position", "scale", "rotation", "normal", "confidence")
"""Attributes that both have; the others follow from the radiance."""

Cloud: TypeAlias = bpy.types.Mesh | bpy.types.PointCloud
Attributes = Mapping[str, tuple[str, np.ndarray]]
"""Every point attribute by name: its type and its values."""


def attributes_of(
    arrays: Mapping[str, np.ndarray], metres: float, centre: tuple[float, float]
) -> Attributes:
    """Return an estimate's point attributes, positions centred on the picture in metres."""
    means = arrays["means"]
    middle = np.array([*centre, np.median(means[:, 2]) if len(means) else 0.0])
    splats = Splats(
        means=(means - middle) * metres,
        normals=arrays["gaussian_normals"],
        colours=arrays["colours"],
        opacities=arrays["opacities"],
        scales=arrays["scales"] * metres,
        quats=arrays["quats"],
    )
    attributes = splat_attributes(splats)
    if "gaussian_confidence" in arrays:  # a PLY file has none
        attributes["confidence"] = ("FLOAT", arrays["gaussian_confidence"])
    return attributes


def splat_attributes(splats: Splats) -> dict[str, tuple[str, np.ndarray]]:
    """Return the point attributes of Gaussians."""
    return {
        "position": ("FLOAT_VECTOR", splats.means),
        "radius": ("FLOAT", splats.scales.max(axis=1, initial=0.0)),
        "Col": ("FLOAT_COLOR", np.column_stack([splats.colours, splats.opacities])),
        "normal": ("FLOAT_VECTOR", splats.normals),
        "opacity": ("FLOAT", splats.opacities),
        "scale": ("FLOAT_VECTOR", splats.scales),
        "rotation": ("QUATERNION", splats.quats),
    }


def splats_of(data: Cloud) -> Splats:
    """Read Gaussians back out of a mesh or a point cloud with their attributes."""
    if RADIANCE in data.attributes:
        return _native_splats_of(data)
    color = _read_attribute(data, "Col")
    return Splats(
        means=_read_attribute(data, "position"),
        normals=_read_attribute(data, "normal"),
        colours=color[:, :3],
        opacities=_read_attribute(data, "opacity")[:, 0],
        scales=_read_attribute(data, "scale"),
        quats=_read_attribute(data, "rotation"),
    )


def holds_gaussians(thing: bpy.types.Object | None) -> bool:
    """Tell whether an object is a cloud, by its attributes."""
    if thing is None or thing.type not in {"MESH", "POINTCLOUD"}:
        return False
    found = {item.name: item.data_type for item in thing.data.attributes if item.domain == "POINT"}
    return OWN.items() <= found.items() or NATIVE.items() <= found.items()


def is_native(thing: bpy.types.Object) -> bool:
    """Tell whether Blender draws a cloud as splats of its own."""
    return thing.type == "POINTCLOUD" and RADIANCE in thing.data.attributes


def cloud_slices(
    name: str, attributes: Attributes, beside: float, native: bool
) -> Generator[None, None, bpy.types.Object]:
    """Show the points, standing as the card does and that far to its right, a slice at a time."""
    data = splats_to_fill(name) if native else mesh_to_fill(name)
    yield from fill_slices(data, attributes)
    shown = ours.find(bpy.data.objects, name)
    editable = shown is not None and holds_gaussians(shown) and shown.mode != "EDIT"
    if editable and is_native(shown) != native:
        exchange(shown, data)
    thing = place_object(name, data, location=(beside, 0.0, 0.0), rotation=view.STANDING)
    show_as_gaussians(thing)
    return thing


def fill_slices(data: Cloud, attributes: Attributes) -> Generator[None, None, None]:
    """Make a mesh or a point cloud consist of these points, a slice at a time."""
    count = len(attributes["position"][1])
    if isinstance(data, bpy.types.PointCloud):
        data.resize(count)
        data.type = "GAUSSIAN_SPLAT"
        attributes = native_attributes(attributes)
    else:
        data.clear_geometry()
        data.vertices.add(count)
    for attribute, (kind, values) in attributes.items():
        _write_attribute(data, attribute, kind, values)
        yield
    data.update_tag()


def new_data(name: str, native: bool) -> Cloud:
    """Return new data for a cloud: a point cloud of Blender's splats, or a mesh."""
    return (bpy.data.pointclouds if native else bpy.data.meshes).new(name)


def turn(thing: bpy.types.Object, native: bool) -> bpy.types.Object:
    """Show a cloud in the other way; return what stands in its place."""
    attributes = splat_attributes(splats_of(thing.data))
    if "confidence" in thing.data.attributes:
        confidence = _read_attribute(thing.data, "confidence")[:, 0]
        attributes["confidence"] = ("FLOAT", confidence)
    data = new_data(thing.name, native)
    for _ in fill_slices(data, attributes):
        pass
    other = exchange(thing, data)
    show_as_gaussians(other)
    return other


def native_attributes(attributes: Attributes) -> dict[str, tuple[str, np.ndarray]]:
    """Return the attributes of Blender's splats: colors for display, opacity beside them."""
    color = attributes["Col"][1]
    radiance = np.column_stack([harmonic(color[:, :3]), color[:, 3]])
    carried = {name: attributes[name] for name in CARRIED if name in attributes}
    return carried | {RADIANCE: ("FLOAT4", radiance)}


def show_as_gaussians(thing: bpy.types.Object) -> None:
    """Give a mesh with the attributes of Gaussians the modifier that shows them."""
    if thing.type != "MESH":
        return
    modifier = thing.modifiers.get(SHARED_NAME) or thing.modifiers.new(SHARED_NAME, "NODES")
    modifier.node_group = gaussians_group()


def _native_splats_of(data: Cloud) -> Splats:
    """Read Blender's splats; those without normals are of another program."""
    radiance, means = _read_attribute(data, RADIANCE), _read_attribute(data, "position")
    foreign = "normal" not in data.attributes
    names = [f"{HARMONIC}{index}" for index in range(15)]
    rest = [_read_attribute(data, name) for name in names if name in data.attributes]
    return Splats(
        means=means,
        normals=np.zeros_like(means) if foreign else _read_attribute(data, "normal"),
        colours=colours_of(radiance[:, :3]),
        opacities=radiance[:, 3],
        scales=_read_attribute(data, "scale"),
        quats=_read_attribute(data, "rotation"),
        harmonics=np.stack(rest, axis=1) if rest else None,
        foreign=foreign,
    )


def _write_attribute(data: Cloud, name: str, kind: str, values: np.ndarray) -> None:
    attribute = data.attributes.get(name)
    if attribute is not None and (attribute.data_type, attribute.domain) != (kind, "POINT"):
        data.attributes.remove(attribute)
        attribute = None
    attribute = attribute or data.attributes.new(name, kind, "POINT")
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    attribute.data.foreach_set(KEYS[kind], flat)


def _read_attribute(data: Cloud, name: str) -> np.ndarray:
    attribute = data.attributes[name]
    width = WIDTHS[attribute.data_type]
    values = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get(KEYS[attribute.data_type], values)
    return values.reshape(-1, width)
