"""Large pictures are seen in tiles, and textures that tile still do so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backend import large
from backend.errors import Refused, Stopped
from backend.grids import sampled
from backend.image import decode_picture
from backend.large import Band, estimate_large
from backend.model import shipped_model
from backend.pipeline import estimate
from backend.resample import resize, shrunk
from shared.settings import EstimateSettings

EXAMPLES = Path(__file__).parents[1] / "examples"
CPU = torch.device("cpu")
SETTINGS = EstimateSettings(size=64)


@pytest.fixture(scope="module")
def model():
    return shipped_model(CPU)


def bumps(side: int, seed: int = 0) -> np.ndarray:
    """Render a rough surface that tiles, lit from the upper left."""
    across = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    height = np.fft.ifft2(noise * np.exp(-((across * 12) ** 2))).real
    height /= height.std()
    right, down = (np.roll(height, -1, axis) - np.roll(height, 1, axis) for axis in (1, 0))
    normals = np.dstack([-right, -down, -np.ones_like(height)])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    light = (normals @ np.array([-0.5, -0.6, -0.7]) / 1.05).clip(0.05, 1.0)
    return np.repeat((255 * light[..., None] ** (1 / 2.2)).astype(np.uint8), 3, axis=-1)


def in_bands(pixels, model, tmp_path, settings=SETTINGS, mask=None, cancelled=lambda: False):
    scratch = tmp_path / "detail"
    found = estimate_large(
        pixels, "srgb", mask, settings, scratch, CPU, lambda *_: None, cancelled, model
    )
    bands = list(found.bands)
    assert not scratch.exists()
    assert [band.top for band in bands] == list(range(0, len(pixels), large.BAND))
    joined = (torch.cat([getattr(band, name) for band in bands]) for name in ("normals", "albedo"))
    return found.whole, Band(0, *joined)


def angle(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum(-1).clamp(-1, 1).acos().rad2deg()


def steps_of(normals: torch.Tensor) -> tuple[float, float]:
    """Return the mean angle between neighbours across the edges, and everywhere else."""
    edges = angle(normals[:, -1], normals[:, 0]), angle(normals[-1], normals[0])
    return float(torch.cat(edges).mean()), float(angle(normals[:, :-1], normals[:, 1:]).mean())


def test_tiles_say_what_the_whole_picture_says(model, tmp_path):
    """No more than half a degree lies between them, though shape comes from a smaller copy."""
    gravel = Image.open(EXAMPLES / "gravel.png").convert("RGB").resize((1100, 1100))
    pixels = np.asarray(gravel)[:900]
    settings = replace(SETTINGS, size=256)
    _, tiled = in_bands(pixels, model, tmp_path, settings)
    picture = decode_picture(pixels, "srgb")
    whole = estimate(picture, settings, CPU, lambda *_: None, lambda: False, model)
    assert angle(tiled.normals, whole.maps.normals).mean() < 0.5
    assert (tiled.albedo - whole.maps.albedo).abs().mean() < 0.01


@pytest.mark.parametrize("tiled", [False, True])
def test_a_texture_that_tiles_still_tiles(model, tmp_path, monkeypatch, tiled):
    monkeypatch.setattr(large, "TILE", 128)
    pixels, settings = bumps(160), replace(SETTINGS, seamless=True)
    if tiled:
        normals = in_bands(pixels, model, tmp_path, settings)[1].normals
    else:
        picture = decode_picture(pixels, "srgb")
        found = estimate(picture, settings, CPU, lambda *_: None, lambda: False, model)
        normals = found.maps.normals
        assert found.mask.shape == normals.shape[:2] == (160, 160)
        assert found.cloud.gaussians.means[:, :2].abs().max() <= 80
    across, inside = steps_of(normals)
    assert across < 1.5 * inside
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(160, 160))


def test_without_the_option_the_same_texture_shows_its_seam(model):
    picture = decode_picture(bumps(160), "srgb")
    found = estimate(picture, SETTINGS, CPU, lambda *_: None, lambda: False, model)
    across, inside = steps_of(found.maps.normals)
    assert across > 2 * inside


def test_a_picture_that_tiles_is_flat():
    assert "flat" in replace(SETTINGS, seamless=True, fov_degrees=40.0).problem()


def test_outside_the_mask_nothing_is_claimed(model, tmp_path):
    pixels = bumps(200)
    mask = np.zeros((200, 200), np.uint8)
    mask[40:160, 60:150] = 255
    whole, found = in_bands(pixels, model, tmp_path, mask=mask)
    outside = torch.from_numpy(mask == 0)
    assert (found.normals[outside] == torch.tensor([0.0, 0.0, -1.0])).all()
    assert (found.albedo[outside] == 0).all() and whole.mask.shape == (200, 200)


def test_the_ground_does_not_reach_in_across_the_outline(model, tmp_path, monkeypatch):
    """Of a ball on white, the rim too is what the picture seen at once says."""
    side = 600
    y, x = np.mgrid[:side, :side] / (0.42 * side) - 0.5 / 0.42
    inside = x**2 + y**2 < 0.98
    lit = 0.25 + 0.6 * (0.3 * x - 0.6 * y + 0.74 * np.sqrt((1 - x**2 - y**2).clip(0))).clip(0)
    pixels = np.where(inside, 255 * (0.5 * lit) ** (1 / 2.2), 240).astype(np.uint8)
    pixels, mask = np.repeat(pixels[..., None], 3, -1), np.where(inside, 255, 0).astype(np.uint8)
    settings = replace(SETTINGS, size=128)
    monkeypatch.setattr(large, "REDUCED", 300)
    _, tiled = in_bands(pixels, model, tmp_path, settings, mask)
    picture = decode_picture(pixels, "srgb", mask)
    whole = estimate(picture, settings, CPU, lambda *_: None, lambda: False, model).maps
    rim = torch.from_numpy(inside & (x**2 + y**2 > 0.9))
    assert angle(tiled.normals, whole.normals)[rim].mean() < 6
    assert (tiled.albedo - whole.albedo)[rim].abs().mean() < 0.04 * whole.albedo[rim].mean()


@given(st.integers(3, 12), st.integers(3, 12), st.integers(2, 20))
def test_a_map_that_was_grown_shrinks_to_what_it_was(height, width, times):
    torch.manual_seed(height * width)
    small = torch.randn(height, width, 3)
    found = shrunk(resize(small, times * height, times * width), height, width)
    blurred = resize(resize(small, times * height, times * width), height, width)
    assert (found - small).square().mean() < 0.1 * (blurred - small).square().mean()


def test_light_is_averaged_not_its_encoding():
    board = np.zeros((64, 64, 3), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255
    small = large.reduced(board, "srgb", np.ones((64, 64), bool), (8, 8))
    torch.testing.assert_close(small.rgb, torch.full((8, 8, 3), 0.5))


def test_interpolation_on_a_ring_knows_no_ends():
    values = torch.arange(6.0)[:, None, None].expand(6, 5, 1)
    rows, columns = np.arange(24), np.arange(10)
    ring = sampled(values, rows, columns, (24, 10), wrap=True)
    turned = sampled(values.roll(2, 0), rows, columns, (24, 10), wrap=True)
    torch.testing.assert_close(turned, ring.roll(8, 0))
    straight = sampled(values, rows, columns, (24, 10), wrap=False)
    assert straight[0, 0] == 0.0 and straight[-1, 0] == 5.0 and ring[0, 0] > 0.0


def test_it_stops_when_told_and_refuses_what_it_cannot_read(model, tmp_path):
    asked = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Stopped):
        in_bands(bumps(700), model, tmp_path, cancelled=later)
    with pytest.raises(Refused, match="black"):
        in_bands(np.zeros((64, 64, 3), np.uint8), model, tmp_path)
