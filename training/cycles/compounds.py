"""Compound things: solids stuck together or melted into one, and plates of a free outline.

Hundreds of things that share no template teach that shading, not the kind of thing, tells shape;
compositions of primitives are what photometric stereo has long been taught on (Xu et al. 2018,
Deep image-based relighting from optimal sparse samples).
"""

import math
from random import Random

import bmesh
import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from training.cycles.meshes import linked, waves

RADIUS = 1.0
MIRROR = Matrix.Scale(-1, 4, Vector((0, 1, 0)))


def assembly(dice: Random) -> bpy.types.Object:
    """Stick solids together: at random, in two halves alike, or around an axis."""
    mesh = bmesh.new()
    copies = _symmetry(dice)
    seat = Vector((0, 0, 0))
    for size in [1.0] + [dice.uniform(0.25, 0.9) for _ in range(dice.randint(1, 6))]:
        place = Matrix.Translation(seat) @ _turn(dice).to_matrix().to_4x4()
        stretch = Matrix.Diagonal((*(size * dice.uniform(0.25, 0.7) for _ in range(3)), 1))
        for copy in copies:
            _solid(dice, mesh, copy @ place @ stretch)
        mesh.verts.ensure_lookup_table()
        seat = dice.choice(mesh.verts).co * dice.uniform(0.6, 1.0)
    thing = _finished("assembly", mesh)
    if dice.random() < 0.5:
        _melt(dice, thing)
    else:
        thing.data.set_sharp_from_angle(angle=0.6)
    return thing


def plate(dice: Random) -> bpy.types.Object:
    """Cut a free outline out of thick material, its rim sharp, bevelled or round."""
    turn = np.linspace(0, math.tau, dice.choice([5, 7, 48, 48, 96]), endpoint=False)
    swing = sum(
        dice.uniform(0, 0.35) / wave * np.cos(wave * turn + dice.uniform(0, math.tau))
        for wave in range(1, dice.randint(3, 7))
    )
    radius = np.maximum(0.7 + swing, 0.15)
    half = dice.uniform(0.04, 0.35)
    mesh = bmesh.new()
    rim = [
        mesh.verts.new((r * math.cos(a), r * math.sin(a), -half))
        for r, a in zip(radius, turn, strict=True)
    ]
    grown = bmesh.ops.extrude_face_region(mesh, geom=[mesh.faces.new(rim)])["geom"]
    top = [part for part in grown if isinstance(part, bmesh.types.BMVert)]
    bmesh.ops.translate(mesh, verts=top, vec=(0, 0, 2 * half))
    thing = _finished("plate", mesh)
    bevel = thing.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments, bevel.limit_method = dice.uniform(0.005, half), 4, "ANGLE"
    thing.data.set_sharp_from_angle(angle=0.6)
    return thing


def bust(dice: Random) -> bpy.types.Object:
    """Model a lump with ridges, sockets and folds, its two sides alike."""
    mesh = bmesh.new()
    bmesh.ops.create_icosphere(mesh, subdivisions=6, radius=1.0)
    points = np.array([vertex.co for vertex in mesh.verts])
    points *= [dice.uniform(0.5, 0.8) for _ in range(3)]
    for _ in range(dice.randint(6, 16)):
        points += _pressed(dice, points)
    around, along = np.abs(points[:, 1]), points[:, 2]
    swell = 1 + dice.uniform(0, 0.08) * waves(dice, around, along, 3, 0.6)
    for vertex, point in zip(mesh.verts, points * swell[:, None], strict=True):
        vertex.co = point
    return _finished("bust", mesh)


def _pressed(dice: Random, points: np.ndarray) -> np.ndarray:
    """Return how far a thumb (or what the clay gives back) moves a surface, on both sides."""
    seat = points[dice.randrange(len(points))]
    depth, width = dice.uniform(-0.25, 0.3), dice.uniform(0.08, 0.4)
    moved = np.zeros_like(points)
    for mirror in ((1, 1, 1), (1, -1, 1)):
        centre = seat * mirror
        near = np.exp(-np.square((points - centre) / width).sum(-1))
        moved += depth * near[:, None] * centre / max(float(np.linalg.norm(centre)), 1e-3)
    return moved


def _symmetry(dice: Random) -> list[Matrix]:
    kind = dice.random()
    if kind < 0.4:
        return [Matrix.Identity(4)]
    if kind < 0.75:
        return [Matrix.Identity(4), MIRROR]
    count = dice.randint(3, 6)
    return [Matrix.Rotation(math.tau * k / count, 4, "Z") for k in range(count)]


def _solid(dice: Random, mesh: bmesh.types.BMesh, place: Matrix) -> None:
    """Add a ball, box, cylinder, cone or octahedron of radius 1."""
    match dice.choice(["ball", "ball", "box", "box", "cylinder", "cone", "octahedron"]):
        case "ball":
            bmesh.ops.create_icosphere(mesh, subdivisions=4, radius=1, matrix=place)
        case "box":
            bmesh.ops.create_cube(mesh, size=1.6, matrix=place)
        case "octahedron":
            bmesh.ops.create_icosphere(mesh, subdivisions=1, radius=1.1, matrix=place)
        case kind:
            narrow = 1.0 if kind == "cylinder" else dice.uniform(0, 0.7)
            bmesh.ops.create_cone(
                mesh, segments=dice.choice([5, 6, 48, 48]), radius1=1, radius2=narrow, depth=2,
                cap_ends=True, matrix=place,
            )  # fmt: skip


def _melt(dice: Random, thing: bpy.types.Object) -> None:
    """Make one skin of all parts, and smooth it."""
    skin = thing.modifiers.new("skin", "REMESH")
    skin.mode, skin.voxel_size, skin.use_smooth_shade = "VOXEL", 0.025, True
    soft = thing.modifiers.new("soft", "SMOOTH")
    soft.factor, soft.iterations = 0.5, dice.choice([3, 10, 30])


def _turn(dice: Random) -> Euler:
    return Euler([dice.choice([0, 0, math.pi / 2, dice.uniform(-3, 3)]) for _ in range(3)])


def _finished(name: str, source: bmesh.types.BMesh) -> bpy.types.Object:
    """Turn faces outward, scale to the size of a thing and shade smooth."""
    bmesh.ops.recalc_face_normals(source, faces=source.faces)
    points = np.array([vertex.co for vertex in source.verts])
    middle = (points.max(0) + points.min(0)) / 2
    scale = RADIUS / float(np.linalg.norm(points - middle, axis=1).max())
    bmesh.ops.translate(source, verts=source.verts, vec=-middle)
    bmesh.ops.scale(source, verts=source.verts, vec=[scale] * 3)
    mesh = bpy.data.meshes.new(name)
    source.to_mesh(mesh)
    source.free()
    mesh.shade_smooth()
    return linked(name, mesh)
