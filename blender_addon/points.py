# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gaussians as a point cloud: a mesh with point attributes, shown by Geometry Nodes."""

from collections.abc import Generator, Mapping

import bpy
import numpy as np

from . import view
from .gaussian_nodes import SHARED_NAME, gaussians_group
from .objects import mesh_to_fill, place_object
from .splats import Splats

KEYS = {"FLOAT": "value", "QUATERNION": "value", "FLOAT_VECTOR": "vector", "FLOAT_COLOR": "color"}
WIDTHS = {"FLOAT": 1, "QUATERNION": 4, "FLOAT_VECTOR": 3, "FLOAT_COLOR": 4}

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


def splats_of(data: bpy.types.Mesh | bpy.types.PointCloud) -> Splats:
    """Read Gaussians back out of a mesh or a point cloud with their attributes."""
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
    wanted = {"normal": "FLOAT_VECTOR", "scale": "FLOAT_VECTOR", "rotation": "QUATERNION"}
    wanted |= {"Col": "FLOAT_COLOR", "opacity": "FLOAT"}
    found = {item.name: item.data_type for item in thing.data.attributes if item.domain == "POINT"}
    return wanted.items() <= found.items()


def cloud_slices(
    name: str, attributes: Attributes, beside: float
) -> Generator[None, None, bpy.types.Object]:
    """Show the points, standing as the card does and that far to its right, a slice at a time."""
    mesh = mesh_to_fill(name)
    yield from fill_slices(mesh, attributes)
    thing = place_object(name, mesh, location=(beside, 0.0, 0.0), rotation=view.STANDING)
    show_as_gaussians(thing)
    return thing


def fill_slices(mesh: bpy.types.Mesh, attributes: Attributes) -> Generator[None, None, None]:
    """Make the mesh consist of these points, a slice at a time."""
    mesh.clear_geometry()
    mesh.vertices.add(len(attributes["position"][1]))
    for attribute, (kind, values) in attributes.items():
        _write_attribute(mesh, attribute, kind, values)
        yield
    mesh.update()


def show_as_gaussians(thing: bpy.types.Object) -> None:
    """Give an object with the attributes of Gaussians the modifier that shows them."""
    modifier = thing.modifiers.get(SHARED_NAME) or thing.modifiers.new(SHARED_NAME, "NODES")
    modifier.node_group = gaussians_group()


def _write_attribute(mesh: bpy.types.Mesh, name: str, kind: str, values: np.ndarray) -> None:
    attribute = mesh.attributes.get(name)
    if attribute is not None and (attribute.data_type, attribute.domain) != (kind, "POINT"):
        mesh.attributes.remove(attribute)
        attribute = None
    attribute = attribute or mesh.attributes.new(name, kind, "POINT")
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    attribute.data.foreach_set(KEYS[kind], flat)


def _read_attribute(data: bpy.types.Mesh | bpy.types.PointCloud, name: str) -> np.ndarray:
    attribute = data.attributes[name]
    width = WIDTHS[attribute.data_type]
    values = np.empty(len(attribute.data) * width, np.float32)
    attribute.data.foreach_get(KEYS[attribute.data_type], values)
    return values.reshape(-1, width)
