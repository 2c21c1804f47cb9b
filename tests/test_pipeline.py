from dataclasses import replace

import numpy as np
import pytest
import torch

from backend import pipeline
from backend.config import EngineConfig
from backend.conventions import wire_arrays, wire_report
from backend.errors import Refused, Stopped
from backend.image import decode_picture
from backend.loop import optimise
from backend.model import shipped_model
from backend.start import NOT_REFINED, begin
from backend.work import prepare
from shared.messages import Submit
from shared.settings import EstimateSettings
from shared.wire import decode, encode

from .scenes import sphere_picture

CPU = torch.device("cpu")
QUICK = EstimateSettings(steps=25, size=64)


def estimate(
    pixels, settings=QUICK, mask=None, transfer="srgb", cancelled=lambda: False, model=None
):
    seen = []
    picture = decode_picture(pixels, transfer, mask)
    result = pipeline.estimate(
        picture, settings, CPU, lambda stage, done: seen.append((stage, done)), cancelled, model
    )
    return result, seen


@pytest.fixture(scope="module")
def sphere():
    pixels, mask, normals = sphere_picture(64)
    result, seen = estimate(pixels)
    return result, seen, mask, normals


def angle(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum(-1).clamp(-1, 1).acos().rad2deg()


def test_a_sphere_is_found_and_the_loop_does_not_lose_it(sphere):
    result, _, mask, truth = sphere
    inside = torch.from_numpy(mask)
    pixels, _, _ = sphere_picture(64)
    start, _ = estimate(pixels, replace(QUICK, steps=0))
    error = angle(result.maps.normals, truth)[inside].mean()
    assert error <= angle(start.maps.normals, truth)[inside].mean() + 0.1
    assert error < 30.0
    assert result.loop.residual_after < 0.5 * result.loop.residual_before


def test_every_map_has_the_pictures_size_and_is_finite(sphere):
    result, _, mask, _ = sphere
    arrays = wire_arrays(result)
    for name, values in arrays.items():
        assert values.dtype == np.float32 and np.isfinite(values).all(), name
    assert arrays["normals"].shape == (64, 64, 3) and arrays["depth"].shape == (64, 64)
    np.testing.assert_allclose(np.linalg.norm(arrays["normals"], axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(arrays["normals"][~mask], [[0, 0, 1]] * int((~mask).sum()))
    assert (arrays["confidence"][~mask] == 0).all() and arrays["confidence"].max() <= 1
    count = len(arrays["means"])
    assert wire_report(result).gaussians == count
    for name in ("quats", "scales", "opacities", "colours", "gaussian_normals"):
        assert len(arrays[name]) == count


def test_the_wire_has_blenders_axes(sphere):
    """A ball's top points up and its nearest point lies in its middle."""
    arrays = wire_arrays(sphere[0])
    normals = arrays["normals"]
    assert normals[14, 32, 1] > 0.3 and normals[50, 32, 1] < -0.3
    assert normals[32, 14, 0] < -0.3 and normals[32, 50, 0] > 0.3
    assert normals[32, 32, 2] > 0.9
    assert arrays["depth"][32, 32] < arrays["depth"][14, 32]
    highest = arrays["means"][arrays["means"][:, 1].argmax()]
    assert abs(highest[0]) < 6 and arrays["means"][:, 2].argmax() not in (0, len(arrays["means"]))
    w, x, y, z = arrays["quats"].T / np.linalg.norm(arrays["quats"], axis=1)
    third = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], -1)
    np.testing.assert_allclose(third, arrays["gaussian_normals"], atol=1e-4)


def test_the_light_comes_from_above_left(sphere):
    light = wire_report(sphere[0]).light
    assert light.determined and light.sun_direction[0] < 0 < light.sun_direction[1]
    assert light.sun_direction[2] > 0 and len(light.ambient) == 9


def test_progress_rises_to_one_and_names_the_stages(sphere):
    _, seen, _, _ = sphere
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert {"Finding a start", "Closing the loop", "Full resolution"} <= {name for name, _ in seen}


def test_the_report_says_what_was_not_done(sphere):
    report = wire_report(sphere[0])
    assert report.start == "silhouette inflation"
    assert report.refinement == NOT_REFINED
    assert report.steps <= 25 and [stage.name for stage in report.stages][1] == "Finding a start"


def test_the_same_request_gives_the_same_bits():
    pixels, _, _ = sphere_picture(40)
    quick = replace(QUICK, steps=6)
    a, b = (wire_arrays(estimate(pixels, quick)[0]) for _ in range(2))
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_cancel_stops_between_two_steps():
    pixels, _, _ = sphere_picture(40)
    calls = iter(range(100))
    with pytest.raises(Stopped):
        estimate(pixels, cancelled=lambda: next(calls) >= 5)
    assert next(calls) < 9


def test_cancel_stops_while_the_height_is_found():
    pixels, _, _ = sphere_picture(48)
    height = replace(QUICK, steps=0, height=True)
    asked = []
    estimate(pixels, height, cancelled=lambda: bool(asked.append(1)))
    assert len(asked) > 16  # once for every direction of the sky
    for turn in (2, len(asked)):
        so_far = iter(range(1, len(asked) + 1))
        with pytest.raises(Stopped):
            estimate(pixels, height, cancelled=lambda: next(so_far) == turn)  # noqa: B023


def test_without_the_loop_the_start_is_the_answer():
    pixels, _, _ = sphere_picture(40)
    result, _ = estimate(pixels, replace(QUICK, steps=0))
    assert result.loop.steps == 0 and result.loop.residual_after == result.loop.residual_before
    assert result.loop.residual_after < 0.03  # the albedo takes what the light does not explain


@pytest.mark.parametrize("size", [64, 128])
def test_albedo_under_the_shading_is_the_picture_paint_and_all(size):
    """However far a Gaussian reaches over the edge of a stripe."""
    pixels, mask, _ = sphere_picture(128)
    stripes = np.arange(128) // 6 % 2 == 1
    pixels[:, stripes, :3] //= 3
    settings = EstimateSettings(size=size)
    maps = estimate(pixels, settings, model=shipped_model(CPU))[0].maps
    picture = decode_picture(pixels, "srgb").rgb
    missed = (maps.albedo * maps.shading - picture).abs()[mask]
    assert missed.mean() < 0.05 * picture[mask].mean()


def test_the_loop_turns_even_where_the_surface_is_nearly_transparent():
    pixels, _, _ = sphere_picture(32)
    settings = replace(QUICK, steps=25, size=32)
    work = prepare(decode_picture(pixels, "srgb", None), settings, CPU)
    beginning = begin(work, settings.start, None)
    config = EngineConfig()
    state = pipeline.initial_state(beginning, work.view, settings, config)
    thin = torch.full_like(state.encoding.opacity_logits, -6.0)
    state = replace(state, encoding=replace(state.encoding, opacity_logits=thin))
    ended = optimise(state, work.view, config, settings.steps, lambda _: None, lambda: False)
    assert torch.isfinite(ended.state.encoding.normals).all()
    assert all(torch.isfinite(value).all() for value in vars(ended.state.lighting.light).values())


def test_perspective_turns_the_normals_with_the_view():
    """Under a wide lens the rim of a ball at the side is seen from its own direction."""
    pixels, _, _ = sphere_picture(64)
    wide = np.zeros((64, 192, 4), np.uint8)
    wide[:, 128:] = pixels
    flat, _ = estimate(wide, replace(QUICK, steps=0))
    seen, _ = estimate(wide, replace(QUICK, steps=0, fov_degrees=90.0))
    inside = seen.mask
    tilt = seen.maps.normals[inside].mean(0) - flat.maps.normals[inside].mean(0)
    assert tilt[0] < -0.2


@pytest.mark.parametrize(
    ("pixels", "transfer"),
    [
        (np.random.default_rng(0).integers(0, 255, (24, 24), dtype=np.uint8), "srgb"),
        (np.random.default_rng(0).integers(0, 255, (24, 31, 2), dtype=np.uint8), "srgb"),
        (np.random.default_rng(0).integers(0, 65535, (24, 24, 3), dtype=np.uint16), "srgb"),
        (np.random.default_rng(0).exponential(50, (24, 24, 3)).astype(np.float32), "linear"),
        (np.full((24, 24, 3), 0.5, np.float32), "linear"),
        (np.full((8, 200, 3), 90, np.uint8), "srgb"),
        (np.random.default_rng(0).integers(0, 255, (9, 16384), dtype=np.uint8), "srgb"),
        (
            np.where(np.eye(24)[..., None] > 0, np.nan, 0.4).repeat(3, 2).astype(np.float32),
            "linear",
        ),
    ],
)
def test_odd_pictures_give_finite_answers(pixels, transfer):
    result, _ = estimate(pixels, replace(QUICK, steps=3), transfer=transfer)
    assert all(np.isfinite(values).all() for values in wire_arrays(result).values())


@pytest.mark.parametrize("start", ["auto", "flat", "inflation", "shading"])
@pytest.mark.parametrize("every", [16, 9])
def test_what_is_thinner_than_the_grid_is_found_all_the_same(start, every):
    """A fence or lace: bars that cover less than half of every cell."""
    pixels = np.random.default_rng(0).integers(40, 255, (256, 320, 4), dtype=np.uint8)
    bars = np.arange(320) % every < 2
    pixels[..., 3] = 255 * bars
    settings = replace(QUICK, steps=2, start=start, height=True)
    result, _ = estimate(pixels, settings, model=shipped_model(CPU) if start == "auto" else None)
    assert torch.equal(result.mask, torch.from_numpy(bars).expand(256, 320))
    assert all(np.isfinite(values).all() for values in wire_arrays(result).values())


@pytest.mark.parametrize("fov", [0.0, 100.0])
@pytest.mark.parametrize("start", ["flat", "inflation", "shading"])
def test_every_start_works_with_every_camera(fov, start):
    pixels = np.random.default_rng(0).integers(40, 255, (20, 28, 3), dtype=np.uint8)
    settings = replace(QUICK, steps=3, fov_degrees=fov, start=start)
    result, _ = estimate(pixels, settings)
    assert torch.isfinite(result.maps.normals).all()


def test_impossible_settings_are_refused_with_a_sentence():
    pixels, _, _ = sphere_picture(40)
    with pytest.raises(Refused, match="field of view") as refused:
        estimate(pixels, replace(QUICK, fov_degrees=170.0))
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize(("seed", "possible"), [(-1, False), (2**63, False), (2**63 - 1, True)])
def test_a_seed_is_one_that_the_wire_and_torch_can_carry(seed, possible):
    settings = EstimateSettings(seed=seed)
    assert (settings.problem() is None) == possible
    if possible:
        pixels, _, _ = sphere_picture(32)
        assert decode(encode(Submit("job", settings, "srgb", ())))[0].settings == settings
        result, _ = estimate(pixels, replace(QUICK, seed=seed))
        assert torch.isfinite(result.maps.normals).all()


def test_orthographic_units_are_pixels_of_the_picture_whatever_the_grid():
    pixels, mask, _ = sphere_picture(64)
    moved = np.zeros((64, 128, 4), np.uint8)
    moved[:, 64:] = pixels
    reliefs = []
    for size in (24, 48):
        arrays = wire_arrays(estimate(moved, replace(QUICK, steps=0, size=size))[0])
        x = arrays["means"][:, 0]
        assert x.min() == pytest.approx(32 - 0.8 * 32, abs=3)
        assert x.max() == pytest.approx(32 + 0.8 * 32, abs=3)
        deep = arrays["depth"][:, 64:][mask]
        reliefs.append(deep.max() - deep.min())
    assert reliefs[0] == pytest.approx(reliefs[1], rel=0.35)  # twice as deep if in grid pixels
