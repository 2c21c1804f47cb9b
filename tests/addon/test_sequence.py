"""The files of a sequence's normal maps, and what is still to be made."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.staging import staged

NORMALS = np.dstack([np.zeros((4, 5)), np.zeros((4, 5)), np.ones((4, 5))]).astype(np.float32)
PICTURE = np.zeros((4, 5, 3), np.uint8)


@pytest.fixture
def plan(tmp_path):
    """Three frames, and settings whose tuples JSON does not know."""
    for number in (1, 2, 3):
        path = tmp_path / f"shot_{number:03d}.png"
        path.touch()
        os.utime(path, (1000, 1000))
    return plan_with(tmp_path, principal=(0.5, 0.5), steps=0)


def plan_with(folder, **settings):
    frames = staged("frames").frames_of(folder / "shot_001.png")
    return staged("sequence").Plan(frames, staged("sequence").normals_of(frames, None), settings)


def write(plan, *numbers):
    writer = staged("sequence").Writer(plan)
    for number in numbers:
        writer.write(number, staged("steadiness").Frame(PICTURE, NORMALS))


def test_frames_are_done_one_by_one(plan):
    assert plan.todo() == [1, 2, 3]
    write(plan, 1)
    assert plan.todo() == [2, 3]
    write(plan, 2, 3)
    assert plan.todo() == []


def test_a_change_of_settings_undoes_everything_at_once(plan, tmp_path):
    write(plan, 1, 2, 3)
    other = plan_with(tmp_path, principal=(0.5, 0.5), steps=7)
    assert other.todo() == [1, 2, 3]
    write(other, 1)  # stopped here
    assert other.todo() == [2, 3]
    assert plan.todo() == [1, 2, 3]


def test_a_missing_an_older_and_a_foreign_file_are_made_again(plan, tmp_path):
    write(plan, 1, 2)
    (tmp_path / "shot_normal_0001.exr").unlink()
    os.utime(tmp_path / "shot_normal_0002.exr", (500, 500))
    (tmp_path / "shot_normal_0003.exr").touch()
    assert plan.todo() == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"settings": 1}', "\x00", '{"frames": [1]}'])
def test_a_record_that_is_none_of_ours_counts_for_nothing(plan, text):
    write(plan, 1, 2, 3)
    plan.record.write_text(text)
    assert plan.todo() == [1, 2, 3]


def test_frames_of_the_record_are_numbers_or_nothing(plan):
    write(plan, 1)
    record = json.loads(plan.record.read_text())
    plan.record.write_text(json.dumps(record | {"frames": ["../../x"]}))
    assert plan.todo() == [1, 2, 3]


def test_nothing_unfinished_is_left_when_the_disk_refuses(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write(plan, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "shot_001.png", "shot_002.png", "shot_003.png"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("shot_001.png", "shot_normal_0001.exr"),
        ("shot.00001.exr", "shot_normal_00001.exr"),
        ("1.png", "folder_normal_0001.exr"),
    ],
)
def test_names_come_from_the_sequence(name, first):
    frames = staged("frames").frames_of(Path("/folder") / name)
    assert staged("sequence").normals_of(frames, None).path(1) == Path("/folder") / first
    assert staged("sequence").normals_of(frames, Path("/out")).path(1) == Path("/out") / first


def test_colors_of_a_normal_map_are_normals_again():
    normals = staged("sequence").unit_normals(staged("pixels").normal_colors(NORMALS))
    np.testing.assert_allclose(normals, NORMALS, atol=1e-6)
