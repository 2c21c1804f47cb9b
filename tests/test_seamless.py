"""Pictures that tile: what goes around their edges, and what comes back."""

import numpy as np
import pytest
import torch

from backend import pipeline, previews
from backend.conventions import wire_arrays
from backend.guidance import Prior
from backend.image import decode_picture
from shared.settings import EstimateSettings

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def picture():
    pixels = 0.25 + 0.5 * np.random.default_rng(0).random((48, 64, 3), np.float32)
    return decode_picture(pixels, "linear")


def estimate(picture, *, prior=None, show=None, **settings):
    asked = EstimateSettings(size=64, **settings)
    return pipeline.estimate(
        picture, asked, CPU, lambda *_: None, lambda: False, None, show=show, prior=prior
    )


def test_what_is_known_beforehand_goes_on_around_the_edges_too(picture):
    known = torch.ones(48, 64, dtype=torch.bool)
    tilted = torch.tensor([0.6, 0.0, -0.8])
    found = estimate(picture, prior=Prior("known", tilted.expand(48, 64, 3), known), seamless=True)
    assert "the prior known" in found.start
    torch.testing.assert_close(found.maps.normals.mean((0, 1)), tilted, atol=0.02, rtol=0)


def test_previews_show_the_picture_without_what_was_added(picture, monkeypatch):
    monkeypatch.setattr(previews, "SECONDS", 0.0)
    seen = []
    estimate(picture, show=seen.append, seamless=True, steps=2)
    assert {tuple(normals.shape) for normals in seen} == {(48, 64, 3)}


@pytest.mark.parametrize(
    ("size", "continued", "shown"),
    [((2048, 1024), (512, 284), (456, 228)), ((8, 16000), (2, 512), (2, 512))],
)
def test_a_small_preview_loses_a_small_margin(size, continued, shown):
    seen = []
    previews.framed(seen.append, *size)(torch.zeros(*continued, 3))
    assert seen[0].shape == (*shown, 3)


@pytest.mark.parametrize("principal", [(0.5, 0.5), (0.0, 0.5), (1.0, 1.25)])
def test_gaussians_lie_in_the_picture_wherever_its_axis_is(picture, principal):
    """Their places are told from the optical axis; y points up on the wire."""
    found = estimate(picture, seamless=True, principal=principal)
    means = wire_arrays(found)["means"][:, :2] * (1, -1)
    places = np.sort(means + np.array(principal) * (64, 48), axis=0)
    assert len(places) == pytest.approx(48 * 64 / found.pixel_size**2, rel=0.1)
    np.testing.assert_allclose(places[[0, -1]], [[0, 0], [64, 48]], atol=found.pixel_size)
