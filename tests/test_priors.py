"""External normal models: their axes, what is installed, and estimates that begin with them."""

import importlib
import runpy
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import msgpack
import numpy as np
import pytest
import torch

from backend import large, pipeline
from backend.conventions import wire_arrays, wire_report
from backend.errors import Refused
from backend.guidance import CUT, OWN_CONFIDENCE, Prior, guided
from backend.image import decode_picture
from backend.model import shipped_model
from backend.priors import network, sphere
from backend.priors.asking import claimed
from backend.priors.network import opened
from backend.resample import resize
from backend.seamless import continued
from shared.messages import Submit
from shared.settings import EstimateSettings
from shared.wire import decode, encode

from .onnx_models import added, write_model
from .scenes import sphere_normals, sphere_picture

CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[1]
PLAIN = EstimateSettings(size=48)


pytestmark = pytest.mark.usefixtures("priors_cache")


def degrees(found, truth, where):
    return (found * truth).sum(-1).clamp(-1, 1).acos().rad2deg()[where].mean()


def estimate(picture, settings, model=None, **more):
    return pipeline.estimate(picture, settings, CPU, lambda *_: None, lambda: False, model, **more)


# the model and its axes


@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_the_axes_of_a_model_are_found_on_a_sphere(tmp_path, signs):
    model = opened(write_model(tmp_path / f"{signs}.onnx", signs), 14)
    fit = sphere.axes_of(sphere.fits(model))
    assert fit.signs == signs and fit.degrees < 2
    assert sphere.fits(model)[1].degrees > 40  # no other signs come near


@pytest.mark.parametrize(
    "form",
    [
        {"names": ("normal",), "tokens": False},
        {"names": ("anything",), "tokens": False, "channels_first": True},
        {"names": ("a", "b", "c", "d")},
        {"names": ("normals",), "tokens": False, "side": 224},
    ],
)
def test_models_of_other_forms_are_understood(tmp_path, form):
    fit = sphere.axes_of(sphere.fits(opened(write_model(tmp_path / "m.onnx", **form), 14)))
    assert fit.signs == (1, 1, 1) and fit.degrees < 2


def test_a_model_that_says_it_faces_you_is_refused(tmp_path):
    model = opened(write_model(tmp_path / "flat.onnx", flat=True), 14)
    with pytest.raises(Refused, match="None of the eight"):
        sphere.axes_of(sphere.fits(model))


def test_several_ways_to_take_the_axes_are_none():
    with pytest.raises(Refused, match="2 of the eight"):
        sphere.axes_of([sphere.Fit((1, 1, 1), 20.0), sphere.Fit((1, -1, 1), 25.0)])


