"""A file is there whole or not at all, whoever writes it and however often."""

import os
import threading
import time

import pytest

from backend.whole_files import ABANDONED_SECONDS, scratch_file, whole_file


def test_what_breaks_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


def test_two_runs_that_write_one_file_leave_one_of_them_whole(tmp_path):
    path, meet, troubles = tmp_path / "a.txt", threading.Barrier(2), []

    def write(letter):
        try:
            with whole_file(path) as temporary:
                temporary.write_text(letter * 100)
                meet.wait(10)
                temporary.write_text(letter * 200)
                meet.wait(10)
        except OSError as error:
            troubles.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() in ("a" * 200, "b" * 200)


def test_scratch_is_not_shared_and_what_a_killed_run_left_goes(tmp_path):
    name = "wall [1]"
    with scratch_file(tmp_path, name) as first, scratch_file(tmp_path, name) as second:
        assert first != second
        first.write_text("mine")
        second.write_text("left")
        third = tmp_path / second.name.replace("wall", "big.wall")
        third.write_text("of another picture")
        long_ago = time.time() - ABANDONED_SECONDS - 60
        for path in (second, third):
            os.utime(path, (long_ago, long_ago))
        with scratch_file(tmp_path, name):
            assert first.exists() and not second.exists() and third.exists()
    assert list(tmp_path.iterdir()) == [third]


def test_what_killed_runs_left_of_a_file_goes(tmp_path):
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("killed")
    for path, age in ((temporary, ABANDONED_SECONDS + 60), (tmp_path / ".a.01234567.part.txt", 60)):
        path.write_text("half")
        os.utime(path, (time.time() - age, time.time() - age))
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a.01234567.part.txt", "a.txt"]
