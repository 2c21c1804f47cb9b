"""The learned start at any size, and what is made of it."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch

from backend import multiscale, pipeline, start
from backend.camera import camera_from_fov, view_rays
from backend.confidence import clues, confidence, expected_error
from backend.config import ConfidenceConfig
from backend.encoder import Encoded
from backend.geometry import normalize
from backend.image import Box, Picture, decode_picture, luminance
from backend.model import View, shipped_model
from backend.multiscale import encode, seen_twice
from backend.outline import outline_slopes
from backend.rasterizer.torch_engine import TorchRasterizer
from backend.start import LEARNED, begin, coloured, fine_normals
from backend.work import Work, prepare
from shared.settings import EstimateSettings
from tests.scenes import sphere_picture
from tests.test_model import SMALL, make_model, make_view

CPU = torch.device("cpu")


def view_of(height: int, width: int, fov: float = 40.0) -> View:
    g = torch.Generator().manual_seed(0)
    rgb = torch.rand(height, width, 3, generator=g)
    mask = torch.ones(height, width, dtype=torch.bool)
    return View(rgb, mask, camera_from_fov(width, height, fov), TorchRasterizer())


@pytest.mark.parametrize("size", [(32, 32), (200, 90), (170, 330)])
def test_any_size_is_encoded_at_its_own_size(size):
    view = view_of(*size)
    encoding = encode(make_model(), view).encoding
    for name, values in vars(encoding).items():
        assert values.shape[:2] == size and torch.isfinite(values).all(), name


def test_a_picture_and_its_mirror_image_have_mirrored_normals():
    """Above all for a camera whose axis does not go through the middle."""
    model, view = make_model(), view_of(128, 100)
    intrinsics = view.camera.intrinsics.clone()
    intrinsics[0, 2] = 30.0
    view = replace(view, camera=replace(view.camera, intrinsics=intrinsics))
    turned = intrinsics.clone()
    turned[0, 2] = 70.0
    camera = replace(view.camera, intrinsics=turned)
    mirror = View(view.rgb.flip(1), view.mask.flip(1), camera, view.rasterize)
    straight, back = (encode(model, v).encoding.normals for v in (view, mirror))
    across = torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(back.flip(1) * across, straight, atol=1e-4, rtol=1e-3)


def test_tiles_meet_without_a_seam(monkeypatch):
    """With tiles of plain colour every tile says the same, so nothing shows where they meet."""
    monkeypatch.setattr(multiscale, "OVERLAP", 16)
    view = view_of(180, 240, fov=0.0)
    view = replace(view, rgb=torch.full_like(view.rgb, 0.4))
    found = multiscale._tiled(make_model(), view, 64).encoding.normals
    assert found.shape == (180, 240, 3)
    assert (found[60:120, 60:180].std((0, 1)) < 0.05).all()


@pytest.mark.parametrize("size", [(128, 128), (512, 340), (96, 400), (40, 128), (900, 300)])
def test_the_model_never_sees_a_shape_longer_than_it_learned(size, monkeypatch):
    seen = []
    once = multiscale.seen_twice

    def noted(model, view, outline=None):
        seen.append(view.mask.shape)
        return once(model, view, outline)

    monkeypatch.setattr(multiscale, "seen_twice", noted)
    encode(make_model(), view_of(*size))
    assert seen and all(max(shape) <= 1.6 * min(shape) for shape in seen)
    assert all(100 <= max(shape) <= 200 for shape in seen)


def test_grid_and_picture_share_one_look_at_the_whole(monkeypatch):
    """And it is the picture that is looked at, so its normals are the same to the bit."""
    looks = []
    see = multiscale.see_shape

    def noted(model, view):
        looks.append(view.mask.shape)
        return see(model, view)

    model = shipped_model(CPU)
    assert model is not None
    picture = decode_picture(skimage.data.chelsea(), "srgb")
    work = prepare(picture, EstimateSettings(size=256), CPU)
    monkeypatch.setattr(start, "see_shape", noted)
    monkeypatch.setattr(multiscale, "see_shape", noted)
    begun = begin(work, "auto", model)
    together = fine_normals(work, "auto", model, begun)
    assert len(looks) == 1
    apart = fine_normals(work, "auto", model, replace(begun, shape=None))
    assert looks == [work.part.mask.shape] * 2
    torch.testing.assert_close(together, apart, atol=0, rtol=0)


def test_a_long_flat_picture_stays_flat():
    """Seen whole, a strip that darkens downward came back as a floor, tilted by 40 degrees."""
    model = shipped_model(CPU)
    assert model is not None
    picture = decode_picture(skimage.data.text(), "srgb")
    work = prepare(picture, EstimateSettings(size=128), CPU)
    normals = begin(work, "auto", model).normals
    assert normals[..., 2].neg().clamp(-1, 1).acos().rad2deg().mean() < 10


def test_the_model_begins_where_it_is_asked_to():
    pixels, _, _ = sphere_picture(48)
    picture = decode_picture(pixels, "srgb")
    work = prepare(picture, EstimateSettings(size=48), CPU)
    model = make_model()
    assert begin(work, "auto", model).name == LEARNED
    classical = begin(work, "inflation", model)
    assert classical.features is None and classical.name == "silhouette inflation"
    assert begin(work, "auto", None).name == "silhouette inflation"


def test_a_learned_start_faces_the_camera_and_has_its_depth():
    view = make_view(60.0)
    seen = Picture(view.rgb, view.mask, has_silhouette=False)
    box = Box(0, 0, *seen.mask.shape)
    beginning = begin(Work(seen, box, view.camera, view, "above"), "auto", make_model())
    assert (
        (beginning.normals * torch.nn.functional.normalize(view_rays(view.camera), dim=-1)).sum(-1)
        < 1e-4
    ).all()
    assert torch.isfinite(beginning.encoding.depth_pixels).all()


def test_with_a_model_the_answer_is_refined():
    pixels, _, _ = sphere_picture(40)
    picture = decode_picture(pixels, "srgb")
    settings = EstimateSettings(size=40, steps=3)
    result = pipeline.estimate(
        picture, settings, CPU, lambda *_: None, lambda: False, make_model(), SMALL
    )
    assert result.start == LEARNED and result.refinement == pipeline.REFINED
    assert torch.isfinite(result.maps.normals).all()


def test_doubt_bends_and_turns_lower_the_confidence():
    view, config = make_view(0.0), ConfidenceConfig(weights=(2.0, 0.5, 0.1, 0.4))
    encoding = make_model()(view).encoding
    facing = torch.tensor([0.0, 0.0, -1.0]).expand(*view.mask.shape, 3).contiguous()
    sure = confidence(encoding, facing, view, config)
    assert (sure[~view.mask] == 0).all() and (0 <= sure).all() and (sure <= 1).all()
    doubting = replace(encoding, confidence_logits=encoding.confidence_logits - 1)
    tilted = normalize(facing + torch.tensor([0.5, 0.0, 0.0]))
    bent = torch.where(torch.arange(view.mask.shape[1])[:, None] % 2 == 0, facing, tilted)
    for less in (
        confidence(doubting, facing, view, config),
        confidence(encoding, tilted, view, config),
        confidence(encoding, bent, view, config),
    ):
        assert (less[view.mask] <= sure[view.mask]).all()
        assert less[view.mask].mean() < sure[view.mask].mean() - 0.002
    found = expected_error(clues(encoding, facing, view), config)
    torch.testing.assert_close(sure[view.mask], (-found / config.scale_degrees).exp()[view.mask])


def test_where_the_mirror_image_is_answered_otherwise_there_is_doubt():
    view, model = view_of(40, 40), make_model()

    def leaning(seen, outline):
        """Lean to the right in the left half, whatever is seen."""
        found = model(seen, outline)
        normals = torch.tensor([0.0, 0.0, -1.0]).repeat(40, 40, 1)
        normals[:, :10, 0] = 0.5
        flat = torch.zeros(40, 40)
        encoding = replace(found.encoding, normals=normals, confidence_logits=flat)
        return Encoded(encoding, found.features)

    sure = seen_twice(leaning, view).encoding.confidence_logits
    sides = torch.cat([sure[:, :10], sure[:, 30:]], dim=1)
    assert sides.max() < sure[:, 10:30].min()


def test_an_outline_says_where_a_thing_turns_away():
    _, mask, truth = sphere_picture(64)
    found = outline_slopes(torch.from_numpy(mask))
    assert found.shape == (64, 64, 2) and not found[~torch.from_numpy(mask)].any()
    inside = torch.from_numpy(mask)
    assert (found * truth[..., :2]).sum(-1)[inside].mean() > 0.15
    assert not outline_slopes(torch.ones(20, 30, dtype=torch.bool)).any()
    assert not outline_slopes(torch.zeros(20, 30, dtype=torch.bool)).any()


def test_without_a_mask_the_model_is_given_no_outline():
    model, view = make_model(), view_of(40, 40)
    whole = model(view).encoding.normals
    told = model(view, torch.zeros(40, 40, 2)).encoding.normals
    assert torch.equal(whole, told)
    assert not torch.equal(model(view, torch.ones(40, 40, 2)).encoding.normals, whole)


def test_a_picture_that_the_grid_holds_is_looked_at_once(monkeypatch):
    """And what was seen is what looking again would have seen, to the bit."""
    pixels = np.random.default_rng(2).random((60, 44, 3), np.float32)
    picture, settings = decode_picture(pixels, "linear"), EstimateSettings(size=64)
    work, model = prepare(picture, settings, CPU), make_model()
    begun = begin(work, "auto", model)
    again = fine_normals(work, "auto", model, replace(begun, seen=None))
    monkeypatch.delattr("backend.start.encode")
    once = fine_normals(work, "auto", model, begun)
    torch.testing.assert_close(once, again, atol=0, rtol=0)


def test_an_albedo_takes_the_pictures_colours_and_keeps_how_bright_it_is():
    g = torch.Generator().manual_seed(3)
    albedo, picture = torch.rand(2, 40, 3, generator=g) * 0.9 + 0.05
    mixed = coloured(albedo, picture)
    torch.testing.assert_close(luminance(mixed), luminance(albedo))
    ratio = mixed / picture
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))
    black = coloured(albedo, torch.zeros_like(picture))
    torch.testing.assert_close(black, black[:, :1].expand_as(black))


@pytest.mark.parametrize("steps", [0, 12])
@pytest.mark.parametrize("colours", [(1.0, 1.0, 1.0), (1.0, 0.6, 0.2)])
def test_the_light_has_no_colours_and_the_albedo_the_pictures(colours, steps):
    """Whatever colours the network imagines."""
    pixels, alpha, _ = sphere_picture(48)
    striped = np.where(np.arange(48)[:, None, None] % 12 < 6, np.array(colours), 1.0)
    pixels[..., :3] = pixels[..., :1] * striped
    picture = decode_picture(pixels, "srgb", alpha)
    model, settings = make_model(), EstimateSettings(size=48, steps=steps)
    work = prepare(picture, settings, CPU)
    first, mask = begin(work, "auto", model).albedo, work.view.mask
    paint = (first / work.view.rgb.clamp_min(1e-3))[mask]
    torch.testing.assert_close(paint, paint[:, :1].expand_as(paint), atol=1e-3, rtol=1e-2)
    found = pipeline.estimate(picture, settings, CPU, lambda *_: None, lambda: False, model)
    shading = found.maps.shading
    torch.testing.assert_close(shading, shading[..., :1].expand_as(shading), atol=2e-4, rtol=1e-3)
    ratio = (found.maps.albedo / picture.rgb.clamp_min(1e-3))[picture.mask]
    # the loop pulls at each channel of the albedo
    assert (ratio.amax(-1) / ratio.amin(-1)).median() < (1.15 if steps else 1.02)
    camera = camera_from_fov(48, 48, 40.0)
    encoded = encode(model, View(picture.rgb, picture.mask, camera, TorchRasterizer()))
    albedo = encoded.encoding.log_albedo.exp()[picture.mask]
    assert (albedo - albedo[:, :1]).abs().max() > 0.02  # it does imagine some
