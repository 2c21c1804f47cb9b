"""Packs on disk and the loader: what was photographed is what is learned from, and nothing else."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from backend.config import EngineConfig
from backend.model import Clone, load_model
from training.ablation import ROWS, AblationConfig
from training.ablation import run as ablate
from training.ahead import Ahead
from training.bakeoff import BakeoffConfig, bake
from training.calibrate import CalibrationConfig
from training.calibrate import run as calibrate
from training.ceiling import photometric_stereo
from training.export import ExportConfig, export
from training.loader import lesson_of, plain_lesson, plain_window
from training.packs import (
    SecondView,
    pack_path,
    read_answer,
    read_pack,
    write_pack,
)
from training.photometric import lit_mask
from training.render import Cycles, Sheet, render, sheet
from training.scenes.random import Dice
from training.sources import SourceConfig, recipes
from training.train import TrainConfig, run
from training.upper_bound import labelled
from training.validation import ValidationConfig

from .packed_scenes import SIZE, packed, six_packs

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return six_packs(tmp_path_factory.mktemp("packs"))


def test_a_pack_comes_back_as_it_went(folder):
    pack, normals = packed("relief", 1)
    view = SecondView(pack.picture, pack.inside, tuple(map(tuple, np.eye(3))), (0.1, 0.0, 0.2))
    path = folder.parent / "one.zip"
    write_pack(path, replace(pack, view=view))
    again = read_pack(path)
    assert (again.inside == pack.inside).all() and again.directions == pack.directions
    assert again.view is not None and again.view.translation == view.translation
    assert np.abs(again.lights.astype(int) - pack.lights).mean() < 4
    cosine = (read_answer(pack_path(folder, 1)) * normals).sum(-1).clip(-1, 1)
    assert np.degrees(np.arccos(cosine)).mean() < 0.5


@pytest.mark.parametrize("printed", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_turned_cut_and_painted_lights_still_tell_the_truth(folder, seed, printed, monkeypatch):
    """Photometric stereo of a varied lesson agrees with itself, whatever the variation was."""
    monkeypatch.setattr("training.loader.PAINTED_SHARE", 1.0)
    monkeypatch.setattr("training.paint.PRINTED_SHARE", printed)
    pack = read_pack(pack_path(folder, 1))
    lesson = lesson_of([pack], 32, Dice(seed, CPU))
    assert 0 <= lesson.picture.min() and lesson.picture.max() <= 1
    found = photometric_stereo(lesson)
    enough = (lit_mask(lesson).sum(1) >= 3) & lesson.inside
    shading = torch.einsum("bhwc,bkc->bkhw", found, lesson.directions).clamp_min(0)
    bright = lesson.single_lights * enough[:, None]
    albedo = (bright * shading).sum(1) / shading.square().sum(1).clamp_min(1e-6)
    missed = ((bright - albedo[:, None] * shading) * lit_mask(lesson))[
        enough[:, None].expand(bright.shape)
    ]
    assert missed.abs().mean() < 0.03


def aside(lesson):
    """Return how many degrees from above the light of a lesson's picture comes."""
    told = lesson.inside[0]
    singles, picture = lesson.single_lights[0][:, told], lesson.picture[0][told].mean(-1)
    mixed = torch.linalg.lstsq(singles.T, picture[:, None]).solution[:, 0]
    x, y, _ = mixed @ lesson.directions[0]
    return torch.rad2deg(torch.atan2(x, -y)).abs()


def test_rendered_reliefs_are_lit_from_above_and_things_rather_so(folder, monkeypatch):
    monkeypatch.setattr("training.loader.RELIT_SHARE", 1.0)
    monkeypatch.setattr("training.loader.PAINTED_SHARE", 0.0)
    thing, relief = (read_pack(pack_path(folder, seed)) for seed in (0, 1))
    angles = {
        pack.kind: torch.stack([aside(lesson_of([pack], 32, Dice(s, CPU))) for s in range(24)])
        for pack in (thing, relief)
    }
    assert angles["relief"].max() < 80 < angles["object"].max()


def test_plain_lessons_match_their_answers(folder):
    for seed in (0, 1):
        path = pack_path(folder, seed)
        pack = read_pack(path)
        lesson = plain_lesson([pack], SIZE if pack.kind == "relief" else 32)
        if pack.kind != "relief":
            assert plain_window(pack).side < SIZE or pack.inside.mean() > 0.5
            continue
        enough = ((lit_mask(lesson).sum(1) >= 3) & lesson.inside)[0]
        cosine = (photometric_stereo(lesson)[0] * torch.from_numpy(read_answer(path))).sum(-1)
        assert torch.rad2deg(cosine.clamp(-1, 1).acos())[enough].mean() < 3.0


def test_the_trainer_needs_no_answers(folder, tmp_path):
    """Training goes through with every true normal deleted."""
    blind = tmp_path / "blind"
    shutil.copytree(folder, blind, ignore=shutil.ignore_patterns("answers"))
    config = _training(tmp_path, blind)
    trained = run(config)
    assert trained.progress.step == 2
    with pytest.raises(FileNotFoundError):
        run(replace(config, out=tmp_path / "labels"), labelled(config))


