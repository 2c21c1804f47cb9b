"""Scenes, the label-free objective and the trainer: pictures alone, and nothing else."""

import json
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from backend.config import EngineConfig
from backend.encoder import Encoder
from backend.geometry import normalize
from backend.model import Clone
from backend.start import coloured
from training.ahead import Ahead
from training.ceiling import photometric_stereo
from training.imagenet import load_imagenet
from training.objective import ObjectiveConfig, objective
from training.photometric import albedo_error, confidence_error, lit_mask, variable_projection
from training.scenes import KINDS, Answer, Lesson, OtherView, chosen, generate, mirrored
from training.sources import SourceConfig, recipes
from training.train import TrainConfig, hold, new_model, run, train_step
from training.validation import ValidationConfig, validate, validation_scenes

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=KINDS)
def scene(request):
    return generate(request.param, 3, 4, 32)


def test_pictures_are_pictures(scene):
    lesson = scene.lesson
    assert lesson.picture.shape == (4, 32, 32, 3) and lesson.single_lights.shape == (4, 8, 32, 32)
    assert 0 <= lesson.picture.min() and lesson.picture.max() <= 1
    for name in ("picture", "single_lights", "directions", "rays"):
        assert torch.isfinite(getattr(lesson, name)).all(), name
    assert lesson.inside.flatten(1).any(1).all()


def test_normals_are_unit_and_face_the_camera(scene):
    normals, inside = scene.answer.normals, scene.lesson.inside
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(4, 32, 32))
    rays = normalize(scene.lesson.rays)
    assert ((normals * rays).sum(-1)[inside] < 1e-3).all()


def test_lights_are_spread_and_in_front(scene):
    directions = scene.lesson.directions
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(4, 8))
    assert (directions[..., 2] < -0.25).all()
    assert (directions[..., :2].sum(1).norm(dim=-1) < 4).all()


def test_one_seed_is_one_scene(scene):
    again = generate(KINDS[0], 5, 2, 24), generate(KINDS[0], 5, 2, 24)
    assert torch.equal(again[0].lesson.picture, again[1].lesson.picture)
    other = generate(KINDS[0], 6, 2, 24)
    assert not torch.equal(again[0].lesson.picture, other.lesson.picture)


def test_the_targets_could_teach_the_normals_exactly(scene):
    """The ceiling: photometric stereo from the single lights, pixels with three lights or more."""
    enough = (lit_mask(scene.lesson).sum(1) >= 3) & scene.lesson.inside
    cosine = (photometric_stereo(scene.lesson) * scene.answer.normals).sum(-1).clamp(-1, 1)
    assert torch.rad2deg(cosine.acos())[enough].mean() < 1.0


def test_a_print_is_flat_whatever_is_on_it():
    scene = generate("print", 1, 4, 32)
    facing = torch.tensor([0.0, 0.0, -1.0]).expand_as(scene.answer.normals)
    torch.testing.assert_close(scene.answer.normals, facing)
    assert scene.lesson.picture.std() > 0.02


def test_the_trainer_is_handed_no_geometry():
    """A lesson has pictures, light directions and cameras; the step takes a lesson."""
    assert {field.name for field in fields(Lesson)} == {
        "picture", "single_lights", "directions", "inside", "rays", "outline", "other",
    }  # fmt: skip
    assert {field.name for field in fields(OtherView)} == {
        "first", "picture", "inside", "rays", "rotation", "translation", "known",
    }  # fmt: skip
    assert {field.name for field in fields(Answer)} == {"normals"}
    lesson = Ahead(recipes(SourceConfig(batch=2, sizes=(32,)), 0), CPU)(0)
    assert type(lesson) is Lesson
    for function in (train_step, variable_projection, objective):
        assert Answer not in function.__annotations__.values()


def test_true_normals_explain_the_lights_best(scene):
    truth = scene.answer.normals
    best = variable_projection(truth, scene.lesson).loss
    g = torch.Generator().manual_seed(0)
    for spread in (0.1, 0.3):
        wrong = normalize(truth + spread * torch.randn(truth.shape, generator=g))
        assert variable_projection(wrong, scene.lesson).loss > best
    flat = torch.tensor([0.0, 0.0, -1.0]).expand_as(truth)
    mirrored = truth * torch.tensor([-1.0, -1.0, 1.0])
    if not torch.allclose(truth, flat):
        assert variable_projection(flat, scene.lesson).loss > best
        assert variable_projection(mirrored, scene.lesson).loss > best


