"""Closed-form light: given normals and albedo, the ambient and the sun that explain a picture.

For a fixed sun direction the ten coefficients per channel are linear, so the direction is searched
and everything else is solved. Nine harmonics alone would mislocate a sun by up to 35° when sky is
present; with an explicit sun the answer is exact on a sphere.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backend.config import LightConfig
from backend.geometry import normalize
from backend.illumination import Illumination, harmonics, irradiance
from backend.image import luminance

LIKELY_DIRECTION = (0.0, -0.6, -0.8)
"""Light from above and in front is likelier; only decides between equally good directions."""
PRIOR_WEIGHT = 0.02
LEAST_RIDGE = 1e-6
"""So that even black pixels have a light: the prior's."""
SOFT_FRONTAL = (0.8, 0.0, -0.2)
"""Prior ambient: constant, y and z coefficient of a soft light around the camera."""


@dataclass(frozen=True)
class Observations:
    """Pixels to explain; the modulations belong to ambient and direct light."""

    normals: Float[Tensor, "m 3"]
    albedo: Float[Tensor, "m 3"]
    radiance: Float[Tensor, "m 3"]
    modulations: Float[Tensor, "m 2"]


@dataclass(frozen=True)
class LightSolution:
    """The light and how far it can be believed."""

    light: Illumination
    condition: float
    """Condition number of the light's design matrix; large when the normals vary little."""
    determined: bool
    residual: float
    """Mean absolute error over the mean radiance."""


@dataclass(frozen=True)
class _Fit:
    coefficients: Float[Tensor, "d 3 10"]
    errors: Float[Tensor, " d"]


def solve_light(seen: Observations, config: LightConfig) -> LightSolution:
    """Find the light that explains the observations; robust, deterministic, no gradients."""
    with torch.no_grad():
        seen = _thinned(seen, config.samples)
        weights = torch.ones_like(seen.radiance[:, 0])
        direction = _best_direction(seen, weights, _hemisphere(config.directions, seen), config)
        for round_ in range(config.robust_rounds):
            light = _fit_at(seen, weights, direction, config)
            weights = _robust_weights(seen, light, config)
            if round_ < len(config.refinements):
                around = _cone(direction, config.refinements[round_])
                direction = _best_direction(seen, weights, around, config)
        light = _fit_at(seen, weights, direction, config)
        condition = _condition(seen)
        error = (_explained(seen, light) - seen.radiance).abs().mean() / seen.radiance.mean()
        return LightSolution(light, condition, condition < config.largest_condition, float(error))


def by_brightness(seen: Observations) -> Observations:
    """Return observations without colours: nothing tells the light's from the paint's."""
    albedo, radiance = (
        luminance(rgb)[:, None].expand(-1, 3) for rgb in (seen.albedo, seen.radiance)
    )
    return replace(seen, albedo=albedo, radiance=radiance)


def to_gauge(
    light: Illumination, normals: Float[Tensor, "m 3"]
) -> tuple[Illumination, Float[Tensor, "3"]]:
    """Scale a light to mean irradiance 1 per channel; also return the factors albedo takes over."""
    level = irradiance(normals, light, torch.ones_like(normals[:, :2])).mean(0).clamp_min(1e-3)
    scaled = Illumination(light.ambient / level, light.sun_direction, light.sun_colour / level)
    return scaled, level


def _thinned(seen: Observations, samples: int) -> Observations:
    """Keep some of the pixels, drawn by lot: every n-th would be a few columns of the picture."""
    count = len(seen.normals)
    drawn = torch.randperm(count, generator=torch.Generator().manual_seed(0))[:samples]
    keep = drawn.sort().values.to(seen.normals.device)
    return Observations(**{name: values[keep] for name, values in vars(seen).items()})


def _hemisphere(count: int, seen: Observations) -> Float[Tensor, "d 3"]:
    """Spread directions evenly over the side of the camera and a little behind (Fibonacci)."""
    index = torch.arange(count, device=seen.normals.device) + 0.5
    z = -1 + 1.2 * index / count  # −1 is the camera's side, up to 0.2 behind the surface
    turn = index * torch.pi * (3 - 5**0.5)
    radius = (1 - z * z).sqrt()
    return torch.stack([radius * turn.cos(), radius * turn.sin(), z], dim=-1)


def _cone(direction: Float[Tensor, "3"], radius: float) -> Float[Tensor, "d 3"]:
    """Return a direction and eight around it."""
    helper = torch.eye(3, device=direction.device)[int(direction.abs().argmin())]
    u = normalize(torch.linalg.cross(direction, helper))
    v = torch.linalg.cross(direction, u)
    angle = torch.arange(8, device=direction.device) * torch.pi / 4
    ring = radius * (angle.cos()[:, None] * u + angle.sin()[:, None] * v)
    return torch.cat([direction[None], normalize(direction + ring)])


