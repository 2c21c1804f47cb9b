import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared.settings import EstimateSettings
from training import ceiling, foreknown, validation
from training.cases import find_cases, load_picture, told
from training.evaluate import EvaluationConfig, run
from training.flatness import poster
from training.foreknown import ForeknownConfig
from training.metrics import angular_error, mean_scores, psnr, score, sparsification
from training.scenes import generate
from training.scoring import settings_for

from .scenes import sphere_picture
from .test_model import make_model

UP = np.array([0.0, 0.0, 1.0])


@given(st.floats(0, 180))
def test_angular_error_is_the_angle(degrees):
    a = np.radians(degrees)
    tilted = np.array([np.sin(a), 0.0, np.cos(a)])
    error = angular_error(UP[None, None], tilted[None, None])
    assert error[0, 0] == pytest.approx(degrees, abs=1e-6)


def test_a_small_angle_is_as_exact_in_validation_and_at_the_ceiling(monkeypatch):
    scene = generate("relief", 4, 2, 32)
    monkeypatch.setattr(validation, "answer", lambda model, lesson: scene.answer.normals)
    monkeypatch.setattr(ceiling, "photometric_stereo", lambda lesson: scene.answer.normals)
    scored = validation.Scored("relief", (scene,))
    assert validation.validate(make_model(), [scored])["relief"] < 1e-3
    assert ceiling.ceiling(scene).errors.max() < 1e-3


def test_scores_of_known_errors():
    error = np.array([[0.0, 6.0, 10.0, 28.0, 99.0]])
    result = score(error, error < 90)
    assert result.mean == 11.0 and result.median == 8.0
    assert result.rmse == pytest.approx(np.sqrt((36 + 100 + 784) / 4))
    assert result.below == (0.25, 0.5, 0.75, 0.75, 1.0)
    assert mean_scores([result, result]) == result


def test_flat_against_a_sphere_is_45_degrees():
    y, x = np.mgrid[-1:1:801j, -1:1:801j]
    inside = x * x + y * y < 1
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    error = angular_error(np.broadcast_to(UP, (801, 801, 3)), np.stack([x, y, z], -1))
    assert error[inside].mean() == pytest.approx(45.0, abs=0.2)


def test_sparsification_knows_a_good_confidence_from_a_bad_one():
    error = np.random.default_rng(0).exponential(10, 2000)
    assert sparsification(error, -error) == pytest.approx(0.0, abs=1e-9)
    assert sparsification(error, np.ones(2000)) > 2.0
    assert sparsification(error, error) > sparsification(error, np.ones(2000))


def test_psnr_of_a_tenth():
    picture = np.zeros((4, 4, 3))
    assert psnr(picture + 0.1, picture, np.ones((4, 4), bool)) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("light", "side"),
    [([0.2, 0.5, 0.8], "above"), ([-0.7, 0.3, 0.6], "left"), ([0.3, -0.6, 0.7], "below"),
     ([0.6, -0.1, 0.8], "right"), (None, "above")],
)  # fmt: skip
def test_a_case_tells_the_side_its_light_is_nearest_to(cases, light, side):
    meta = cases / "balls" / "one" / "meta.json"
    known = {} if light is None else {"light_dir": light}
    meta.write_text(json.dumps(json.loads(meta.read_text()) | known))
    case = find_cases(cases, ())[0]
    assert case.light_from == "above" and told(case).light_from == side
    assert settings_for(told(case), EstimateSettings()).light_from == side


@pytest.fixture
def cases(tmp_path):
    pixels, mask, normals = sphere_picture(48)
    for case in ("one", "two"):
        folder = tmp_path / "cases" / "balls" / case
        folder.mkdir(parents=True)
        for name in ("original", "light01", "light02"):
            Image.fromarray(pixels[..., :3]).save(folder / f"{name}.png")
        Image.fromarray((mask * 255).astype(np.uint8)).save(folder / "mask.png")
        truth = normals.numpy() * [1, -1, -1] * mask[..., None]
        np.save(folder / "normals.npy", truth.astype(np.float16))
        meta = {"images": ["light01", "original", "light02"], "size": [48, 48], "intrinsics": None}
        (folder / "meta.json").write_text(json.dumps(meta))
    return tmp_path / "cases"


def test_cases_are_found_with_their_main_picture_and_silhouette(cases):
    case, _ = find_cases(cases, ("balls",))
    assert case.main == "original" and case.lights == ("light01", "light02")
    assert load_picture(case, case.main).has_silhouette
    assert find_cases(cases, ("boxes",)) == []


def test_intrinsics_are_moved_to_pixel_centres_at_one_half(cases):
    path = cases / "balls" / "one" / "meta.json"
    meta = json.loads(path.read_text())
    meta["intrinsics"] = [[24.0, 0, 23.5], [0, 24.0, 23.5], [0, 0, 1]]
    path.write_text(json.dumps(meta))
    case = find_cases(cases, ())[0]
    assert case.fov_degrees == pytest.approx(90.0) and case.principal == (0.5, 0.5)


@pytest.mark.slow
def test_the_command_scores_and_draws(cases, tmp_path, caplog):
    caplog.set_level("INFO")
    config = EvaluationConfig(
        cases, json=tmp_path / "e.json", sheet=tmp_path / "made" / "e.png", size=24, steps=4,
        lighting=True, flatness=True, jobs=2,
    )  # fmt: skip
    assert run(config) == 0
    for word in ("balls", "inflation", "ours", "AUSE", "consistency", "mean tilt"):
        assert word in caplog.text
    record = json.loads((tmp_path / "e.json").read_text())
    assert [case["case"] for case in record["cases"]] == ["one", "two"]
    flat, loop = (record["cases"][0]["methods"][m]["mean"] for m in ("flat", "ours"))
    assert loop < flat
    assert record["lighting"][0]["consistency"] < 0.01  # twice the same picture
    with Image.open(tmp_path / "made" / "e.png") as sheet:
        assert sheet.width > 1000
    assert run(EvaluationConfig(tmp_path / "nothing")) == 2


def test_true_normals_told_beforehand_arrive(cases, caplog, tmp_path):
    caplog.set_level("INFO")
    assert foreknown.run(ForeknownConfig(cases, cuts=(16, 64), size=32)) == 0
    *_, last = caplog.messages
    _, prior, coarse, fine = map(float, last.split())
    assert prior == pytest.approx(0, abs=0.1) and fine == pytest.approx(0, abs=0.1)
    assert coarse > 1
    assert foreknown.run(ForeknownConfig(tmp_path / "nothing")) == 2


def test_the_poster_is_the_same_every_time():
    assert np.array_equal(poster(), poster())