def test_a_small_thing_counts_as_much_as_one_that_fills_the_picture():
    scene = generate("pile", 2, 2, 24)
    wrong = torch.tensor([0.0, -0.6, -0.8]).expand_as(scene.answer.normals)
    inside = scene.lesson.inside.clone()
    inside[1, :16] = False
    inside[1, :, :16] = False
    lesson = replace(scene.lesson, inside=inside)
    alone = [float(variable_projection(wrong[i : i + 1], chosen(lesson, [i])).loss) for i in (0, 1)]
    both = variable_projection(wrong, lesson)
    assert 0 < both.weights[1].sum() < both.weights[0].sum() / 4
    assert float(both.loss) == pytest.approx(sum(alone) / 2, rel=1e-5)
    nothing = replace(lesson, inside=inside & (torch.arange(2) == 0)[:, None, None])
    assert float(variable_projection(wrong, nothing).loss) == pytest.approx(alone[0], rel=1e-5)


@given(st.floats(0.2, 5.0))
def test_brightness_of_the_lights_does_not_matter(factor):
    scene = generate("pile", 2, 1, 24)
    g = torch.Generator().manual_seed(0)
    guess = normalize(scene.answer.normals + 0.3 * torch.randn(1, 24, 24, 3, generator=g))
    dim = replace(scene.lesson, single_lights=scene.lesson.single_lights * factor)
    a, b = variable_projection(guess, scene.lesson), variable_projection(guess, dim)
    torch.testing.assert_close(a.loss, b.loss, atol=0.02, rtol=0.05)


def test_a_mirrored_scene_teaches_the_mirrored_normals(scene):
    truth, across = scene.answer.normals, torch.tensor([-1.0, 1.0, 1.0])
    straight = variable_projection(truth, scene.lesson)
    turned = variable_projection(truth.flip(2) * across, mirrored(scene.lesson))
    torch.testing.assert_close(turned.loss, straight.loss)
    twice = mirrored(mirrored(scene.lesson))
    for name in ("picture", "single_lights", "directions", "inside", "rays"):
        assert torch.equal(getattr(twice, name), getattr(scene.lesson, name))


def _slopes(tilts: torch.Tensor) -> torch.Tensor:
    """Return normals of 16 tilts (degrees), a row each, toward 16 sides."""
    tilt = torch.deg2rad(tilts)[:, None]
    side = (torch.arange(16) * torch.pi / 8)[None]
    x, y, z = tilt.sin() * side.cos(), tilt.sin() * side.sin(), -tilt.cos().expand(-1, 16)
    return torch.stack([x, y, z], dim=-1)[None]


def _matte(normals: torch.Tensor) -> Lesson:
    """Light a white surface by the suns of a procedural scene, without cast shadows."""
    lesson = generate("pile", 4, 1, 16).lesson
    lights = torch.einsum("bhwc,bkc->bkhw", normals, lesson.directions).clamp_min(0)
    everywhere = torch.ones_like(lesson.inside)
    return replace(lesson, single_lights=0.5 * lights, inside=everywhere)


def test_the_residual_is_about_the_angle_in_radians():
    """However steep the surface: few lights shine on a slope, all from one side."""
    tilts = torch.arange(0.0, 80.0, 5.0)
    lesson = _matte(_slopes(tilts))
    for off in (-15.0, 15.0):
        residual = variable_projection(_slopes(tilts + off), lesson).residual[0].mean(-1)
        expected = torch.full_like(residual, abs(torch.deg2rad(torch.tensor(off))))
        torch.testing.assert_close(residual, expected, atol=0, rtol=0.25)


def test_too_shallow_costs_as_much_as_too_steep():
    shallow, steep = torch.full((16,), 30.0), torch.full((16,), 70.0)
    under = variable_projection(_slopes(shallow), _matte(_slopes(steep))).loss
    over = variable_projection(_slopes(steep), _matte(_slopes(shallow))).loss
    torch.testing.assert_close(under, over, atol=0, rtol=0.15)


