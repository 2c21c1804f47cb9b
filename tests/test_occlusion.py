"""Ambient occlusion of heights whose sky is known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import occlusion as module
from backend.occlusion import _visible, occlusion


def everywhere(height: int, width: int) -> torch.Tensor:
    return torch.ones(height, width, dtype=torch.bool)


def grid(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    line = torch.arange(size) - (size - 1) / 2
    return torch.meshgrid(line, line, indexing="ij")


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (30, 70), (130, 100)])
def test_a_plane_sees_all_of_the_sky(size):
    v, u = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    assert (occlusion(torch.full(size, 3.0), everywhere(*size)) == 1).all()
    assert (occlusion(0.7 * u - 0.4 * v, everywhere(*size)) > 0.998).all()


def test_the_bottom_of_a_pit_is_dark_and_its_surroundings_are_bright():
    v, u = grid(121)
    radius = torch.hypot(u, v)
    found = occlusion(torch.where(radius < 8, -24.0, 0.0), everywhere(121, 121))
    # a round shaft: the sky seen is sin² of its half-opening
    assert float(found[60, 60]) == pytest.approx(8**2 / (8**2 + 24**2), abs=0.06)
    assert found[60, 60] < 0.5 and (found[radius > 14] > 0.95).all()


def test_a_wall_hides_half_of_the_sky_at_its_foot():
    _, u = grid(161)
    found = occlusion(torch.where(u > 0, 400.0, 0.0), everywhere(161, 161))
    assert float(found[80, 77]) == pytest.approx(9 / 16, abs=0.01)  # two of 16 directions graze it
    assert (found[80, :77].diff() <= 1e-4).all()


def test_a_bowl_is_darker_the_deeper_it_is_and_a_dome_stays_open():
    v, u = grid(101)
    bulge = (u * u + v * v) / 101
    centres = [float(occlusion(k * bulge, everywhere(101, 101))[50, 50]) for k in (0.5, 1, 2)]
    assert 1 > centres[0] > centres[1] > centres[2]
    assert (occlusion(-bulge, everywhere(101, 101)) > 0.999).all()


def test_what_lies_outside_the_mask_hides_nothing():
    _, u = grid(64)
    inside = u < 0
    found = occlusion(torch.where(inside, 0.0, 100.0), inside)
    assert (found == 1).all()


def test_large_fields_look_as_halved_ones(monkeypatch):
    v, u = grid(128)
    field = 6 * torch.sin(u / 7) * torch.sin(v / 9)
    whole = occlusion(field, everywhere(128, 128))
    monkeypatch.setattr(module, "GRID", 64)
    assert (occlusion(field, everywhere(128, 128)) - whole).abs().mean() < 0.03


def test_the_closed_form_is_the_integral_over_the_visible_angles():
    """Of cos(θ − γ) times sin θ, over a half slice, by sums."""
    for slope, horizon in ((0.0, 0.5), (0.7, 1.5), (-0.8, 0.1), (-0.8, -0.5)):
        gamma = -math.atan(slope)
        theta = torch.linspace(0, math.pi / 2 - math.atan(horizon), 200_001, dtype=torch.float64)
        values = torch.cos(theta - gamma) * torch.sin(theta) * math.sqrt(1 + slope**2)
        expected = float(torch.trapezoid(values, theta))
        closed = float(_visible(torch.tensor([[horizon]]), torch.tensor([[slope]])))
        assert closed == pytest.approx(expected, abs=1e-5)


@settings(max_examples=20)
@given(height=st.integers(1, 30), width=st.integers(1, 30), seed=st.integers(0, 100))
def test_any_field_gives_shares_and_the_same_ones_again(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    field = 20 * torch.randn(height, width, generator=generator)
    inside = torch.rand(height, width, generator=generator) < 0.8
    found = occlusion(field, inside)
    assert ((found >= 0) & (found <= 1)).all() and (found[~inside] == 1).all()
    assert torch.equal(found, occlusion(field, inside))
    whole = everywhere(height, width)
    quarter = occlusion(field.rot90().contiguous(), whole.rot90().contiguous())
    torch.testing.assert_close(quarter, occlusion(field, whole).rot90(), atol=1e-3, rtol=0)
