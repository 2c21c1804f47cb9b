"""Numbered files, and which of them Blender shows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.staging import staged


@pytest.mark.parametrize(
    ("name", "head", "digits", "tail"),
    [
        ("shot_0012.png", "shot_", 4, ".png"),
        ("v2 take3.0100.exr", "v2 take3.", 4, ".exr"),
        ("0007.jpg", "", 4, ".jpg"),
        ("a1_left.png", "a", 1, "_left.png"),
    ],
)
def test_the_last_digits_are_the_number(name, head, digits, tail):
    frames = staged("frames").frames_of(Path("/folder") / name)
    assert (frames.head, frames.digits, frames.tail) == (head, digits, tail)


def test_a_file_without_a_number_is_no_sequence():
    assert staged("frames").frames_of(Path("/folder/photo.png")) is None


def test_only_the_sequences_own_files_count(tmp_path):
    for name in ("a_08.png", "a_09.png", "a_100.png", "a_1.png", "b_10.png", "a_11.exr", "a_x.png"):
        (tmp_path / name).touch()
    (tmp_path / "a_12.png").mkdir()
    assert staged("frames").frames_of(tmp_path / "a_09.png").numbers() == [8, 9, 100]


@given(
    number=st.integers(0, 10**6), digits=st.integers(1, 6), head=st.sampled_from(["", "a_", "b."])
)
def test_a_frames_path_leads_back_to_its_sequence(number, digits, head):
    frames = staged("frames").Frames(Path("/folder"), head, digits, ".png")
    found = staged("frames").frames_of(frames.path(number))
    assert found.path(number) == frames.path(number)


@given(
    current=st.integers(-500, 500),
    start=st.integers(-100, 100),
    duration=st.integers(1, 60),
    offset=st.integers(-50, 50),
)
def test_the_shown_frame_keeps_to_the_duration(current, start, duration, offset):
    held = staged("frames").shown_frame(current, start, duration, offset, False)
    cycled = staged("frames").shown_frame(current, start, duration, offset, True)
    assert offset + 1 <= held <= offset + duration
    assert offset + 1 <= cycled <= offset + duration
    assert (cycled - (current - start + 1 + offset)) % duration == 0
    if start <= current < start + duration:
        assert held == cycled == current - start + 1 + offset
    elif current < start:
        assert held == offset + 1
    else:
        assert held == offset + duration


@given(numbers=st.sets(st.integers(0, 50), min_size=1), wanted=st.integers(-5, 60))
def test_the_nearest_frame_is_there(numbers, wanted):
    found = staged("frames").nearest(sorted(numbers), wanted)
    assert found in numbers
    assert found == wanted or wanted not in numbers
    assert found < wanted or found == wanted or found == min(numbers)
