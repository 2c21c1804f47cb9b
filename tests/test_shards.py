"""Machines that do not talk to each other do every picture once."""

import itertools
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import openjd
from backend.shards import share

names = st.text("aBc_019.-", min_size=1, max_size=6).filter(lambda name: name.strip("."))
pictures = st.lists(names, unique=True, max_size=40).map(lambda all_: [Path("in", n) for n in all_])


@given(pictures, st.integers(1, 50))
def test_every_picture_falls_to_one_machine(pictures, count):
    parts = [share(pictures, f"{number}/{count}") for number in range(1, count + 1)]
    assert sorted(itertools.chain(*parts)) == sorted(pictures)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.permutations([Path(f"in/{n}.png") for n in "aBcDe"]), st.integers(1, 3))
def test_the_order_in_which_a_folder_is_listed_does_not_matter(listed, number):
    expected = [Path(f"in/{n}.png") for n in "BDace"][number - 1 :: 3]  # by code point
    assert share(listed, f"{number}/3") == expected


def test_windows_and_linux_share_out_alike():
    listed = ["B.png", "a.png", "C.png", "d.png"]
    windows = share([PureWindowsPath("Z:/in", name) for name in listed], "2/2")
    linux = share([PurePosixPath("/mnt/in", name) for name in listed], "2/2")
    assert [path.name for path in windows] == [path.name for path in linux] == ["C.png", "d.png"]


@pytest.mark.parametrize("shard", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", " 1/2"])
def test_what_is_no_shard_is_said(shard):
    with pytest.raises(ValueError, match="write 2/5"):
        share([Path("a.png")], shard)


def test_openjd_is_told_how_far_all_pictures_are(capsys):
    report = openjd.progress()
    for fraction in (0.0, 0.25, 0.251, 0.2, 1.0):
        report("[1/2] Closing the loop", fraction)
    lines = capsys.readouterr().out.splitlines()
    said = [line.removeprefix("openjd_progress: ") for line in lines[::2]]
    assert said == ["0", "25", "100"]
    assert lines[1] == "openjd_status: [1/2] Closing the loop"
