"""Things that stand in scenes, each about as large as a ball of radius 0.8 around the origin.

Those in ``HELD_OUT`` are seen by no training scene.
"""

import math
from collections.abc import Callable
from random import Random

import bpy
import numpy as np

from training.cycles.compounds import assembly, bust, plate
from training.cycles.meshes import grid_object, linked, unit_grid
from training.cycles.sheets import cloth, folded, packet, slab

Maker = Callable[[Random], bpy.types.Object]
REACH = 0.8
"""Radius of a thing."""


def ball(dice: Random) -> bpy.types.Object:
    """Make a ball, plain or lumpy."""
    bpy.ops.mesh.primitive_ico_sphere_add(radius=0.75, subdivisions=6)
    thing = bpy.context.object
    thing.data.shade_smooth()
    if dice.random() < 0.8:
        displace(dice, thing, dice.uniform(0.15, 0.9), dice.uniform(0.15, 0.7))
    if dice.random() < 0.4:
        displace(dice, thing, dice.uniform(0.05, 0.2), dice.uniform(0.02, 0.08))
    return thing


def rock(dice: Random) -> bpy.types.Object:
    """Make something faceted."""
    bpy.ops.mesh.primitive_ico_sphere_add(radius=0.8, subdivisions=dice.randint(1, 3))
    thing = bpy.context.object
    displace(dice, thing, dice.uniform(0.3, 1.0), dice.uniform(0.3, 0.9))
    return thing


def box(dice: Random) -> bpy.types.Object:
    """Make a box with sharp, bevelled or round edges."""
    bpy.ops.mesh.primitive_cube_add(size=1.3)
    thing = bpy.context.object
    if dice.random() < 0.65:
        bevel = thing.modifiers.new("bevel", "BEVEL")
        bevel.width, bevel.segments = dice.uniform(0.02, 0.3), 4
        smooth_by_angle(thing)
    return thing


def cylinder(dice: Random) -> bpy.types.Object:
    """Make a cylinder or prism."""
    bpy.ops.mesh.primitive_cylinder_add(
        radius=dice.uniform(0.3, 0.8), depth=dice.uniform(0.05, 1.8),
        vertices=dice.choice([5, 6, 8, 64]),
    )  # fmt: skip
    thing = bpy.context.object
    if dice.random() < 0.5:
        bevel = thing.modifiers.new("bevel", "BEVEL")
        bevel.width, bevel.segments, bevel.limit_method = dice.uniform(0.02, 0.15), 3, "ANGLE"
    smooth_by_angle(thing)
    return thing


def cone(dice: Random) -> bpy.types.Object:
    """Make a cone, pyramid or tapered cup."""
    bpy.ops.mesh.primitive_cone_add(
        radius1=0.8, radius2=dice.choice([0.0, dice.uniform(0.2, 0.7)]),
        depth=dice.uniform(0.6, 1.6), vertices=dice.choice([4, 5, 64]),
    )  # fmt: skip
    thing = bpy.context.object
    smooth_by_angle(thing)
    return thing


def vessel(dice: Random) -> bpy.types.Object:
    """Turn a profile: vase, bottle, bowl, cup, pawn; open ones show their inside."""
    knots = dice.randint(4, 7)
    radii = [dice.uniform(0.12, 0.75) for _ in range(knots)]
    height = dice.uniform(0.8, 1.7)
    steps = np.linspace(0, knots - 1, 48)
    outside = np.interp(steps, range(knots), radii)
    for _ in range(dice.choice([1, 4, 8])):  # few rounds keep the profile's corners
        outside[1:-1] = (outside[:-2] + 2 * outside[1:-1] + outside[2:]) / 4
    levels = (steps / (knots - 1) - 0.5) * height
    if dice.random() < 0.6:
        wall = dice.uniform(0.03, 0.08)
        inside = np.maximum(outside[:3:-1] - wall, 0.01)
        outside = np.concatenate([[0.0], outside, inside, [0.0]])
        levels = np.concatenate([[levels[0]], levels, levels[:3:-1], [levels[4]]])
    else:
        outside = np.concatenate([[0.0], outside, [0.0]])
        levels = np.concatenate([[levels[0]], levels, [levels[-1]]])
    turn = np.linspace(0, math.tau, 72, endpoint=False)
    points = np.stack(
        [
            outside[:, None] * np.cos(turn),
            outside[:, None] * np.sin(turn),
            np.broadcast_to(levels[:, None], (len(levels), len(turn))),
        ],
        axis=-1,
    )
    thing = grid_object("vessel", points, wrap_u=True, wrap_v=False)
    smooth_by_angle(thing)
    if dice.random() < 0.35:
        _handle(dice, thing, max(radii), height)
    return thing


