"""Packs on disk and the loader: what was photographed is what is learned from, and nothing else."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from backend.config import EngineConfig
from backend.image import linear_to_srgb
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
    Pack,
    SecondView,
    pack_path,
    read_answer,
    read_pack,
    write_answer,
    write_pack,
)
from training.photometric import lit_mask
from training.render import Cycles, Sheet, render, sheet
from training.scenes import generate
from training.scenes.random import Dice
from training.sources import APART, REUSE, Generated, Rendered, SourceConfig, listed, recipes
from training.train import TrainConfig, run
from training.upper_bound import labelled
from training.validation import ValidationConfig

CPU = torch.device("cpu")
SIZE = 48


def bytes_of(linear: torch.Tensor) -> np.ndarray:
    return (linear_to_srgb(linear.clamp(0, 1)) * 255).round().byte().numpy()


def packed(kind: str, seed: int) -> tuple[Pack, np.ndarray]:
    """Pack a procedural scene, orthographic as reliefs are."""
    scene = generate(kind, seed, 1, SIZE)
    lesson = scene.lesson
    lights = lesson.single_lights[0][..., None].expand(-1, -1, -1, 3)
    pack = Pack(
        kind=kind,
        picture=bytes_of(lesson.picture[0]),
        lights=bytes_of(lights),
        inside=lesson.inside[0].numpy(),
        directions=tuple(map(tuple, lesson.directions[0].tolist())),
        fov_degrees=0.0,
        ortho_width=2.0,
    )
    return pack, scene.answer.normals[0].numpy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six packs with their answers."""
    out = tmp_path_factory.mktemp("packs")
    for seed in range(6):
        pack, normals = packed("relief" if seed % 2 else "object", seed)
        write_answer(pack_path(out, seed), normals)
        write_pack(pack_path(out, seed), pack)
    return out


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


def test_lessons_follow_from_seed_and_step(folder):
    config = SourceConfig(packs=(folder,), procedural_share=0.25, batch=2, sizes=(32,))
    one, two = (Ahead(recipes(config, 3), CPU) for _ in range(2))
    for step in (7, 0, 4, 3):
        assert torch.equal(one(step).picture, two(step).picture)
    assert not torch.equal(one(0).picture, Ahead(recipes(config, 4), CPU)(0).picture)


def test_a_share_of_the_steps_is_procedural(folder):
    config = SourceConfig(packs=(folder,), procedural_share=0.25, batch=2, sizes=(32,))
    recipe = recipes(config, 5)
    scenes = [recipe(step).scenes for step in range(16)]
    assert sum(isinstance(one, Generated) for one in scenes) == 4
    assert len({one for one in scenes if isinstance(one, Rendered)}) == 12


def test_a_lesson_is_not_larger_than_its_packs_are_sharp(folder, tmp_path):
    """Where none is large enough the largest have to do."""
    fine = packed("object", 9)[0]
    doubled = {
        n: np.repeat(np.repeat(getattr(fine, n), 2, -2), 2, -3) for n in ("picture", "lights")
    }
    inside = np.repeat(np.repeat(fine.inside, 2, 0), 2, 1)
    write_pack(pack_path(tmp_path, 9), replace(fine, inside=inside, **doubled))
    both = SourceConfig(packs=(folder, tmp_path), sizes=(32, SIZE, 3 * SIZE))
    small, middle, large = listed(both)
    assert len(small) == 7 and middle == large == (pack_path(tmp_path, 9),)
    assert [len(packs) for packs in listed(SourceConfig(packs=(folder,), sizes=(32, SIZE)))] == [
        6,
        6,
    ]


def test_procedural_scenes_are_made_once_and_seen_again_in_a_mirror(monkeypatch):
    config = SourceConfig(batch=1, sizes=(16,), kinds=("object", "relief"))
    asked = []

    def noted(kind, seed, batch, size):
        asked.append((kind, seed))
        return generate(kind, seed, batch, size)

    monkeypatch.setattr("training.sources.generate", noted)
    lessons = Ahead(recipes(config, 5), CPU)
    shown = [lessons(step).picture for step in range(2 * REUSE + 1)]
    lessons.close()
    assert torch.equal(shown[2], shown[0].flip(2)) and torch.equal(shown[4], shown[0])
    assert len(asked) == len(set(asked)) and len(asked) <= 4  # two sets a turn, and what comes next


HELPED = """
import sys, time
from pathlib import Path
import torch
from training.ahead import Ahead
from training.sources import SourceConfig, recipes
if __name__ == "__main__":
    lessons = Ahead(recipes(SourceConfig(packs=(Path(sys.argv[1]),), batch=1, sizes=(32,)), 0),
                    torch.device("cpu"), workers=2)
    lessons(0)
    print("going", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_helpers_end_with_a_training_that_is_killed(folder, tmp_path):
    script = tmp_path / "helped.py"
    script.write_text(HELPED)
    command = [sys.executable, str(script), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
        assert training.stdout.readline() == "going\n"
        helpers = psutil.Process(training.pid).children(recursive=True)
        assert len(helpers) >= 2
        training.kill()
        _, alive = psutil.wait_procs(helpers, timeout=10)
    assert not alive


def test_a_lesson_is_shown_again_in_a_mirror_when_there_were_others(folder):
    config = SourceConfig(packs=(folder,), procedural_share=0.0, batch=2, sizes=(32,), showings=2)
    once, twice = recipes(replace(config, showings=1), 3), recipes(config, 3)
    for step in (0, 5):
        assert twice(2 * step) == replace(once(step), last=False)
        again = twice(2 * (step + APART) + 1)
        assert again == replace(once(step), mirror=True)
    lessons = Ahead(twice, CPU)
    shown = [lessons(step).picture for step in range(2 * APART + 2)]
    lessons.close()
    assert torch.equal(shown[-1], shown[0].flip(2))
    assert len({one.scenes for one in map(twice, range(2 * APART))}) == 2 * APART


def test_other_processes_make_the_same_lessons(folder):
    config = SourceConfig(packs=(folder,), procedural_share=0.25, batch=2, sizes=(32,))
    alone, helped = (Ahead(recipes(config, 3), CPU, workers) for workers in (0, 2))
    for step in (0, 1, 2, 3, 11):
        theirs, own = vars(helped(step)), vars(alone(step))
        for name in own.keys() - {"other"}:
            torch.testing.assert_close(theirs[name], own[name])
    for lessons in (alone, helped):
        lessons.close()


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


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.render"):
        recipes(SourceConfig(packs=(tmp_path,)), 0)


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
