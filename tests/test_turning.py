"""Pictures lit from a side are looked at turned: geometry, and what it is good for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.camera import camera_from_fov, view_rays
from backend.encoder import Encoded
from backend.gaussians import gaussians_of
from backend.geometry import covariances, normalize
from backend.image import decode_picture
from backend.large import estimate_large
from backend.model import View, shipped_model
from backend.pipeline import estimate
from backend.rasterizer.torch_engine import TorchRasterizer
from backend.turning import QUARTERS, turned, turned_back, turned_slopes
from shared.settings import EstimateSettings
from tests.test_large import bumps
from tests.test_model import make_model

CPU = torch.device("cpu")
SIDES = tuple(QUARTERS)


def view_of(fov: float = 50.0, height: int = 20, width: int = 31) -> View:
    torch.manual_seed(3)
    mask = torch.rand(height, width) > 0.2
    camera = camera_from_fov(width, height, fov, principal=(0.3, 0.6))
    return View(torch.rand(height, width, 3), mask, camera, TorchRasterizer())


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("fov", [0.0, 50.0])
def test_rays_turn_with_the_picture(side, fov):
    view = view_of(fov)
    rays = view_rays(view.camera)
    found = view_rays(turned(view, side).camera)
    torch.testing.assert_close(found[..., :2], turned_slopes(rays[..., :2], side))


@pytest.mark.parametrize("side", SIDES)
def test_the_named_side_comes_to_the_top(side):
    view = view_of(0.0, 9, 9)
    edge = {"above": (0, 4), "left": (4, 0), "right": (4, 8), "below": (8, 4)}[side]
    dark = torch.zeros(9, 9, 3)
    dark[edge] = 1.0
    assert turned(replace(view, rgb=dark), side).rgb[0, 4].eq(1.0).all()


@pytest.mark.parametrize("side", SIDES)
def test_what_was_seen_comes_back_to_its_place(side):
    """Rays stand for normals: they belong to their pixels and have a direction."""
    view = view_of()
    there = turned(view, side)
    seen = make_model()(there)
    marked = replace(seen.encoding, normals=view_rays(there.camera), log_albedo=there.rgb)
    back = turned_back(Encoded(marked, seen.features), side).encoding
    torch.testing.assert_close(back.normals, view_rays(view.camera))
    assert torch.equal(back.log_albedo, view.rgb)
    assert torch.equal(back.depth_pixels[0, 0], seen.encoding.depth_pixels[_corner(side)])


def _corner(side: str) -> tuple[int, int]:
    """Where the upper left corner lies after the turn."""
    return {"above": (0, 0), "right": (-1, 0), "below": (-1, -1), "left": (0, -1)}[side]


@pytest.mark.parametrize("side", SIDES)
def test_facing_gaussians_keep_their_shape(side):
    view = replace(view_of(0.0), mask=torch.ones(20, 31, dtype=torch.bool))
    there = turned(view, side)
    seen = make_model()(there)
    facing = torch.tensor([0.0, 0.0, -1.0]).expand(*there.mask.shape, 3)
    encoding = replace(seen.encoding, normals=facing, angle=torch.full(there.mask.shape, 0.4))
    back = turned_back(Encoded(encoding, seen.features), side).encoding
    one = gaussians_of(encoding, there.camera, there.mask)
    other = gaussians_of(back, view.camera, view.mask)
    shape, came = (covariances(g.quats, g.scales) for g in (one, other))
    turn = torch.eye(3)
    for _ in range(QUARTERS[side]):
        turn = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]) @ turn
    grid = (turn.T @ shape @ turn).reshape(*there.mask.shape, 9)
    lies = torch.rot90(grid, -QUARTERS[side], (0, 1)).reshape(-1, 3, 3)
    torch.testing.assert_close(lies, came, atol=1e-5, rtol=1e-4)


def test_telling_the_side_tells_bumps_from_dents(tmp_path):
    """The same texture, turned upside down with its light; small, and large in tiles."""
    model = shipped_model(CPU)
    pixels = np.ascontiguousarray(bumps(160)[::-1, ::-1])
    upright, told, untold = (
        estimate(decode_picture(seen, "srgb"), settings, CPU, _quiet, _never, model).maps
        for seen, settings in (
            (bumps(160), EstimateSettings()),
            (pixels, EstimateSettings(light_from="below")),
            (pixels, EstimateSettings()),
        )
    )

    def apart(normals: torch.Tensor, expected: torch.Tensor) -> float:
        turned_over = torch.rot90(expected, 2, (0, 1)) * torch.tensor([-1.0, -1.0, 1.0])
        return float((normals * turned_over).sum(-1).clamp(-1, 1).acos().rad2deg().mean())

    assert apart(told.start, upright.start) < 0.1
    missed = apart(untold.normals, upright.normals)
    assert missed > 5.0
    assert apart(told.normals, upright.normals) < 0.1
    settings = EstimateSettings(light_from="below")
    found = estimate_large(
        pixels, "srgb", None, settings, tmp_path / "detail", CPU, _quiet, _never, model
    )
    tiled = normalize(torch.cat([band.normals for band in found.bands]))
    assert apart(tiled, upright.normals) < missed / 2


def _quiet(*_: object) -> None:
    pass


def _never() -> bool:
    return False
