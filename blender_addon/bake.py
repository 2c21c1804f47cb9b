# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh and the camera before it, read out of Blender for baking; the result is an image again."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

from . import exr, images, lineage, normal_nodes, sources
from .images import UnusableImage
from .projection_bake import Frame, Surface, bake
from .results import on_a_thread
from .view import UnusableCamera

SHAPE_TOLERANCE = 0.01
"""How much the camera's picture and the image may differ in width to height, as a share."""


class Unbakeable(Exception):
    """The object cannot be baked to; the text says why and what to do."""


@dataclass(frozen=True)
class Bake:
    """Everything that is baked, read out of Blender."""

    name: str
    picture: str
    """What the picture is called."""
    surface: Surface
    frame: Frame
    colors: np.ndarray
    """(H, W, 4) of the picture's normal map, rows top to bottom."""
    seen_downward: bool
    """Whether the picture's green points down."""
    size: int
    padding: int
    downward: bool
    """Whether the result's green points down."""


def read(context: bpy.types.Context, name: str) -> Bake:
    """Read the active object, the scene's camera and an image's normal map.

    Raises:
        Unbakeable: when the object is no mesh or has no UV map.
        UnusableCamera: when there is no camera that could have taken the picture.
        UnusableImage: when there is no normal map, or of another shape than the camera's picture.
    """
    scene, thing = context.scene, context.view_layer.objects.active
    image = bpy.data.images.get((images.result_name(name, "_normal"), None))
    if image is None or not image.size[0] or not image.is_float:
        raise UnusableImage(f"There is no normal map of “{name}” yet. Estimate it first.")
    frame = frame_of(scene)
    wide, wanted = image.size[0] / image.size[1], frame.width / frame.height
    if abs(wide / wanted - 1.0) > SHAPE_TOLERANCE:
        raise UnusableImage(
            f"The image “{image.name}” is {wide:.3g} times as wide as high, the camera's picture "
            f"{wanted:.3g} times. Set the scene's resolution to the picture's."
        )
    chosen = scene.clone_textures
    return Bake(
        result_name(thing.name, image) if thing is not None else "",
        name,
        surface_of(thing, scene.camera, context.evaluated_depsgraph_get()),
        frame,
        images.read(image).values,
        normal_nodes.convention_of(image) == "DIRECTX",
        chosen.bake_size,
        chosen.padding,
        chosen.convention == "DIRECTX",
    )


def bake_slices(wanted: Bake) -> Generator[None, None, bpy.types.Image]:
    """Bake beside Blender, and show the result.

    Raises:
        Unbakeable: when the camera sees nothing of the object's front.
    """
    file = yield from on_a_thread(partial(_file, wanted))
    if file is None:
        raise Unbakeable(
            "The camera sees no front of the object inside its UV map. Point the camera at it as "
            "the photograph was taken, and check the direction of its faces."
        )
    image = images.show(wanted.name, file, "data")
    normal_nodes.mark(image, "DIRECTX" if wanted.downward else "OPENGL")
    lineage.mark(image, sources.picture_named(wanted.picture), wanted.picture)
    return image


def result_name(thing: str, seen: bpy.types.Image) -> str:
    """Return what the map of an object is called, never as the picture's map that it is made of."""
    name = images.result_name(thing, "_normal")
    return name if name != seen.name else images.result_name(thing, "_baked_normal")


def frame_of(scene: bpy.types.Scene) -> Frame:
    """Return what the scene's camera shows.

    Raises:
        UnusableCamera: when there is none, or it is panoramic.
    """
    if scene.camera is None or scene.camera.data.type == "PANO":
        raise UnusableCamera(
            "Baking needs the camera that took the picture, perspective or orthographic. Make it "
            "the scene's active camera."
        )
    corners = np.array([tuple(corner) for corner in scene.camera.data.view_frame(scene=scene)])
    perspective = scene.camera.data.type == "PERSP"
    if perspective:
        corners = corners / -corners[:, 2:]
    left, bottom = corners[:, :2].min(axis=0)
    width, height = np.ptp(corners[:, :2], axis=0)
    return Frame(float(left), float(bottom), float(width), float(height), perspective)


def surface_of(
    thing: bpy.types.Object | None, camera: bpy.types.Object, graph: bpy.types.Depsgraph
) -> Surface:
    """Read an object's mesh, with its modifiers, as the camera sees it.

    Raises:
        Unbakeable: when it is no mesh or has no UV map.
    """
    if thing is None or thing.type != "MESH":
        raise Unbakeable("The active object is no mesh. Select the mesh to bake to.")
    to_camera = Matrix(camera.matrix_world).normalized().inverted() @ thing.matrix_world
    with _tangent_mesh(thing, graph) as mesh:
        loops = _read(mesh.loop_triangles, "loops", 3, np.int32)
        vertices = _read(mesh.loops, "vertex_index", 1, np.int32)[:, 0]
        places = _read(mesh.vertices, "co", 3)[vertices]
        matrix = np.array(to_camera)
        turn = matrix[:3, :3]
        return Surface(
            places=(places @ turn.T + matrix[:3, 3])[loops],
            uvs=_read(mesh.uv_layers.active.data, "uv", 2)[loops],
            normals=_read(mesh.corner_normals, "vector", 3)[loops],
            tangents=_read(mesh.loops, "tangent", 3)[loops],
            signs=_read(mesh.loops, "bitangent_sign", 1)[loops[:, 0], 0],
            to_object=turn.T,  # normals go by the inverse transpose, here the other way
            mirrored=bool(np.linalg.det(turn) < 0.0),
        )


@contextmanager
def _tangent_mesh(thing: bpy.types.Object, graph: bpy.types.Depsgraph) -> Iterator[bpy.types.Mesh]:
    """Lend a copy of the evaluated mesh with tangents, which polygons of 5 corners cannot have."""
    mesh = bpy.data.meshes.new_from_object(
        thing.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
    )
    try:
        if mesh.uv_layers.active is None:
            raise Unbakeable(f"“{thing.name}” has no UV map. Unwrap it first.")
        if any(len(polygon.vertices) > 4 for polygon in mesh.polygons):
            _cut_polygons(mesh)
        mesh.calc_loop_triangles()
        mesh.calc_tangents(uvmap=mesh.uv_layers.active.name)
        yield mesh
    finally:
        bpy.data.meshes.remove(mesh)


def _cut_polygons(mesh: bpy.types.Mesh) -> None:
    cut = bmesh.new()
    try:
        cut.from_mesh(mesh)
        large = [face for face in cut.faces if len(face.verts) > 4]
        bmesh.ops.triangulate(cut, faces=large)
        cut.to_mesh(mesh)
    finally:
        cut.free()


def _read(
    items: bpy.types.bpy_prop_collection, key: str, width: int, kind: type = np.float32
) -> np.ndarray:
    values: np.ndarray = np.empty(len(items) * width, kind)
    items.foreach_get(key, values)
    return values.reshape(-1, width)


def _file(wanted: Bake) -> bytes | None:
    seen = wanted.colors[..., :3] * np.float32(2.0) - np.float32(1.0)
    if wanted.seen_downward:
        seen[..., 1] *= -1.0
    baked = bake(wanted.surface, wanted.frame, seen, wanted.size, wanted.padding)
    if baked is None:
        return None
    if wanted.downward:
        baked[..., 1] *= -1.0
    return exr.encode(baked * np.float32(0.5) + np.float32(0.5))
