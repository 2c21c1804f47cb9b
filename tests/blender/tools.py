"""What several Blender tests look at."""

import bpy
import numpy as np

NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 4)).astype(np.float32) / 255.0
PHOTO = NOISE[..., :3]
HALF = 2.0**-12
"""The most that a half float strays from a value between 0 and 1."""


def estimate(name="photo"):
    """Run the operator as a script does."""
    return bpy.ops.image.clone_estimate_normals(image_name=name)


def pixels(name):
    """Return an image's values, rows top to bottom."""
    image = bpy.data.images[name]
    width, height = image.size
    values = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, 4)[::-1]


def attribute(mesh, name, kind):
    """Return a point attribute's values, after checking its type."""
    found = mesh.attributes[name]
    assert (found.data_type, found.domain) == (kind, "POINT")
    key = {"FLOAT_VECTOR": "vector", "FLOAT_COLOR": "color"}.get(kind, "value")
    width = {"FLOAT_VECTOR": 3, "FLOAT_COLOR": 4, "QUATERNION": 4}.get(kind, 1)
    values = np.empty(len(found.data) * width, np.float32)
    found.data.foreach_get(key, values)
    return values.reshape(-1, width) if width > 1 else values


def names():
    """Return the names of everything in the file that an estimate makes."""
    kinds = ("images", "materials", "meshes", "objects", "lights", "node_groups")
    return {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in kinds}


def points_shown():
    """Return the numbers of points of the point clouds that the scene shows."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    return [
        len(instance.object.data.points)
        for instance in graph.object_instances
        if instance.object.type == "POINTCLOUD"
    ]
