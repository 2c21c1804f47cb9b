"""Other lights: the same scene under eight suns teaches its normals.

Per pixel the albedo is eliminated in closed form (variable projection), so the gradient goes to the
normal alone; the eliminated albedo is then what the albedo head is shown, and what is left over
what the confidence head is. It is photometric stereo used as a training signal: no normal, depth or
point map is ever a target.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from backend.image import luminance
from training.scenes.lesson import Lesson

Residual = Literal["root", "square", "log"]
LIT_SHARE = 0.02
"""A light counts as shining on a pixel above this share of the pixel's brightest light."""
BACK_SLOPE = 0.1
"""Slope of shading behind the terminator, so that a wrong normal still has a gradient."""
LEAST_LIGHTS = 2
RESIDUAL_FLOOR = 1e-3
DULLEST = 0.1
"""Least square of the acuity; what few lights from one side tell is noisy as well as little."""


@dataclass(frozen=True)
class Projected:
    """The loss, and what was found on the way."""

    loss: Float[Tensor, ""]
    albedo: Float[Tensor, "b h w"]
    """Luminance of the albedo that explains the lights best, without gradient."""
    residual: Float[Tensor, "b h w"]
    """About the angle in radians between the normal and the one that explains the lights, without
    gradient."""
    weights: Float[Tensor, "b h w"]
    """1 where a pixel has a say."""


def lit_mask(lesson: Lesson) -> Bool[Tensor, "b k h w"]:
    """Say which light shines on which pixel; the dark has no say.

    Giving dark pixels that face a light any weight would teach cast shadows as shape.
    """
    brightest = lesson.single_lights.amax(1, keepdim=True)
    return lesson.single_lights > LIT_SHARE * brightest + 1e-4


def squared_acuity(
    lights: Float[Tensor, "b k 3"], lit: Bool[Tensor, "b k h w"]
) -> Float[Tensor, "b h w"]:
    """Return the share of the light that a turn of the normal by a radian leaves unexplained.

    To first order, for a normal toward the mean m of the lights that shine on a pixel, and over
    all turns: (1 − |A m|² / mᵀA m) / (2 mᵀA m), A = Σ w ℓ ℓᵀ / Σ w. Those lights lie close together
    on steep slopes, where the same wrong angle leaves half as much unexplained as where a surface
    faces the camera.
    """
    weight = lit.float()
    count = weight.sum(1).clamp_min(1)
    mean = F.normalize(torch.einsum("bkhw,bkc->bchw", weight, lights), dim=1)
    along = torch.einsum("bchw,bkc->bkhw", mean, lights) * weight
    strength = (along.square().sum(1) / count).clamp_min(1e-4)
    image = torch.einsum("bkhw,bkc->bchw", along, lights).div(count[:, None])
    spread = 1 - image.square().sum(1) / strength
    return (spread / (2 * strength)).clamp_min(DULLEST)


def variable_projection(
    normals: Float[Tensor, "b h w 3"], lesson: Lesson, residual: Residual = "root"
) -> Projected:
    """Return how badly normals explain the single-light pictures under the best albedo.

    a = Σ w I s⁺ / Σ w s⁺², residual = Σ w (I − a s)² / Σ w I², loss = mean √((residual + ε) / q),
    with s_k = leaky(n·ℓ_k) and the squared acuity q, without which steep slopes would count for
    less than facing ones, and doubt be answered with too shallow a normal.
    """
    cosine = torch.einsum("bhwc,bkc->bkhw", normals, lesson.directions)
    shading = F.leaky_relu(cosine, BACK_SLOPE)
    facing = shading.clamp_min(0)
    light, lit = lesson.single_lights, lit_mask(lesson)
    weight = lit.float()
    albedo = ((weight * light * facing).sum(1) + 1e-4) / ((weight * facing**2).sum(1) + 1e-3)
    missed = (weight * (light - albedo[:, None] * shading).square()).sum(1)
    share = missed / ((weight * light.square()).sum(1) + 1e-4) + RESIDUAL_FLOOR
    turned = share / squared_acuity(lesson.directions, lit)
    root = turned.sqrt()
    told = lesson.inside & (lit.sum(1) >= LEAST_LIGHTS) & (light.amax(1) > 0.01)
    say = told.float()
    values = {"root": root, "square": turned, "log": turned.log()}[residual]
    return Projected(_mean_of_pictures(values, say), albedo.detach(), root.detach(), say)


def _mean_of_pictures(
    values: Float[Tensor, "b h w"], say: Float[Tensor, "b h w"]
) -> Float[Tensor, ""]:
    """Average over pixels, then over pictures: a small thing counts as much as a whole page."""
    pixels = say.sum((1, 2))
    means = (values * say).sum((1, 2)) / pixels.clamp_min(1)
    speaks = (pixels > 0).float()
    return (means * speaks).sum() / speaks.sum().clamp_min(1)


def albedo_error(log_albedo: Float[Tensor, "b h w 3"], projected: Projected) -> Float[Tensor, ""]:
    """Return how far predicted albedo is from the eliminated one, up to a factor per picture.

    Only relative albedo is known: the input picture's exposure is free. An estimate takes nothing
    but the luminance from the prediction (``backend.start.coloured``), so that is what is compared.
    """
    predicted = luminance(log_albedo.exp()).clamp_min(1e-6).log()
    target = projected.albedo.clamp_min(0.02).log()
    count = projected.weights.sum((1, 2), keepdim=True).clamp_min(1)
    offset = ((predicted - target) * projected.weights).sum((1, 2), keepdim=True) / count
    difference = (predicted - target - offset).abs() * projected.weights
    return difference.sum() / projected.weights.sum().clamp_min(1)


def confidence_error(
    confidence_logits: Float[Tensor, "b h w"], projected: Projected
) -> Float[Tensor, ""]:
    """Negative log likelihood of the residual under a Laplace law whose scale is predicted.

    The scale is exp(−logit): where the model knows that it will miss, it says so.
    """
    nll = projected.residual * confidence_logits.exp() - confidence_logits
    return (nll * projected.weights).sum() / projected.weights.sum().clamp_min(1)
