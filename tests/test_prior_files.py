"""What is installed of priors, by which command."""

import io
import json
from dataclasses import replace

import pytest

from backend.errors import Refused
from backend.image import decode_picture
from backend.priors import store
from backend.priors.__main__ import DECLINED, FAILED, WORDS, main
from backend.priors.asking import ask
from shared import installed_priors
from shared.prior_catalogue import CATALOGUE
from shared.settings import EstimateSettings

from .onnx_models import added, write_model
from .scenes import sphere_picture

pytestmark = pytest.mark.usefixtures("priors_cache")


def test_a_file_of_ones_own_is_installed_with_its_axes(tmp_path, capsys):
    prior = added(tmp_path, signs=(1, -1, -1))
    said = capsys.readouterr().out
    assert prior.sha256 in said and "x right, y up, z toward the viewer" in said
    assert prior.signs == (1, -1, -1) and store.hash_of(prior.path) == prior.sha256
    assert main(["check", "ball"]) == 0 and main(["list"]) == 0
    assert "ball" in capsys.readouterr().out
    assert main(["remove", "ball"]) == 0 and not prior.path.exists()
    assert main(["check", "ball"]) == WORDS and main(["remove", "ball"]) == WORDS


def test_a_file_with_two_names_stays_while_one_is_left(tmp_path):
    prior = added(tmp_path)
    assert main(["add", str(tmp_path / "ball.onnx"), "--name", "again"]) == 0
    assert main(["remove", "ball"]) == 0 and prior.path.is_file()
    assert main(["remove", "again"]) == 0 and not prior.path.exists()


def test_a_new_file_under_an_old_name_takes_its_place(tmp_path):
    before = added(tmp_path)
    after = added(tmp_path, signs=(-1, 1, 1))
    assert before.sha256 != after.sha256 and not before.path.exists() and after.path.is_file()


def test_a_file_that_knows_no_sphere_is_not_installed(tmp_path, priors_cache, capsys):
    write_model(tmp_path / "flat.onnx", flat=True)
    assert main(["add", str(tmp_path / "flat.onnx")]) == FAILED
    assert "was not installed" in capsys.readouterr().err
    assert list(priors_cache.iterdir()) == []


@pytest.mark.parametrize("name", ["Up", "a b", "../x", "moge2-s", "x" * 41])
def test_a_bad_name_is_refused(tmp_path, name):
    model = write_model(tmp_path / "m.onnx")
    assert main(["add", str(model), "--name", name]) == WORDS
    assert main(["add", str(tmp_path / "nothing.onnx")]) == WORDS


def test_a_model_of_the_catalogue_is_known_by_its_hash(tmp_path, monkeypatch):
    model = write_model(tmp_path / "mine.onnx")
    pinned = replace(CATALOGUE["moge2-s"], sha256=store.hash_of(model), bytes=model.stat().st_size)
    monkeypatch.setitem(CATALOGUE, "moge2-s", pinned)
    assert main(["add", str(model)]) == 0
    assert store.installed("moge2-s").signs == (1, 1, 1)


def test_a_pinned_model_with_other_axes_than_noted_is_not_vouched_for(
    tmp_path, monkeypatch, capsys
):
    model = write_model(tmp_path / "mine.onnx", signs=(1, -1, -1))
    pinned = replace(CATALOGUE["moge2-s"], sha256=store.hash_of(model), bytes=model.stat().st_size)
    monkeypatch.setitem(CATALOGUE, "moge2-s", pinned)
    assert main(["add", str(model)]) == FAILED
    assert "Do not use it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "..", "a/b", "a\\b", "C:x", "a\0b", "ball.onnx", "", "é"]
)
def test_no_name_is_a_path(tmp_path, name):
    added(tmp_path)
    (tmp_path / "cache" / "secret.json").write_text("{}")
    with pytest.raises(Refused, match="There is no prior"):
        store.installed(name)
    if name:
        assert EstimateSettings(prior=name).problem()


def test_a_record_leads_nowhere_but_into_the_cache(tmp_path, priors_cache):
    prior = added(tmp_path)
    record = priors_cache / "prior-ball.json"
    whole = json.loads(record.read_text())
    for change in (
        {"sha256": "../../secret"}, {"sha256": 5}, {"name": "other"}, {"signs": [2, 1, 1]},
        {"signs": 1}, {"multiple_of": 0}, {"multiple_of": 1.5}, {"multiple_of": "x"},
        {"bytes": "3"}, {"source": 3},
    ):  # fmt: skip
        record.write_text(json.dumps(whole | change))
        with pytest.raises(Refused):
            store.installed("ball")
    record.write_text("[]")
    assert installed_priors.everything() == []
    record.write_text(json.dumps(whole))
    assert installed_priors.everything() == [prior]


def test_a_damaged_file_is_not_run(tmp_path):
    prior = added(tmp_path)
    prior.path.write_bytes(prior.path.read_bytes()[:-1] + b"x")
    pixels, _, _ = sphere_picture(32)
    with pytest.raises(Refused, match="damaged"):
        ask("ball", decode_picture(pixels, "srgb"))
    assert main(["check", "ball"]) == FAILED


def test_what_is_missing_is_named_with_what_to_do():
    with pytest.raises(Refused, match="moge2-s") as refused:
        store.installed("moge2-s")
    assert "backend.priors fetch moge2-s" in refused.value.advice


def test_the_licence_comes_before_the_download(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["fetch", "moge2-s"]) == DECLINED
    said = capsys.readouterr().out
    assert "MIT License" in said and "Copyright (c) Microsoft Corporation" in said
    assert "Apache License" in said and CATALOGUE["moge2-s"].home in said
    assert main(["fetch", "nothing"]) == WORDS