def creature(dice: Random) -> bpy.types.Object:
    """Grow a body with head, limbs and ears out of metaballs, its two sides alike."""
    body = bpy.data.metaballs.new("creature")
    body.resolution = body.render_resolution = 0.06
    long = dice.uniform(0.3, 0.6)
    _chain(body, (-long, 0, 0), (long, 0, dice.uniform(-0.1, 0.3)), 0.45, 0.4, 4)
    head = (long + dice.uniform(0.05, 0.3), 0.0, dice.uniform(0.2, 0.6))
    _chain(body, (long, 0, 0.1), head, 0.3, dice.uniform(0.3, 0.45), 3)
    for _ in range(dice.randint(1, 4)):
        root_x = dice.uniform(-long, long)
        foot = (root_x + dice.uniform(-0.3, 0.4), dice.uniform(0.15, 0.7), dice.uniform(-0.9, 0.1))
        for side in (1, -1):
            place = (foot[0], side * foot[1], foot[2])
            _chain(body, (root_x, side * 0.15, 0), place, 0.24, dice.uniform(0.1, 0.2), 5)
    ear = (head[0] + dice.uniform(-0.2, 0.1), dice.uniform(0.1, 0.35), head[2] + 0.35)
    for side in (1, -1):
        _chain(body, head, (ear[0], side * ear[1], ear[2]), 0.2, 0.12, 3)
    if dice.random() < 0.6:
        tail = (-long - dice.uniform(0.3, 0.7), dice.uniform(-0.4, 0.4), dice.uniform(-0.3, 0.5))
        _chain(body, (-long, 0, 0), tail, 0.2, 0.08, 5)
    return _as_mesh(dice, body)


def lump(dice: Random) -> bpy.types.Object:
    """Melt a few balls together."""
    body = bpy.data.metaballs.new("lump")
    body.resolution = body.render_resolution = 0.06
    for _ in range(dice.randint(3, 8)):
        element = body.elements.new(type=dice.choice(["BALL", "ELLIPSOID", "CUBE"]))
        element.co = [dice.gauss(0, 0.3) for _ in range(3)]
        element.radius = dice.uniform(0.25, 0.6)
        element.size_x, element.size_y, element.size_z = (dice.uniform(0.15, 0.7) for _ in range(3))
    return _as_mesh(dice, body)


def superquadric(dice: Random) -> bpy.types.Object:
    """Make something between ball, box, cylinder and octahedron."""
    u, v = unit_grid(64, 96)
    along, around = (v - 0.5) * math.pi, u * math.tau
    flat, round_ = dice.uniform(0.2, 1.8), dice.uniform(0.2, 1.8)

    def power(values: np.ndarray, exponent: float) -> np.ndarray:
        return np.sign(values) * np.abs(values) ** exponent

    ring = power(np.cos(along), flat)
    x = ring * power(np.cos(around), round_)
    y = ring * power(np.sin(around), round_)
    points = 0.75 * np.stack([x, y, power(np.sin(along), flat)], axis=-1)
    return grid_object("superquadric", points[:, :-1], wrap_u=True, wrap_v=False)