def _design(seen: Observations) -> Float[Tensor, "m 9"]:
    return harmonics(seen.normals) * seen.modulations[:, :1]


def _fit(
    seen: Observations,
    weights: Float[Tensor, " m"],
    directions: Float[Tensor, "d 3"],
    config: LightConfig,
) -> _Fit:
    """Solve the weighted ridge normal equations for every direction and channel at once."""
    ambient = _design(seen)
    sun = (seen.normals @ directions.T).clamp_min(0) * seen.modulations[:, 1:]  # m d
    weight = weights[:, None] * seen.albedo.square()  # m c
    target = weights[:, None] * seen.albedo * seen.radiance
    count = len(directions)
    gram = ambient.new_zeros(count, 3, 10, 10)
    gram[:, :, :9, :9] = torch.einsum("mi,mc,mj->cij", ambient, weight, ambient)
    cross = torch.einsum("mi,mc,md->dci", ambient, weight, sun)
    gram[:, :, :9, 9], gram[:, :, 9, :9] = cross, cross
    gram[:, :, 9, 9] = torch.einsum("md,mc,md->dc", sun, weight, sun)
    right = ambient.new_zeros(count, 3, 10)
    right[:, :, :9] = (ambient.T @ target).T
    right[:, :, 9] = sun.T @ target
    prior = ambient.new_zeros(10)
    prior[:3] = ambient.new_tensor(SOFT_FRONTAL)
    ridge = config.ridge * weight.sum(0)[None, :, None] + LEAST_RIDGE  # d c 1
    strength = ambient.new_tensor([1, 1, 1, 1, 4, 4, 4, 4, 4, 0.25])  # higher orders are doubtful
    damped = gram + torch.diag_embed(ridge * strength)
    level = seen.radiance.mean(0) / seen.albedo.mean(0).clamp_min(1e-3)
    pulled = right + ridge * strength * prior * level[None, :, None]
    solution = torch.linalg.solve(damped, pulled)
    solution = _without_negative_sun(solution, damped, pulled)
    energy = (weights[:, None] * seen.radiance.square()).sum()
    quadratic = torch.einsum("dci,dcij,dcj->d", solution, gram, solution)
    errors = (energy - 2 * (right * solution).sum((1, 2)) + quadratic) / energy
    return _Fit(solution, errors)


def _without_negative_sun(
    solution: Float[Tensor, "d 3 10"],
    gram: Float[Tensor, "d 3 10 10"],
    right: Float[Tensor, "d 3 10"],
) -> Float[Tensor, "d 3 10"]:
    """Solve again without the sun where it came out negative."""
    only_ambient = torch.linalg.solve(gram[..., :9, :9], right[..., :9])
    only_ambient = torch.cat([only_ambient, torch.zeros_like(right[..., 9:])], dim=-1)
    return torch.where(solution[..., 9:] < 0, only_ambient, solution)


def _best_direction(
    seen: Observations,
    weights: Float[Tensor, " m"],
    directions: Float[Tensor, "d 3"],
    config: LightConfig,
) -> Float[Tensor, "3"]:
    likely = directions.new_tensor(LIKELY_DIRECTION)
    unlikely = PRIOR_WEIGHT * (1 - directions @ likely) / 2
    errors = _fit(seen, weights, directions, config).errors
    return directions[int((errors * (1 + unlikely) + 1e-3 * unlikely).argmin())]


def _fit_at(
    seen: Observations,
    weights: Float[Tensor, " m"],
    direction: Float[Tensor, "3"],
    config: LightConfig,
) -> Illumination:
    solution = _fit(seen, weights, direction[None], config).coefficients[0]
    return Illumination(solution[:, :9].T.contiguous(), direction, solution[:, 9])


def _explained(seen: Observations, light: Illumination) -> Float[Tensor, "m 3"]:
    return seen.albedo * irradiance(seen.normals, light, seen.modulations)


def _robust_weights(
    seen: Observations, light: Illumination, config: LightConfig
) -> Float[Tensor, " m"]:
    """Cauchy weights: cast shadows and highlights lose their say."""
    residual = (_explained(seen, light) - seen.radiance).abs().mean(-1)
    scale = config.outlier * seen.radiance.mean().clamp_min(1e-6)
    return 1 / (1 + (residual / scale).square())


def _condition(seen: Observations) -> float:
    """Condition number of the nine harmonics over the normals, each scaled to unit length.

    Without the sun: seen from its own side it is linear in the normal and says nothing new. Round
    objects have 30–100, reliefs seen from the front 200 and more.
    """
    columns = harmonics(seen.normals)
    columns = columns / columns.norm(dim=0).clamp_min(1e-6)
    singular = torch.linalg.svdvals(columns)
    return float(singular[0] / singular[-1].clamp_min(1e-6))
