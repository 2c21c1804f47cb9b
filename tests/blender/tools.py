"""What several Blender tests look at."""

import math
import struct
import threading
import zlib
from types import SimpleNamespace

import bpy
import numpy as np

NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 4)).astype(np.float32) / 255.0
PHOTO = NOISE[..., :3]
HALF = 2.0**-12
"""The most that a half float strays from a value between 0 and 1."""


def with_nodes(data):
    """Give a new material or world its nodes, which it has by itself since Blender 5.0."""
    if bpy.app.version < (5, 0):
        data.use_nodes = True
    return data


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


def lasting_threads():
    """Return the names of the add-on's threads but those that end within a moment."""
    ours = [thread for thread in threading.enumerate() if "CLONE" in thread.name]
    for thread in ours:
        thread.join(1.0)
    return {thread.name for thread in ours if thread.is_alive()}


def points_shown():
    """Return the numbers of points of the point clouds that the scene shows."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    return [
        len(instance.object.data.points)
        for instance in graph.object_instances
        if instance.object.type == "POINTCLOUD"
    ]


def render(name, size=32):
    """Render what the scene's camera sees, as linear (size, size, 3) floats."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 32, False
    scene.render.threads_mode, scene.render.threads = "FIXED", 2
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = f"{bpy.app.tempdir}{name}.exr"
    bpy.ops.render.render(write_still=True)
    return pixels(bpy.data.images.load(scene.render.filepath).name)[..., :3]


def rendered_scene():
    """Render a scene of one color that shines (2, 0.5, 0.25) all over; return it."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 40, 24
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.world = bpy.data.worlds.new("sky")
    with_nodes(scene.world)
    sky = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    sky.inputs["Color"].default_value = (2.0, 0.5, 0.25, 1.0)
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render()
    assert bpy.data.images["Render Result"].type == "RENDER_RESULT"
    return scene


def look_at_the_card():
    scene, camera = bpy.context.scene, bpy.data.cameras.new("camera")
    camera.type, camera.ortho_scale = "ORTHO", 2.0
    scene.camera = bpy.data.objects.new("camera", camera)
    scene.collection.objects.link(scene.camera)
    scene.camera.location, scene.camera.rotation_euler = (0, -3, 0), (math.pi / 2, 0, 0)


class Layout:
    """Notes what is drawn, and knows what Blender would not accept."""

    def __init__(self):
        self.buttons, self.labels, self.fields = [], [], []
        self.given = []

    def __getattr__(self, name):
        assert name in {"row", "column", "box", "split", "template_icon"}, name
        return lambda *_, **__: self

    def operator(self, name, text="", icon="NONE", emboss=True):
        category, verb = name.split(".")
        getattr(getattr(bpy.ops, category), verb).get_rna_type()  # KeyError when there is none
        self._known(icon)
        self.buttons.append(text or name)
        self.given.append(SimpleNamespace())
        return self.given[-1]

    def label(self, text="", icon="NONE", translate=True):
        self._known(icon)
        self.labels.append(text)

    def prop(self, data, name, icon="NONE", emboss=True, placeholder=""):
        assert name in data.bl_rna.properties
        self._known(icon)
        self.fields.append(name)

    def progress(self, factor, text):
        assert 0.0 <= factor <= 1.0
        self.labels.append(text)

    @staticmethod
    def _known(icon):
        parameters = bpy.types.UILayout.bl_rna.functions["label"].parameters
        assert icon in parameters["icon"].enum_items


def png(values):
    """Encode (H, W) or (H, W, 3) values of 0..1 with 16 bits."""
    height, width = values.shape[:2]
    whole = np.rint(values.astype(np.float64) * 65535).astype(">u2").reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in whole)
    kind = 0 if values.ndim == 2 else 2
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