def knot(dice: Random) -> bpy.types.Object:
    """Sweep a tube along a torus knot or ring."""
    p, q = dice.choice([(1, 0), (2, 3), (3, 2), (1, 2), (2, 5)])
    u, v = unit_grid(160, 24)
    t = v[:, :1] * math.tau * (159 / 160)
    wide = 0.55 + 0.25 * np.cos(q * t)
    spine = np.concatenate(
        [wide * np.cos(p * t), wide * np.sin(p * t), 0.25 * np.sin(q * t)], axis=-1
    )
    tangent = np.roll(spine, -1, 0) - np.roll(spine, 1, 0)
    tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True)
    side = np.cross(tangent, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    up = np.cross(side, tangent)
    turn = (u * math.tau * 23 / 24)[..., None]
    ring = np.cos(turn) * side[:, None] + np.sin(turn) * up[:, None]
    points = spine[:, None] + dice.uniform(0.08, 0.22) * ring
    return grid_object("knot", points, wrap_u=True, wrap_v=True)


def monkey(dice: Random) -> bpy.types.Object:
    """Make Blender's monkey head."""
    bpy.ops.mesh.primitive_monkey_add(size=1.6)
    thing = bpy.context.object
    thing.data.shade_smooth()
    smooth = thing.modifiers.new("smooth", "SUBSURF")
    smooth.levels = smooth.render_levels = dice.randint(1, 2)
    return thing


def lettering(dice: Random) -> bpy.types.Object:
    """Cut letters out of thick material."""
    curve = bpy.data.curves.new("lettering", "FONT")
    curve.body = "".join(dice.choice("ABCDEFGHKMNRSXZ23589&?") for _ in range(dice.randint(1, 3)))
    curve.align_x, curve.align_y = "CENTER", "CENTER"
    curve.size = 1.9 / len(curve.body) ** 0.7
    curve.extrude, curve.bevel_depth = dice.uniform(0.08, 0.3), dice.uniform(0.01, 0.06)
    return linked("lettering", curve)


def gear(dice: Random) -> bpy.types.Object:
    """Pull a star out of the plane."""
    corners = 2 * dice.randint(4, 9)
    inner = dice.uniform(0.4, 0.75)
    turn = np.linspace(0, math.tau, corners, endpoint=False)
    radius = np.where(np.arange(corners) % 2, 0.85, 0.85 * inner)
    ring = np.stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(corners)], axis=-1)
    half = np.array([0, 0, dice.uniform(0.1, 0.4)])
    centre = np.zeros_like(ring)
    points = np.stack([centre - half, ring - half, ring + half, centre + half])
    thing = grid_object("gear", points, wrap_u=True, wrap_v=False)
    smooth_by_angle(thing)
    return thing


TRAINING: tuple[Maker, ...] = (
    ball, ball, rock, box, cylinder, cone, vessel, vessel, creature, creature, lump, superquadric,
    cloth, folded, folded, packet, slab, assembly, assembly, assembly, assembly, plate, plate,
    bust, bust,
)  # fmt: skip
HELD_OUT: tuple[Maker, ...] = (knot, monkey, monkey, lettering, gear)


def displace(dice: Random, thing: bpy.types.Object, size: float, amount: float) -> None:
    """Push a surface in and out by noise as fine as ``size``."""
    noise = bpy.data.textures.new("noise", dice.choice(["CLOUDS", "CLOUDS", "VORONOI", "STUCCI"]))
    noise.noise_scale = size
    anchor = linked("anchor", None)
    anchor.location = [dice.uniform(-99, 99) for _ in range(3)]
    modifier = thing.modifiers.new("displace", "DISPLACE")
    modifier.texture, modifier.strength = noise, amount
    modifier.texture_coords, modifier.texture_coords_object = "OBJECT", anchor


def smooth_by_angle(thing: bpy.types.Object) -> None:
    """Shade smooth but across sharp edges."""
    thing.data.shade_smooth()
    thing.data.set_sharp_from_angle(angle=0.6)


def _handle(dice: Random, vessel: bpy.types.Object, radius: float, height: float) -> None:
    bpy.ops.mesh.primitive_torus_add(
        major_radius=height * dice.uniform(0.2, 0.32), minor_radius=dice.uniform(0.03, 0.09),
        rotation=(math.pi / 2, 0, 0), location=(radius * 0.85, 0, dice.uniform(-0.1, 0.2)),
    )  # fmt: skip
    handle = bpy.context.object
    handle.data.shade_smooth()
    handle.parent = vessel


def _chain(body, start, end, first: float, last: float, count: int) -> None:
    for step in np.linspace(0, 1, count):
        element = body.elements.new(type="BALL")
        element.co = [a + (b - a) * step for a, b in zip(start, end, strict=True)]
        element.radius = (first + (last - first) * step) * 1.25


def _as_mesh(dice: Random, body: bpy.types.MetaBall) -> bpy.types.Object:
    source = linked("metaballs", body)
    evaluated = source.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = bpy.data.meshes.new_from_object(evaluated)
    bpy.data.objects.remove(source)
    mesh.shade_smooth()
    thing = linked("creature", mesh)
    if dice.random() < 0.5:
        displace(dice, thing, dice.uniform(0.05, 0.3), dice.uniform(0.01, 0.06))
    return thing