@pytest.mark.parametrize("size", [(64, 64), (300, 200), (40, 400), (400, 50)])
def test_pictures_of_any_shape_are_seen_unstretched(tmp_path, size):
    """The model sees its sphere in the middle of what it is shown, so a circle stays a circle."""
    model = opened(write_model(tmp_path / "m.onnx", tokens=False, side=280), 14)
    found = claimed(model, (1, 1, 1), torch.rand(*size, 3), "")
    assert found.normals.shape == (*size, 3) and found.known.all()
    height, width = size
    rim = sphere.RADIUS * max(size)  # the picture was padded to a square
    across = found.normals[height // 2, :, 0]
    expected = (torch.arange(width) + 0.5 - width / 2) / rim
    inside = expected.abs() < 0.8
    torch.testing.assert_close(across[inside], expected[inside], atol=0.05, rtol=0)


def test_a_picture_has_the_tokens_the_model_is_made_for(tmp_path):
    model = opened(write_model(tmp_path / "m.onnx"), 14)
    for height, width in ((500, 741), (64, 64), (2000, 1000)):
        rows, columns = model.size_for(height, width)
        assert rows % 14 == columns % 14 == 0
        assert 1200 <= (rows // 14) * (columns // 14) <= 2500
        assert abs(np.log(columns / rows * height / width)) < 0.05


def test_what_the_mask_leaves_out_is_not_claimed(tmp_path):
    model = opened(write_model(tmp_path / "m.onnx", masked=True), 14)
    found = claimed(model, (1, 1, 1), torch.rand(60, 60, 3), "")
    assert not found.known[:, :29].any() and found.known[:, 31:].all()
    own = torch.tensor([0.6, 0.0, -0.8]).expand(60, 60, 3)
    after = guided(own, found)
    torch.testing.assert_close(after[:, :28], own[:, :28])
    assert degrees(after, found.normals, found.known) < 1


def test_files_that_are_no_normal_models_are_refused(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"not a model")
    with pytest.raises(Refused, match="cannot be used") as refused:
        opened(tmp_path / "text.onnx", 14)
    assert str(tmp_path) not in refused.value.message


def test_what_fails_on_a_gpu_runs_on_the_cpu(tmp_path, caplog):
    model = opened(write_model(tmp_path / "m.onnx"), 14)
    session = Failing(model.session)
    found = claimed(replace(model, session=session), (1, 1, 1), torch.rand(56, 56, 3), "")
    assert found.known.all() and session.providers == ["CPUExecutionProvider"]
    assert "does not run on CUDAExecutionProvider" in caplog.text
    session.works = False
    with pytest.raises(Refused, match="cannot be run"):
        claimed(replace(model, session=session), (1, 1, 1), torch.rand(56, 56, 3), "")


class Failing:
    """A session that runs on the CPU alone."""

    def __init__(self, real):
        self.real, self.providers, self.works = real, ["CUDAExecutionProvider"], True

    def get_providers(self):
        return self.providers

    def set_providers(self, providers):
        self.providers = providers

    def run(self, wanted, feed):
        if not self.works or self.providers != ["CPUExecutionProvider"]:
            raise RuntimeError("no kernel image")
        return self.real.run(wanted, feed)


def test_everything_works_without_onnxruntime(tmp_path, monkeypatch):
    def missing(name):
        assert name == "onnxruntime"
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    network.opened.cache_clear()
    with pytest.raises(Refused) as refused:
        opened(tmp_path / "m.onnx", 14)
    assert 'pip install "clone-normals[onnx]"' in refused.value.advice


def test_nothing_loads_onnxruntime_before_a_prior_is_asked():
    code = "import backend.batch.__main__, backend.server.engine, sys; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert "onnxruntime" not in loaded.stdout and "backend.priors.network" in loaded.stdout


# estimates


def test_an_estimate_has_the_shape_of_its_prior(tmp_path):
    added(tmp_path, "ball", signs=(1, -1, -1))
    rgb = np.full((90, 90, 3), 0.5, np.float32)
    picture = decode_picture(rgb, "srgb")
    truth, inside = sphere_normals(90, 2 * sphere.RADIUS)
    model = shipped_model(CPU)
    found = estimate(picture, replace(PLAIN, prior="ball"), model)
    assert degrees(found.maps.normals, truth, inside) < 3
    assert degrees(estimate(picture, PLAIN, model).maps.normals, truth, inside) > 25
    assert "the prior ball" in found.start and found.refinement.startswith("none")
    assert "Asking the prior" in [stage.name for stage in found.stages]
    means = torch.from_numpy(wire_arrays(found)["means"])
    middle = means[:, :2].norm(dim=-1) < 5
    assert means[middle, 2].mean() > means[~middle, 2].mean() + 5  # the depths follow: it bulges


@pytest.mark.parametrize("settings", [{"steps": 4}, {"start": "flat"}, {"height": True}])
def test_a_prior_goes_with_every_other_setting(tmp_path, settings):
    added(tmp_path)
    pixels, mask, _ = sphere_picture(64)
    found = estimate(decode_picture(pixels, "srgb", mask), replace(PLAIN, prior="ball", **settings))
    assert torch.isfinite(found.maps.normals).all()
    assert "the prior ball" in found.start


def test_a_picture_that_tiles_asks_about_what_goes_on_around_it(tmp_path):
    added(tmp_path)
    pixels, _, _ = sphere_picture(64)
    picture = decode_picture(pixels[..., :3], "srgb")
    found = estimate(picture, replace(PLAIN, prior="ball", seamless=True))
    assert found.maps.normals.shape == (64, 64, 3)
    assert continued(picture).mask.shape[0] > 64


@pytest.mark.parametrize("seamless", [False, True])
def test_the_report_says_whose_confidence_it_is_when_a_prior_led(tmp_path, seamless):
    added(tmp_path)
    pixels, _, _ = sphere_picture(48)
    pixels = pixels[..., :3].astype(np.float32)
    pixels[0, 0] = -1.0
    picture = decode_picture(pixels, "linear")
    plain = estimate(picture, replace(PLAIN, seamless=seamless))
    led = estimate(picture, replace(PLAIN, prior="ball", seamless=seamless))
    assert wire_report(plain).notes == picture.notes != ()
    assert wire_report(led).notes == (*picture.notes, OWN_CONFIDENCE)


def test_the_add_on_has_german_for_whose_confidence_it_is():
    german = runpy.run_path(str(ROOT / "blender_addon" / "german_priors.py"))["TEXTS"]
    assert OWN_CONFIDENCE in german


def test_a_large_picture_has_the_shape_of_its_prior(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "REDUCED", 96)
    added(tmp_path)
    pixels = np.full((192, 192, 3), 128, np.uint8)
    truth, inside = sphere_normals(192, 2 * sphere.RADIUS)
    answer = large.estimate_large(
        pixels, "srgb", None, replace(PLAIN, prior="ball"), tmp_path / "scratch", CPU,
        lambda *_: None, lambda: False, shipped_model(CPU),
    )  # fmt: skip
    normals = torch.cat([band.normals for band in answer.bands])
    assert degrees(normals, truth, inside) < 4


def test_true_normals_come_back_as_far_as_the_grid_goes():
    """The detail is our own: what a finer grid than ``CUT`` shows is not the prior's."""
    g = torch.Generator().manual_seed(0)
    side = 2 * CUT
    truth, _ = sphere_normals(side)
    own = torch.nn.functional.normalize(
        truth + 0.2 * torch.rand(side, side, 3, generator=g), dim=-1
    )
    prior = Prior("truth", truth, torch.ones(side, side, dtype=torch.bool))
    after = guided(own, prior)
    assert degrees(after, truth, prior.known) < degrees(own, truth, prior.known) - 2
    torch.testing.assert_close(guided(own, replace(prior, cells=side)), truth)
    fine, left = (n - resize(resize(n, CUT // 2, CUT // 2), side, side) for n in (own, after))
    where = slice(8, -8)
    pair = torch.stack([fine[where, where].flatten(), left[where, where].flatten()])
    assert torch.corrcoef(pair)[0, 1] > 0.7


def test_a_prior_that_is_missing_is_an_error_with_advice():
    pixels, _, _ = sphere_picture(32)
    with pytest.raises(Refused) as refused:
        estimate(decode_picture(pixels, "srgb"), replace(PLAIN, prior="nothing"))
    assert refused.value.code == "bad_request" and "backend.priors list" in refused.value.advice


def test_a_peer_that_knows_no_priors_is_understood():
    submit = Submit("job", EstimateSettings(prior="moge2-s"), "srgb", ())
    (header,) = encode(submit)
    assert decode([header])[0] == submit
    fields = msgpack.unpackb(header)
    del fields["settings"]["prior"]
    assert decode([msgpack.packb(fields)])[0].settings == EstimateSettings()
