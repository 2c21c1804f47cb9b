"""What an artist paints is heeded: in the picture that is read, in the normals, in what follows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend import pipeline
from backend.errors import Refused
from backend.geometry import normalize
from backend.hints import EDGE, heeded
from backend.image import FLAT, IGNORED, crop, decode_picture, object_box, resize_picture
from backend.model import shipped_model
from backend.resample import filled
from shared.settings import EstimateSettings

from .scenes import sphere_picture

CPU = torch.device("cpu")
SETTINGS = EstimateSettings(steps=6, size=64, height=True)


def painted(size: int, where: tuple[slice, slice], value: int) -> np.ndarray:
    hints = np.zeros((size, size), np.uint8)
    hints[where] = value
    return hints


def estimate(pixels, hints, settings=SETTINGS, model=None):
    picture = decode_picture(pixels, "srgb", None, hints)
    return pipeline.estimate(picture, settings, CPU, lambda *_: None, lambda: False, model)


def random_normals(height: int, width: int, seed: int) -> torch.Tensor:
    values = torch.randn(height, width, 3, generator=torch.Generator().manual_seed(seed))
    return normalize(values * 0.3 - torch.tensor([0.0, 0.0, 1.0]))


def test_ignored_pixels_are_filled_from_around_and_nothing_else_changes():
    ramp = np.linspace(0.2, 0.8, 64, dtype=np.float32)
    pixels = np.broadcast_to(ramp[None, :, None], (64, 64, 3)).copy()
    where = np.s_[20:40, 20:40]
    dirty = pixels.copy()
    dirty[where] = 40.0
    found = decode_picture(dirty, "linear", None, painted(64, where, IGNORED)).rgb.numpy()
    assert np.abs(found[where] - pixels[where]).max() < 0.12
    found[where] = pixels[where]
    np.testing.assert_allclose(found, pixels, atol=1e-6)


def test_what_is_ignored_does_not_change_the_answer():
    pixels, _, _ = sphere_picture(64)
    where = np.s_[28:38, 30:40]
    black, white = pixels.copy(), pixels.copy()
    black[where], white[where] = (0, 0, 0, 255), (255, 255, 255, 255)
    hints = painted(64, where, IGNORED)
    one, other = (estimate(dirt, hints).maps for dirt in (black, white))
    for name in ("normals", "depth", "albedo", "shading"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_the_surface_goes_on_under_what_is_ignored():
    normals = random_normals(48, 48, 0)
    v, u = torch.meshgrid(torch.arange(48) / 48 - 0.5, torch.arange(48) / 48 - 0.5, indexing="ij")
    smooth = normalize(torch.stack([u, v, -torch.ones_like(u)], -1))
    hints = torch.from_numpy(painted(48, np.s_[16:30, 10:30], IGNORED))
    known = (hints == 0)[..., None]
    found = heeded(torch.where(known, smooth, normals), torch.ones(48, 48).bool(), hints, EDGE)
    assert (found * smooth).sum(-1).min() > np.cos(np.radians(8))
    assert torch.equal(found[known[..., 0]], smooth[known[..., 0]])


@given(seed=st.integers(0, 50), edge=st.integers(0, 4))
def test_each_stroke_is_one_plane_with_a_soft_edge(seed, edge):
    normals, inside = random_normals(40, 40, seed), torch.ones(40, 40).bool()
    inside[:3] = False
    hints = torch.zeros(40, 40, dtype=torch.uint8)
    hints[0:12, 4:16], hints[25:36, 20:38] = FLAT, FLAT
    found = heeded(normals, inside, hints, edge)
    for rows, columns in ((slice(3, 12), slice(4, 16)), (slice(25, 36), slice(20, 38))):
        mean = normalize(normals[rows, columns].sum((0, 1)))
        assert (found[rows, columns] - mean).abs().max() < 1e-4
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(40, 40))
    far = torch.ones(40, 40).bool()
    far[0 : 12 + edge, 4 - min(edge, 4) : 16 + edge] = False
    far[25 - edge : 36 + edge, 20 - edge : 38 + edge] = False
    far |= ~inside
    torch.testing.assert_close(found[far], normals[far])


def test_a_flat_stroke_is_flat_in_everything_that_comes_back():
    pixels, mask, _ = sphere_picture(64)
    where = np.s_[16:30, 20:44]
    result = estimate(
        pixels, painted(64, where, FLAT), replace(SETTINGS, steps=0), shipped_model(CPU)
    )
    normals = result.maps.normals[where]
    assert (normals - normals[0, 0]).abs().max() < 1e-4
    shading = result.maps.shading[where][3:-3, 3:-3]
    assert shading.std() < 0.02 < result.maps.shading[torch.from_numpy(mask)].std()
    height = result.relief.height[where][2:-2, 2:-2]
    assert height.diff(n=2, dim=0).abs().max() < 0.05 and height.diff(n=2, dim=1).abs().max() < 0.05
    across = result.cloud.normals
    means = result.cloud.gaussians.means
    v, u = (means[:, i] + 32 for i in (1, 0))
    chosen = (v > 17) & (v < 29) & (u > 21) & (u < 43)
    assert chosen.sum() > 100 and across[chosen].std(0).max() < 1e-3


def test_hints_follow_their_picture():
    hints = painted(64, np.s_[20:44, 20:44], FLAT)
    pixels, _, _ = sphere_picture(64)
    picture = decode_picture(pixels, "srgb", None, hints)
    part = crop(picture, object_box(picture.mask))
    small = resize_picture(part, 24)
    assert part.hints.shape == part.mask.shape and small.hints.shape == small.mask.shape
    share = (small.hints == FLAT).float().mean() / (part.hints == FLAT).float().mean()
    assert float(share) == pytest.approx(1.0, abs=0.15)


def test_nothing_painted_changes_nothing():
    pixels, _, _ = sphere_picture(40)
    settings = replace(SETTINGS, steps=4)
    bare = estimate(pixels, None, settings)
    blank = estimate(pixels, np.zeros((40, 40), np.uint8), settings)
    assert (bare.maps.normals - blank.maps.normals).abs().max() < 0.05


def test_filling_keeps_what_is_known():
    values = torch.rand(17, 23, 2)
    known = torch.rand(17, 23) < 0.3
    found = filled(values, known)
    assert torch.equal(found[known], values[known])
    assert (found >= values[known].min() - 1e-5).all() and (found <= values.max() + 1e-5).all()


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        (np.zeros((63, 64), np.uint8), "64 × 63"),
        (np.zeros((64, 64, 1), np.uint8), "pixels"),
        (np.zeros((64, 64), np.uint16), "mean nothing"),
        (np.full((64, 64), 3, np.uint8), "mean nothing"),
        (np.full((64, 64), IGNORED, np.uint8), "ignored"),
    ],
)
def test_hints_that_cannot_be_heeded_are_refused(hints, says):
    pixels, _, _ = sphere_picture(64)
    with pytest.raises(Refused, match=says) as refused:
        decode_picture(pixels, "srgb", None, hints)
    assert refused.value.code == "bad_image" and refused.value.advice
