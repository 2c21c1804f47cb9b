"""Which axes a model has: what it says of a sphere, against the sphere's own normals.

Models disagree about the signs of x, y and z, and many do not say. A sphere has every direction
that can be seen, so only one combination of signs fits it.
"""

from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from backend.errors import Refused
from backend.geometry import normalize
from backend.guidance import Prior
from backend.image import linear_to_srgb
from backend.priors.asking import claimed
from backend.priors.network import Network
from shared.prior_catalogue import Signs

SIDE = 518
RADIUS = 0.38
"""Of the sphere, as a share of the picture's side."""
INNER = 0.9
"""Share of the radius that is compared: at the outline every model is unsure."""
LIGHTS = ((-0.5, -0.6, -0.6), (0.5, -0.6, -0.6))
"""From above left and above right: what a model takes from the light alone cancels."""
AMBIENT, WALL = 0.2, 0.35
AGREES = 30.0
"""Mean error in degrees up to which signs fit. A model that says “it faces you” everywhere is 38°
off, and one wrong sign makes 46°."""

EVERY: tuple[Signs, ...] = tuple(product((1, -1), (1, -1), (1, -1)))


@dataclass(frozen=True)
class Sphere:
    """A sphere before a wall, and its normals; OpenCV axes."""

    pictures: tuple[Float[Tensor, "s s 3"], ...]
    """sRGB, one under each light."""
    normals: Float[Tensor, "s s 3"]
    compared: Bool[Tensor, "s s"]


@dataclass(frozen=True)
class Fit:
    """How well a combination of signs fits."""

    signs: Signs
    degrees: float


def sphere() -> Sphere:
    """Draw a matt sphere, lit from one side each time, as a far camera sees it."""
    steps = ((torch.arange(SIDE) + 0.5) / SIDE - 0.5) / RADIUS
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    square = x.square() + y.square()
    normals = torch.stack([x, y, -(1 - square).clamp_min(0.0).sqrt()], dim=-1)
    inside = square < 1
    normals = torch.where(inside[..., None], normals, torch.tensor([0.0, 0.0, -1.0]))
    pictures = []
    for light in LIGHTS:
        shade = AMBIENT + (1 - AMBIENT) * (normals @ normalize(torch.tensor(light))).clamp_min(0.0)
        gray = torch.where(inside, 0.8 * shade, WALL * shade)
        pictures.append(linear_to_srgb(gray)[..., None].expand(-1, -1, 3).contiguous())
    return Sphere(tuple(pictures), normals, square < INNER**2)


def fits(network: Network) -> list[Fit]:
    """Return how well each combination of signs fits, best first.

    Raises:
        Refused: when the model cannot be run, or says nothing about the sphere.
    """
    drawn = sphere()
    said = [claimed(network, (1, 1, 1), picture, "") for picture in drawn.pictures]
    found = [Fit(signs, _degrees(drawn, said, signs)) for signs in EVERY]
    return sorted(found, key=lambda fit: fit.degrees)


def axes_of(found: list[Fit]) -> Fit:
    """Return the one combination of signs that fits.

    Raises:
        Refused: when none does, or more than one.
    """
    agreeing = [fit for fit in found if fit.degrees <= AGREES]
    if len(agreeing) == 1:
        return agreeing[0]
    what = "None of the eight" if not agreeing else f"{len(agreeing)} of the eight"
    raise Refused(
        "bad_request",
        f"This model does not know a sphere. {what} ways to take its axes fit within {AGREES:g}°; "
        f"the best is {found[0].degrees:.0f}° off ({in_words(found[0].signs)}).",
        "It has to give unit normals, neither colours in 0..1 nor a depth, from sRGB in 0..1.",
    )


def in_words(signs: Signs) -> str:
    """Say where a model's axes point, by what turns them into ours."""
    ours = (("right", "left"), ("down", "up"), ("away", "toward the viewer"))
    ways = (pair[0] if sign > 0 else pair[1] for sign, pair in zip(signs, ours, strict=True))
    return ", ".join(f"{axis} {way}" for axis, way in zip("xyz", ways, strict=True))


def _degrees(drawn: Sphere, said: list[Prior], signs: Signs) -> float:
    """Return the mean angle between what was said, with these signs, and the truth."""
    angles = []
    for prior in said:
        where = drawn.compared & prior.known
        if 2 * int(where.sum()) < int(drawn.compared.sum()):
            raise Refused(
                "bad_request",
                "This model leaves out more than half of a plain sphere.",
                "Its mask may be another output, or it may take other colours than sRGB in 0..1.",
            )
        turned = prior.normals[where] * torch.tensor(signs, dtype=torch.float32)
        cosine = (turned * drawn.normals[where]).sum(-1).clamp(-1.0, 1.0)
        angles.append(cosine.acos().rad2deg().mean())
    return float(torch.stack(angles).mean())
