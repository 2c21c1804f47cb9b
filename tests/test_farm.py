"""The farm's job template: a command line that exists, and a job that its own runner runs."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import tyro
from PIL import Image

from backend.batch import BatchConfig
from backend.batch.plan import expanded
from farm import submit
from shared.settings import EstimateSettings, LightFrom

ROOT = Path(__file__).parents[1]
TEMPLATE = json.loads((ROOT / "farm" / "openjd.json").read_text())
# the tasks run elsewhere: they are to find this checkout's backend
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def the_step():
    (step,) = TEMPLATE["steps"]
    return step


def test_the_template_calls_the_batch_command():
    config = called()
    assert config.settings() == EstimateSettings()
    assert (config.shard, config.progress) == ("3/4", "openjd")
    config = called(LightFrom="right", Tiling="seamless", Size="64")
    assert config.settings() == EstimateSettings(size=64, light_from="right", seamless=True)


def called(**given):
    """Return what the batch command makes of the template's line."""
    values = {f"Param.{p['name']}": str(p.get("default", "x")) for p in parameters()}
    values |= {f"Param.{name}": value for name, value in given.items()} | {"Task.Param.Shard": "3"}
    action = the_step()["script"]["actions"]["onRun"]
    filled = [
        re.sub(r"\{\{([\w.]+)\}\}", lambda found: values[found[1]], a) for a in action["args"]
    ]
    assert filled[:2] == ["-m", "backend.batch"]
    return tyro.cli(BatchConfig, args=filled[2:])


def parameters():
    return TEMPLATE["parameterDefinitions"]


def test_the_templates_limits_are_the_settings_limits():
    (side,) = (p for p in parameters() if p["name"] == "LightFrom")
    assert side["allowedValues"] == list(get_args(LightFrom))
    for parameter in parameters():
        if parameter["name"] in ("Steps", "Size"):
            field = parameter["name"].lower()
            for value in (parameter["minValue"], parameter["maxValue"]):
                assert EstimateSettings(**{field: value}).problem() is None
            assert EstimateSettings(**{field: parameter["maxValue"] + 1}).problem()


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"shot_{number:04d}.png")
    return folder


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_openjds_own_checker_accepts_the_template():
    done = run("openjd", "check", ROOT / "farm" / "openjd.json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_openjds_own_runner_runs_the_job_and_skips_what_is_done(pictures, tmp_path):
    results = tmp_path / "out"
    done = run("farm.submit", "openjd", pictures, results, "--shards", 2, "--size", 32)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The backend works" in done.stdout and "Chunks run: 2" in done.stdout
    assert done.stdout.count(" done in ") == 3
    assert done.stdout.count("openjd_progress: 100") == 2
    made = {path: path.stat().st_mtime_ns for path in results.iterdir()}
    assert len([path for path in made if path.name.endswith("_normal.png")]) == 3
    done = run("farm.submit", "openjd", pictures, results, "--shards", 1, "--size", 32)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("already done") == 3 and " done in " not in done.stdout
    assert made == {path: path.stat().st_mtime_ns for path in results.iterdir()}


@pytest.mark.slow
def test_a_machine_without_the_backend_fails_before_its_first_task(pictures, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec env -u PYTHONPATH {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    done = run("farm.submit", "openjd", pictures, tmp_path / "out", "--python", bare)
    assert done.returncode != 0
    assert "No module named" in done.stdout and "Running Task" not in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a farm notifies by another signal there")
def test_a_cancelled_task_stops_by_itself(pictures, tmp_path):
    command = ["-m", "backend.batch", pictures, tmp_path / "out", "--steps", "10000"]
    with subprocess.Popen(
        [sys.executable, *map(str, command), "--progress", "openjd"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        for line in process.stdout:
            if "Closing the loop" in line:
                break
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(30) == 130


def test_more_machines_than_pictures_is_no_failure(pictures, tmp_path):
    done = run("backend.batch", pictures, tmp_path / "out", "--shard", "9/9", "--size", "32")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_a_pattern_finds_a_sequence_in_a_folder_with_brackets(tmp_path):
    folder = tmp_path / "my [shot]"
    folder.mkdir()
    for name in ("a_0008.png", "a_0009.png", "a_normal_0008.png", "b_0008.png"):
        (folder / name).touch()
    pattern = Path(glob.escape(str(folder / "a_")) + "[0-9]" * 4 + ".png")  # as the add-on has it
    assert [path.name for path in expanded(pattern)] == ["a_0008.png", "a_0009.png"]


def test_a_shard_that_is_none_is_said(pictures, tmp_path):
    done = run("backend.batch", pictures, tmp_path / "out", "--shard", "4/3")
    assert done.returncode == 2 and "“4/3” is no shard" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["in", "in"], "a folder of their own"),
        (["in", "out", "--shards", "0"], "1 to 1000"),
        (["in", "out", "--size", "8"], "between 16 and 2048"),
    ],
)
@pytest.mark.parametrize("farm", ["openjd", "flamenco"])
def test_what_no_job_can_do_is_not_submitted(farm, arguments, words, capsys):
    assert submit.main([farm, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_the_command_can_be_shown_instead_of_run(capsys):
    arguments = ["openjd", "in", "out", "--shards", "7", "--light-from", "left", "--seamless"]
    assert submit.main([*arguments, "--show"]) == 0
    said = capsys.readouterr().out
    assert f"Pictures={Path('in').absolute()}" in said and "Shards=7" in said
    assert "LightFrom=left" in said and "Tiling=seamless" in said
