"""What stands before the camera, per kind: its surface, what it is made of, where light arrives."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from training.scenes import worlds
from training.scenes.heights import lit_over_depth
from training.scenes.materials import Material, bumped, glazed, painted
from training.scenes.organic import lump, see_lump
from training.scenes.posters import poster
from training.scenes.random import Dice
from training.scenes.reliefs import Maker, flat, relief
from training.scenes.solids import World, is_lit
from training.scenes.surface import Eye, Surface, look, see

Kind = Literal["object", "organic", "pile", "room", "relief", "print"]
KINDS: tuple[Kind, ...] = ("object", "organic", "pile", "room", "relief", "print")
LIMB = 0.8
"""How thick limbs count as when they cast shadows."""


@dataclass(frozen=True)
class Stage:
    """A batch of scenes before the light is switched on."""

    surface: Surface
    """Without fine bumps: the light that arrives is this surface's."""
    normals: Float[Tensor, "b p 3"]
    material: Material
    eye: Eye
    lit: Callable[[Float[Tensor, "b k 3"]], Bool[Tensor, "b k p"]]
    """Which lights reach which pixels, from directions toward the lights."""
    sky: Float[Tensor, "b p"] | None = None
    """The share of the sky each pixel sees, where that is known."""


def stage(kind: Kind, dice: Dice, batch: int, size: int) -> Stage:
    """Build a batch of scenes of one kind."""
    if kind == "organic":
        return _organic(dice, batch, size)
    if kind == "relief":
        return material(dice, batch, size)
    if kind == "print":
        return _print(dice, batch, size)
    builders = {"object": worlds.single_object, "pile": worlds.pile, "room": worlds.room}
    world = builders[kind](dice, batch)
    eye = look(dice, batch, size, 0.75 if kind == "object" else 1.4, from_inside=kind == "room")
    return _world(dice, world, eye, size)


def _world(dice: Dice, world: World, eye: Eye, size: int) -> Stage:
    surface = see(world, eye)
    rough = bumped(dice, surface, eye, longest=0.8, steepest=0.5, share=0.6)

    def lit(directions: Float[Tensor, "b k 3"]) -> Bool[Tensor, "b k p"]:
        lifted = surface.points + 2e-3 * surface.normals
        return is_lit(world, lifted, directions)

    return Stage(surface, rough.normals, painted(dice, surface, size), eye, lit)


def _organic(dice: Dice, batch: int, size: int) -> Stage:
    eye = look(dice, batch, size, 0.65, from_inside=False)
    surface = see_lump(lump(dice, batch), eye)
    # one skin all over; colours may change from part to part, mostly they do not
    one = replace(surface, thing=torch.zeros_like(surface.thing))
    pieced = dice.chance(0.3, batch, 1)
    surface = replace(surface, thing=torch.where(pieced, surface.thing, one.thing))
    rough = bumped(dice, one, eye, longest=1.0, steepest=0.7, share=0.8)
    across = (surface.normals * eye.directions).sum(-1, keepdim=True).clamp_max(-0.3)
    points = surface.points + rough.heights / across * eye.directions

    def lit(directions: Float[Tensor, "b k 3"]) -> Bool[Tensor, "b k p"]:
        return lit_over_depth(eye, points, rough.normals, surface.inside, directions, 1.2, LIMB)

    return Stage(surface, rough.normals, painted(dice, surface, size), eye, lit)


def material(dice: Dice, batch: int, size: int, make: Maker | None = None) -> Stage:
    """Look at materials from the front: all kinds, or those that ``make`` makes."""
    made = relief(dice, batch, size, make)
    around, eye = made.surface, made.eye

    def inner(values: Tensor) -> Tensor:
        return _without(values, made.margin, 1)

    def lit(directions: Float[Tensor, "b k 3"]) -> Bool[Tensor, "b k p"]:
        reached = lit_over_depth(
            eye, around.points, around.normals, around.inside, directions, 0.5, torch.inf
        )
        return _without(reached, made.margin, 2)

    surface = Surface(**{name: inner(values) for name, values in vars(around).items()})
    paint = Material(**{name: inner(values) for name, values in vars(made.material).items()})
    _, seen = flat(dice, batch, size)
    return Stage(surface, surface.normals, paint, seen, lit, inner(made.sky))


def _without(values: Tensor, margin: int, axis: int) -> Tensor:
    """Cut the margin off pixels that lie along an axis."""
    side = round(values.shape[axis] ** 0.5)
    grid = values.unflatten(axis, (side, side))
    for along in (axis, axis + 1):
        grid = grid.narrow(along, margin, side - 2 * margin)
    return grid.flatten(axis, axis + 1)


def _print(dice: Dice, batch: int, size: int) -> Stage:
    """Print on flat things, which stay flat whatever is on them."""
    surface, eye = flat(dice, batch, size)
    material = glazed(dice, poster(dice, batch, size), surface)

    def lit(directions: Float[Tensor, "b k 3"]) -> Bool[Tensor, "b k p"]:
        return torch.ones(
            (*directions.shape[:2], surface.points.shape[1]), dtype=torch.bool, device=dice.device
        )

    return Stage(surface, surface.normals, material, eye, lit)
