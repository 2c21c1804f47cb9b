"""Which lessons a run sees, and who makes them."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch

from training.ahead import Ahead
from training.packs import HELD_OUT_FROM, pack_path, write_pack
from training.scenes import generate
from training.sources import APART, REUSE, Generated, Rendered, SourceConfig, listed, recipes

from .packed_scenes import SIZE, packed, six_packs

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return six_packs(tmp_path_factory.mktemp("packs"))


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


def test_packs_of_validation_teach_nothing(folder, tmp_path):
    shutil.copy(pack_path(folder, 0), pack_path(tmp_path, HELD_OUT_FROM - 1))
    shutil.copy(pack_path(folder, 0), tmp_path / "statue-01.zip")
    listed(SourceConfig(packs=(folder, tmp_path)))
    shutil.copy(pack_path(folder, 0), pack_path(tmp_path, HELD_OUT_FROM))
    with pytest.raises(ValueError, match="validation's"):
        listed(SourceConfig(packs=(folder, tmp_path)))


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.render"):
        recipes(SourceConfig(packs=(tmp_path,)), 0)
