"""A .blend per picture from the command line, by a program that stands in for Blender."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from backend.batch import blend as bridge
from backend.batch.__main__ import run
from backend.batch.blend import SCRIPT, command
from backend.batch.config import OPENED, BatchConfig

from .scenes import sphere_picture
from .server_tools import marked_processes, wait_until
from .test_batch import times

STAND_IN = """#!{python}
import json, pathlib, sys, time
folder = pathlib.Path({folder!r})
report, blend = map(pathlib.Path, sys.argv[sys.argv.index("--") + 1 :])
with (folder / "calls.txt").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
listed = json.loads(report.read_text())["outputs"]
missing = [name for name in listed if not report.with_name(name).is_file()]
assert missing == [blend.name], missing
if (folder / "trouble").is_file():
    print("Blender 9.9", flush=True)
    sys.exit((folder / "trouble").read_text() or 0)
if (folder / "slow").is_file():
    (folder / f"saving {{blend.name}}").touch()
    time.sleep(60)
blend.write_text(report.read_text())
"""
ROOT = Path(__file__).parents[1]


@pytest.fixture
def config(tmp_path):
    """One picture, and a Blender that checks what is there before it is called."""
    pixels, _, _ = sphere_picture(40)
    Image.fromarray(pixels).save(tmp_path / "ball.png")
    blender = tmp_path / "blender"
    blender.write_text(STAND_IN.format(python=sys.executable, folder=str(tmp_path)))
    blender.chmod(0o755)
    outputs = (*sorted(OPENED), "blend")
    return BatchConfig(
        (tmp_path / "ball.png", tmp_path / "out"),
        size=16, start="flat", device="cpu", outputs=outputs, blender=blender,
    )  # fmt: skip


def calls(config):
    path = config.blender.with_name("calls.txt")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def test_blender_is_called_once_when_everything_else_is_there(config):
    assert run(config) == 0
    out = config.target.resolve()
    report, blend = out / "ball_report.json", out / "ball_normals.blend"
    assert calls(config) == [
        ["--background", "--python-exit-code", "1", "--python", str(SCRIPT), "--",
         str(report), str(blend)],
    ]  # fmt: skip
    assert json.loads(report.read_text())["outputs"][-1] == "ball_normals.blend"
    before = times(out)
    assert run(config) == 0 and times(out) == before and len(calls(config)) == 1


def test_a_python_is_told_apart_by_its_name():
    files = [str(Path(name).resolve()) for name in ("a_report.json", "a.blend")]
    for name in ("python", "python3.11", "python.exe"):
        found = command(Path("bin") / name, Path("a_report.json"), Path("a.blend"))
        assert found == [str(Path("bin") / name), "-P", str(SCRIPT), "--", *files]
    assert "--background" in command(Path("blender-5.2"), Path("a"), Path("b"))


def test_a_blend_that_is_missing_is_made_without_estimating_again(config):
    assert run(config) == 0
    blend = config.target / "ball_normals.blend"
    before = times(config.target)
    blend.unlink()
    assert run(config) == 0 and len(calls(config)) == 2
    after = times(config.target)
    assert after.pop("ball_normals.blend") != before.pop("ball_normals.blend") and after == before


@pytest.mark.parametrize(
    "trouble, said", [("it has no add-on.", "it has no add-on."), ("", "Blender 9.9")]
)
def test_what_goes_wrong_is_said_and_costs_the_blend_alone(config, caplog, trouble, said):
    config.blender.with_name("trouble").write_text(trouble)
    assert run(config) == 1
    assert f"did not save ball_normals.blend: {said}" in caplog.text and "goes on" in caplog.text
    before = times(config.target)
    assert "ball_normal.exr" in before and "ball_normals.blend" not in before
    config.blender.with_name("trouble").unlink()
    assert run(config) == 0
    after = times(config.target)
    assert after.pop("ball_normals.blend") and after == before


def test_an_old_blend_does_not_pass_for_a_new_one(config):
    """Killed between the report and the .blend, or with a Blender that fails."""
    assert run(config) == 0
    config.blender.with_name("trouble").write_text("no")
    other = replace(config, seed=1)
    assert run(other) == 1
    assert not (config.target / "ball_normals.blend").exists()
    config.blender.with_name("trouble").unlink()
    assert run(other) == 0
    made = json.loads((config.target / "ball_normals.blend").read_text())
    assert made["settings"]["seed"] == 1


def test_a_blend_of_another_run_is_left_alone(config):
    assert run(config) == 0
    assert run(replace(config, outputs=("normal",), blender=None)) == 0
    assert (config.target / "ball_normals.blend").exists()


def test_several_processes_have_their_blends_made(config):
    Image.open(config.sources[0]).save(config.target.parent / "second.png")
    paths = (*config.sources, config.target.parent / "second.png", config.target)
    assert run(replace(config, paths=paths, jobs=2, threads=2)) == 0
    made = {path.name for path in config.target.glob("*.blend")}
    assert made == {"ball_normals.blend", "second_normals.blend"}


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc and signals")
@pytest.mark.parametrize(
    "jobs, number", [("1", signal.SIGTERM), ("2", signal.SIGTERM), ("2", signal.SIGKILL)]
)
def test_no_blender_outlives_a_run_that_is_stopped(config, marker, jobs, number):
    folder = config.target.parent
    Image.open(config.sources[0]).save(folder / "second.png")
    (folder / "slow").touch()
    command = [
        sys.executable, "-m", "backend.batch", "ball.png", "second.png", "out", "--jobs", jobs,
        "--size", "16", "--start", "flat", "--device", "cpu", "--threads", "2",
        "--blender", str(config.blender), "--outputs", *config.outputs,
    ]  # fmt: skip
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=surroundings) as stopped:
        wait_until(lambda: len(list(folder.glob("saving *"))) == int(jobs), 60.0)
        stopped.send_signal(number)
    wait_until(lambda: not marked_processes(marker), 2.0)


def test_a_blender_that_hangs_or_will_not_start_is_one_pictures_trouble(
    config, caplog, monkeypatch
):
    def hanging(*_, **options):
        raise subprocess.TimeoutExpired("blender", options["timeout"])

    monkeypatch.setattr(bridge.subprocess, "run", hanging)
    assert run(config) == 1 and "not done after 30 minutes" in caplog.text

    def refusing(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bridge.subprocess, "run", refusing)
    assert run(config) == 1
    assert "cannot be started: Permission denied. Name a Blender" in caplog.text


@pytest.mark.parametrize(
    "options, said",
    [
        ({"blender": None}, "--blender"),
        ({"blender": Path("nowhere/blender")}, "no program at nowhere"),
        ({"outputs": ("normal_exr", "depth", "albedo", "blend")}, "keep albedo, depth, gaussians"),
    ],
)
def test_what_a_blend_needs_is_said_before_anything_is_done(config, caplog, options, said):
    assert run(replace(config, **options)) == 2
    assert said in caplog.text and not config.target.exists()