@pytest.mark.parametrize("seed", range(4))
def test_the_upper_bound_sees_the_normals_of_what_it_is_shown(folder, tmp_path, seed):
    """Turned, cut and mirrored as the pictures are."""
    config = replace(_training(tmp_path, folder), steps=1, seed=seed)
    lesson = Ahead(recipes(config.source, config.seed), CPU)(0)
    stereo = photometric_stereo(lesson)

    model = Clone(EngineConfig()).eval()
    encoded = model.encoder(lesson.picture, lesson.rays, lesson.outline)
    flat = torch.tensor([0.0, 0.0, -1.0]).expand_as(stereo)
    right, wrong = (
        labelled(config)(
            model, replace(encoded, encoding=replace(encoded.encoding, normals=n)), lesson, 0
        )
        for n in (stereo, flat)
    )
    assert right < 0.1 and right < wrong


@pytest.mark.parametrize("other", [{"showings": 2}, {"procedural_share": 0.25}])
def test_the_upper_bound_refuses_what_it_has_no_normals_of(folder, tmp_path, other):
    config = _training(tmp_path, folder)
    with pytest.raises(ValueError, match="upper bound"):
        asked = replace(config, source=replace(config.source, **other))
        run(asked, labelled(asked))


@pytest.mark.slow
def test_the_bakeoff_runs_each_arm_once_and_prints_a_table(folder, tmp_path, caplog):
    config = BakeoffConfig(
        tmp_path / "bake", folder, folder, steps=1, size=32, batch=2, amount=6,
        only=("base: lite0, rendered scenes", "with labels"),
    )  # fmt: skip
    caplog.set_level("INFO")
    assert bake(config) == 0
    table = caplog.records[-1].getMessage()
    assert "| with labels |" in table and "| base: lite0, rendered scenes |" in table
    before = {p: p.stat().st_mtime_ns for p in config.out.glob("*.json")}
    assert len(before) == 4 and bake(config) == 0
    assert {p: p.stat().st_mtime_ns for p in config.out.glob("*.json")} == before


def _training(tmp_path, packs) -> TrainConfig:
    return TrainConfig(
        tmp_path / "run", minutes=5.0, steps=2, validate_every=100, device="cpu",
        source=SourceConfig(packs=(packs,), procedural_share=0.0, batch=2, sizes=(32,)),
        validation=ValidationConfig(size=32, scenes=1),
    )  # fmt: skip


def test_the_engine_config_ships_the_small_trunk():
    assert EngineConfig().networks.trunk == "lite0"


@pytest.mark.slow
def test_the_ablation_runs_every_row_and_draws_it(folder, tmp_path, caplog):
    training = _training(tmp_path, folder)
    run(training)
    caplog.set_level("INFO")
    checkpoint, sheet = training.out / "checkpoint.safetensors", tmp_path / "sheet.png"
    failures = tmp_path / "failures.jpg"
    config = AblationConfig(
        folder, checkpoint=checkpoint, labelled=checkpoint, sheet=sheet, failures=failures,
        scenes=1, size=32, steps=2, jobs=1,
    )  # fmt: skip
    assert ablate(config) == 0
    table = caplog.records[-1].getMessage().splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == list(ROWS)
    errors = [float(line.split("|")[2]) for line in table[2:]]
    assert all(0 < error < 180 for error in errors)
    assert sheet.stat().st_size > 1000
    with Image.open(failures) as shown:
        # a row of three threes for the two kinds of one scene each
        assert shown.width > 9 * 160 > shown.height > 160
    assert calibrate(CalibrationConfig(folder, checkpoint, scenes=2, size=32, steps=1)) == 0
    assert any("AUSE" in record.getMessage() for record in caplog.records)
    weights = tmp_path / "weights.safetensors"
    assert export(ExportConfig(checkpoint, weights)) == 0
    assert load_model(weights, EngineConfig()) is not None


def test_a_sheet_shows_rendered_and_procedural_scenes(folder, tmp_path):
    for config in (Sheet(tmp_path / "a.png", folder, 1), Sheet(tmp_path / "b.png", None, 1, 32)):
        assert sheet(config) == 0 and config.out.stat().st_size > 5000


def test_rendering_is_shared_out_and_goes_on_where_it_stopped(folder, tmp_path):
    """A stand-in for Blender's Python writes the packs that a job is asked for."""
    blender = tmp_path / "python"
    blender.write_text(
        "#!/bin/sh\n"
        f'for i in $(seq 0 $(($5 - 1))); do p="$3/$(printf %07d $(($4 + i * $6))).zip"\n'
        f'[ -e "$p" ] || cp {pack_path(folder, 0)} "$p"; done\n'
    )
    blender.chmod(0o755)
    config = Cycles(tmp_path / "out", count=5, python=blender, jobs=2)
    assert render(config) == 0
    made = sorted(path.name for path in config.out.glob("*.zip"))
    assert made == [f"{seed:07d}.zip" for seed in range(5)]
    assert render(replace(config, count=7, held_out=False)) == 0
    assert len(list(config.out.glob("*.zip"))) == 7
    assert render(replace(config, out=tmp_path / "held", count=2, held_out=True)) == 0
    assert pack_path(tmp_path / "held", 1_000_001).exists()
