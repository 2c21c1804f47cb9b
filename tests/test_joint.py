"""The whole loop as a lesson, and the second view: both teach what they claim to."""

import math
from dataclasses import replace

import pytest
import torch

from backend.camera import camera_from_fov, cropped, view_rays
from backend.encoder import Encoded
from backend.rasterizer.torch_engine import TorchRasterizer
from training.joint import camera_of, coverage_error, go_around
from training.objective import ObjectiveConfig, joint_objective, objective
from training.other_views import other_view_error
from training.scenes import Lesson, OtherView, generate

from .test_model import make_model

SIZE = 32
SCALE = 3.0
"""The scene is this much larger than the depths of one picture, which have no scale."""


@pytest.mark.parametrize("fov", [0.0, 25.0, 80.0])
def test_a_camera_is_known_by_its_rays(fov):
    camera = camera_from_fov(40, 30, fov)
    if fov:
        camera = cropped(camera, 7, 3, 20, 24)
    found = camera_of(view_rays(camera))
    torch.testing.assert_close(view_rays(found), view_rays(camera), atol=1e-5, rtol=1e-4)
    assert found.orthographic == camera.orthographic
    if fov:
        torch.testing.assert_close(found.intrinsics, camera.intrinsics, atol=1e-2, rtol=1e-4)


@pytest.mark.slow
def test_the_joint_objective_reaches_every_part():
    model = make_model().train()
    lesson = generate("object", 2, 2, SIZE).lesson
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    objective(model, encoded, lesson, 0, ObjectiveConfig(joint=1.0, orientation=1.0)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_a_batch_with_hardly_any_surface_costs_nothing():
    model = make_model()
    lesson = generate("object", 2, 2, SIZE).lesson
    speck = torch.zeros_like(lesson.inside)
    speck[:, :8, :8] = True  # as many pixels as are too few
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    left = replace(lesson, inside=speck)
    assert joint_objective(model, encoded, left, ObjectiveConfig()) == 0


def test_what_shows_through_costs_more():
    lesson = generate("object", 2, 1, SIZE).lesson
    model = make_model()
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    costs = []
    for logit in (-3.0, 0.0, 3.0):
        thin = torch.full_like(encoded.encoding.opacity_logits, logit)
        encoding = replace(encoded.encoding, opacity_logits=thin)
        around = go_around(model, replace(encoded, encoding=encoding), lesson, 0, TorchRasterizer())
        costs.append(coverage_error(around).item())
    assert 1 > costs[0] > costs[1] > costs[2] >= 0


def slanted_plane() -> tuple[Lesson, torch.Tensor]:
    """A painted plane z = 3 + 0.6 x seen by two cameras, and its depth in pixels of the first."""
    first = camera_from_fov(SIZE, SIZE, 50.0)
    rays = view_rays(first)
    angle = math.radians(12)
    rotation = torch.tensor(
        [[math.cos(angle), 0, -math.sin(angle)], [0, 1, 0], [math.sin(angle), 0, math.cos(angle)]]
    )
    middle = torch.tensor([0.0, 0.0, SCALE])
    translation = middle - rotation @ middle
    points = _on_plane(torch.zeros(3), rays)
    back = rays @ rotation  # Rᵀ r
    others = _on_plane(-rotation.T @ translation, back)
    whole = torch.ones(1, SIZE, SIZE, dtype=torch.bool)
    other = OtherView(
        _paint(points)[None], _paint(others)[None], whole, rays[None], rotation[None],
        translation[None], torch.tensor([True]),
    )  # fmt: skip
    lights, directions = torch.zeros(1, 8, SIZE, SIZE), torch.zeros(1, 8, 3)
    outline = torch.zeros(1, SIZE, SIZE, 2)
    lesson = Lesson(_paint(points)[None], lights, directions, whole, rays[None], outline, other)
    return lesson, (points[..., 2] / SCALE).log() * first.intrinsics[0, 0]


def test_the_right_depth_explains_the_second_view_best():
    lesson, depth = slanted_plane()
    model = make_model()
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    normal = torch.nn.functional.normalize(torch.tensor([0.6, 0.0, -1.0]), dim=0)

    def error(pixels: torch.Tensor) -> torch.Tensor:
        encoding = replace(
            encoded.encoding,
            depth_pixels=pixels[None],
            normals=normal.expand(1, SIZE, SIZE, 3).contiguous(),
        )
        around = go_around(model, Encoded(encoding, encoded.features), lesson, 0, TorchRasterizer())
        assert lesson.other is not None
        return other_view_error(around, lesson.other, 0)

    right = error(depth)
    assert 0 < right < 0.05
    assert right < error(-depth) and right < error(torch.zeros_like(depth))
    moved = depth.clone().requires_grad_()
    error(moved).backward()
    assert torch.isfinite(moved.grad).all() and moved.grad.abs().max() > 0


def _on_plane(origin: torch.Tensor, rays: torch.Tensor) -> torch.Tensor:
    """Where rays from a place meet z = 3 + 0.6 x."""
    reach = (SCALE + 0.6 * origin[0] - origin[2]) / (rays[..., 2] - 0.6 * rays[..., 0])
    return origin + reach[..., None] * rays


def _paint(points: torch.Tensor) -> torch.Tensor:
    x, y = points[..., 0], points[..., 1]
    return torch.stack([(3 * x).sin(), (4 * y + x).cos(), (2 * x + 3 * y).sin()], -1) * 0.4 + 0.5