def test_descending_on_the_objective_finds_the_normals():
    scene = generate("pile", 4, 1, 32)
    guess = torch.tensor([0.0, 0.0, -1.0]).repeat(1, 32, 32, 1).requires_grad_()
    optimiser = torch.optim.Adam([guess], lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        variable_projection(normalize(guess), scene.lesson).loss.backward()
        optimiser.step()
    enough = (lit_mask(scene.lesson).sum(1) >= 3) & scene.lesson.inside
    cosine = (normalize(guess.detach()) * scene.answer.normals).sum(-1).clamp(-1, 1)
    flat = -scene.answer.normals[..., 2]
    assert torch.rad2deg(cosine.acos())[enough].median() < 3.0
    assert torch.rad2deg(flat.acos())[enough].median() > 20.0


def test_albedo_is_learned_up_to_exposure_and_colour():
    scene = generate("relief", 4, 2, 32)
    projected = variable_projection(scene.answer.normals, scene.lesson)
    gray = projected.albedo.clamp_min(0.02)[..., None].expand(-1, -1, -1, 3)
    assert albedo_error(gray.log() + 1.7, projected) < 1e-5
    assert albedo_error(torch.zeros_like(gray), projected) > albedo_error(gray.log(), projected)
    stripes = torch.tensor([[0.9, 0.3, 0.1], [0.1, 0.3, 0.9]]).repeat(16, 1).expand(2, 32, 32, 3)
    assert albedo_error(coloured(gray, stripes).log(), projected) < 1e-5


def test_confidence_is_the_size_of_the_miss():
    scene = generate("pile", 4, 2, 32)
    g = torch.Generator().manual_seed(0)
    normals = scene.answer.normals
    wrong = normalize(normals + 0.8 * torch.randn(normals.shape, generator=g))
    half = torch.arange(32) < 16
    projected = variable_projection(torch.where(half[:, None], normals, wrong), scene.lesson)
    honest = -projected.residual.log()
    for other in (honest + 1, honest - 1, honest.flip(2), torch.zeros_like(honest)):
        assert confidence_error(honest, projected) < confidence_error(other, projected)


def test_imagenet_features_fit_the_trunk():
    encoder = Encoder(EngineConfig().networks)
    before = encoder.trunk.stem.weight.clone()
    load_imagenet(encoder.trunk, "lite0")
    assert not torch.equal(encoder.trunk.stem.weight, before)
    encoder.train()
    assert not encoder.trunk.norm.training  # statistics stay ImageNet's
    features = encoder.trunk(torch.rand(1, 3, 64, 48))
    assert [tuple(f.shape[1:]) for f in features] == [
        (16, 32, 24), (24, 16, 12), (40, 8, 6), (112, 4, 3), (320, 2, 2),
    ]  # fmt: skip


@pytest.mark.slow
def test_training_learns_and_resumes_where_it_stopped(tmp_path):
    whole = TrainConfig(
        tmp_path / "whole", minutes=5.0, steps=14, validate_every=7, device="cpu",
        source=SourceConfig(batch=4, sizes=(32,), kinds=("object",)),
        validation=ValidationConfig(size=32, scenes=4),
    )  # fmt: skip
    run(whole)
    halves = replace(whole, out=tmp_path / "halves")
    run(replace(halves, minutes=0.0))
    _run_some(halves, 7)
    run(halves)
    a, b = (load_file(config.out / "checkpoint.safetensors") for config in (whole, halves))
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
    log_a, log_b = ((c.out / "log.jsonl").read_text().splitlines() for c in (whole, halves))
    last = [json.loads(lines[-1]) for lines in (log_a, log_b)]
    assert len(log_a) == 2 and last[0]["errors"] == last[1]["errors"]
    assert all((whole.out / name).stat().st_size > 1000 for name in ("validation.png", "plots.png"))


def _run_some(config: TrainConfig, steps: int) -> None:
    """Stop a run after some steps, as an interruption would."""
    real, count = train_step, iter(range(steps))

    def until_interrupted(*arguments):
        if next(count, None) is None:
            raise KeyboardInterrupt
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.train.train_step", until_interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(config)


def test_what_is_held_learns_nothing(tmp_path):
    held = ("encoder.trunk", "refinement", "gate")
    source = SourceConfig(kinds=("relief",), batch=2, sizes=(32,))
    config = replace(
        TrainConfig(tmp_path), steps=1, source=source, held=held, imagenet=False, device="cpu",
        objective=ObjectiveConfig(joint=1.0), validation=ValidationConfig(size=16, scenes=1),
    )  # fmt: skip
    run(config)
    after = load_file(tmp_path / "checkpoint.safetensors")
    torch.manual_seed(config.seed)
    before = new_model(config).state_dict()
    for part, stays in (*((part, True) for part in held), ("encoder.up", False)):
        weights = [name for name in before if name.startswith(f"{part}.") and "weight" in name]
        same = [torch.equal(before[name], after[f"model.{name}"]) for name in weights]
        assert weights and all(same) if stays else not all(same), part
    with pytest.raises(ValueError, match=r"no encoder\.trunc"):
        hold(new_model(config), ("encoder.trunc",))


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_for_those_who_are_made_for_it(tmp_path, monkeypatch, fast):
    asked = []

    def remembered(*arguments):
        asked.append(arguments[5].bf16)
        return train_step(*arguments)

    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": fast})
    monkeypatch.setattr("training.train.train_step", remembered)
    source = SourceConfig(kinds=("relief",), batch=2, sizes=(32,))
    scored = ValidationConfig(size=16, scenes=1)
    run(TrainConfig(tmp_path, steps=1, source=source, validation=scored, device="cpu"))
    assert asked == [fast]


def test_validation_scores_every_kind():
    scenes = validation_scenes(ValidationConfig(size=32, scenes=2), CPU)
    errors = validate(Clone(EngineConfig()).eval(), scenes)
    assert set(errors) == set(KINDS) and all(0 <= error <= 180 for error in errors.values())
