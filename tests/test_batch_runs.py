"""Runs of the batch command that are killed and gone on with, or shared out to processes."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from backend import large
from backend.batch import results
from backend.batch.__main__ import run
from backend.outputs import write_image

from .scenes import sphere_picture
from .test_batch import config_of, times

ROOT = Path(__file__).parents[1]


def frames(folder: Path, count: int, side: int = 16) -> Path:
    """Write pictures with numbers, all different."""
    source = folder / "shot"
    source.mkdir()
    for number in range(1, count + 1):
        pixels, _, _ = sphere_picture(side)
        pixels[0, 0, 0] = number
        Image.fromarray(pixels[..., :3]).save(source / f"shot.{number:04d}.png")
    return source


def test_what_was_killed_goes_on_with_nothing_redone_and_nothing_missing(tmp_path):
    frames(tmp_path, 8)
    arguments = "shot out --size 16 --start flat --device cpu --json --threads 1".split()
    batch = [sys.executable, "-m", "backend.batch", *arguments]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(batch, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE) as killed:
        done = [json.loads(killed.stdout.readline()) for _ in range(3)]
        time.sleep(0.05)
        os.kill(killed.pid, signal.SIGKILL)
    before = times(tmp_path / "out")
    reports = [name for name in before if name.endswith("_report.json")]
    again = subprocess.run(batch, cwd=tmp_path, env=surroundings, capture_output=True, check=True)
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    kept = [line for line in lines if line["status"] == "skipped"]
    assert len(lines) == 8 and len(kept) == len(reports) >= len(done)
    after = times(tmp_path / "out")
    for line in kept:
        for name in line["outputs"]:
            assert after[name] == before[name]
    expected = {name for line in lines for name in line["outputs"]}
    expected |= {f"shot.{number:04d}_report.json" for number in range(1, 9)}
    assert set(after) == expected


def test_several_processes_do_what_one_does(tmp_path):
    frames(tmp_path, 5)
    config = config_of(tmp_path, "shot", jobs=2, threads=2)
    assert run(config) == 0
    together = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.png")}
    assert len(together) == 5
    alone = replace(config, paths=(tmp_path / "shot", tmp_path / "alone"), jobs=1)
    assert run(alone) == 0
    assert together == {path.name: path.read_bytes() for path in (tmp_path / "alone").glob("*.png")}
    before = times(tmp_path / "out")
    assert run(config) == 0 and times(tmp_path / "out") == before
    assert replace(config, device="cuda").workers == 1


@pytest.mark.parametrize("side", [4096, 32])
def test_a_run_that_ends_among_its_files_leaves_no_report_of_another(tmp_path, monkeypatch, side):
    monkeypatch.setattr(large, "LARGE", side)
    frames(tmp_path, 1, 40)
    first = config_of(tmp_path, "shot", start="auto", outputs=("normal", "depth"))
    assert run(first) == 0
    before = times(tmp_path / "out")

    def ending(path, *given):
        if path.suffix == ".exr":
            raise KeyboardInterrupt
        return write_image(path, *given)

    with monkeypatch.context() as patched:
        patched.setattr(results, "write_image", ending)
        with pytest.raises(KeyboardInterrupt):
            run(replace(first, size=24))
    mixed = times(tmp_path / "out")
    assert mixed["shot.0001_normal.png"] != before["shot.0001_normal.png"]
    assert run(first) == 0
    assert times(tmp_path / "out")["shot.0001_normal.png"] != mixed["shot.0001_normal.png"]


def test_a_contact_sheet_appears_when_it_is_whole(tmp_path, monkeypatch):
    frames(tmp_path, 1)

    def full(_image, path):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space")

    monkeypatch.setattr(Image.Image, "save", full)
    assert run(config_of(tmp_path, "shot", outputs=("sheet",))) == 1
    assert not list((tmp_path / "out").iterdir())


def test_layers_of_a_large_picture_are_said_to_be_small(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(large, "LARGE", 32)
    monkeypatch.setattr(large, "REDUCED", 24)
    frames(tmp_path, 1, 40)
    config = config_of(tmp_path, "shot", start="auto", outputs=("normal",))
    assert run(config) == 0 and "copy" not in caplog.text
    assert run(replace(config, outputs=("normal", "exr"))) == 0
    assert "all of shot.0001_maps.exr comes from a copy of 20×20 pixels" in caplog.text
