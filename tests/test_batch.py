"""Folders, sequences and large pictures from the command line."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend import large
from backend.batch import __main__ as command
from backend.batch import picture as one
from backend.batch.__main__ import main, run
from backend.batch.config import BatchConfig
from backend.batch.plan import plan
from backend.files import read_data, read_picture

from .onnx_models import added
from .scenes import sphere_picture

QUICK = {"size": 16, "start": "flat", "outputs": ("normal",), "device": "cpu"}


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    pixels, mask, _ = sphere_picture(40)
    Image.fromarray(pixels).save(source / "ball.png")
    Image.fromarray(pixels[..., :3]).save(source / "plain.jpg")
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.fromarray((mask * 255).astype(np.uint8)).save(masks / "plain.png")
    return tmp_path


def config_of(folder: Path, *sources: str, **options) -> BatchConfig:
    paths = tuple(folder / source for source in sources or ("in",))
    return BatchConfig((*paths, folder / "out"), **(QUICK | options))


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_prior_is_named_and_its_results_are_done_again_when_it_changes(folder, priors_cache):
    config = config_of(folder, prior="ball")
    assert run(config) == 2  # there is none
    added(folder)
    assert run(config) == 0
    report = folder / "out" / "plain_report.json"
    assert json.loads(report.read_text())["start"] == "the prior ball, its detail from flat"
    before = times(folder / "out")
    assert run(config) == 0 and times(folder / "out") == before
    added(folder, signs=(-1, 1, 1))
    assert run(config) == 0 and times(folder / "out") != before
    assert run(config_of(folder, prior="../ball")) == 2


def test_a_folder_is_done_once(folder):
    config = BatchConfig(
        (folder / "in", folder / "out"), steps=4, size=24, mask=folder / "masks", device="cpu"
    )
    assert run(config) == 0
    written = {path.name for path in (folder / "out").iterdir()}
    for stem in ("ball", "plain"):
        for suffix in (
            "normal.png", "normal.exr", "gaussians.ply", "albedo.png", "depth.exr",
            "shading.exr", "confidence.png", "sheet.png", "report.json",
        ):  # fmt: skip
            assert f"{stem}_{suffix}" in written
    report = json.loads((folder / "out" / "plain_report.json").read_text())
    assert report["start"] == "the trained encoder" and report["settings"]["steps"] == 4
    before = times(folder / "out")
    assert run(config) == 0 and times(folder / "out") == before
    (folder / "out" / "ball_depth.exr").unlink()
    assert run(config) == 0
    after = times(folder / "out")
    assert {n for n in after if after[n] == before.get(n)} == {n for n in after if "plain" in n}


def test_a_stop_whose_exception_was_lost_is_heard_at_the_next_step(folder):
    steps = []
    with pytest.raises(KeyboardInterrupt):
        run(config_of(folder), lambda: steps.append(1) or len(steps) > 3)
    assert len(steps) == 4 and not list((folder / "out").glob("*_report.json"))
    assert run(config_of(folder)) == 0


def test_other_settings_are_other_results(folder):
    assert run(config_of(folder)) == 0
    before = times(folder / "out")
    assert run(config_of(folder, seed=1)) == 0
    assert not set(times(folder / "out").items()) & set(before.items())


def test_height_hints_and_layers_are_taken_and_written(folder):
    hints = np.zeros((40, 40), np.uint8)
    hints[12:20, 12:20] = 1
    Image.fromarray(hints).save(folder / "hints.png")
    config = config_of(
        folder, "in/ball.png", size=24, start="auto", height=True, hints=folder / "hints.png",
        outputs=("normal", "exr"),
    )  # fmt: skip
    assert run(config) == 0
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {
        "ball_normal.png", "ball_maps.exr", "ball_height.exr", "ball_occlusion.png",
        "ball_report.json",
    }  # fmt: skip
    normals = read_data(folder / "out" / "ball_normal.png")[12:20, 12:20].astype(float)
    assert np.ptp(normals, axis=(0, 1)).max() < 20
    height = read_data(folder / "out" / "ball_height.exr")
    assert height.min() < -1 and height.max() > 1
    Image.fromarray(hints[:20]).save(folder / "hints.png")
    assert run(config) == 1


def test_a_bad_picture_fails_alone_and_the_lines_say_so(folder, capsys, caplog):
    (folder / "in" / "broken.png").write_bytes(b"no")
    assert run(config_of(folder, json=True)) == 1
    assert "broken.png" in caplog.text
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"ball_normal.png", "ball_report.json", "plain_normal.png", "plain_report.json"}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = {Path(line["path"]).name: line for line in lines}
    assert {name: line["status"] for name, line in found.items()} == {
        "ball.png": "done", "broken.png": "failed", "plain.jpg": "done",
    }  # fmt: skip
    assert found["broken.png"]["code"] == "bad_image" and "read" in found["broken.png"]["message"]
    assert found["ball.png"]["outputs"] == ["ball_normal.png"] and found["ball.png"]["seconds"] > 0
    assert run(config_of(folder, json=True)) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == ["skipped", "failed", "skipped"]


@pytest.mark.parametrize(
    "error, code, says",
    [
        (OSError("a.exr could not be written: full"), "internal", "a.exr could not be written"),
        (
            OSError(errno.EACCES, "Denied", Path("a.exr")),
            "internal",
            "a.exr cannot be used: Denied",
        ),
        (OSError(errno.ENOSPC, "No space"), "internal", "The disk is full. Make room"),
        (OSError(errno.EIO, "Broken"), "internal", "A file cannot be used: Broken"),
        (MemoryError(), "out_of_memory", "Memory ran out. Try"),
        (RuntimeError("can't allocate memory: 9 bytes"), "out_of_memory", "Memory ran out. Try"),
        (RuntimeError("einsum"), "internal", "error of its own (RuntimeError: einsum)"),
        (IndexError("index 0"), "internal", "error of its own (IndexError: index 0)"),
    ],
)
def test_what_breaks_is_one_pictures_trouble(folder, monkeypatch, error, code, says):
    def breaking(*_):
        raise error

    monkeypatch.setattr(one, "estimate", breaking)
    item = plan(config_of(folder))[0]
    outcome = one.process(item, config_of(folder), None, None, lambda *_: None)
    assert outcome.status == "failed" and outcome.code == code
    assert says in outcome.message and "Errno" not in outcome.message


def test_ctrl_c_says_how_to_go_on(folder, monkeypatch, caplog):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupted)
    monkeypatch.setattr("sys.argv", ["batch", str(folder / "in"), str(folder / "out")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130 and "goes on" in caplog.text


@pytest.mark.parametrize(
    "sources, options, said",
    [
        (("nowhere",), {}, "no picture"), (("in",), {"fov": 400.0}, "field of view"),
        (("in",), {"jobs": 0}, "jobs"), (("in",), {"threads": -1}, "threads"),
        (("in",), {"seed": 2**64}, "seed"), (("in",), {"steady": 2.0}, "steadiness"),
        (("in",), {"steady": 0.5, "jobs": 2}, "--jobs"),
        (("in",), {"steady": 0.5}, "normal_exr"),
        (("in",), {"steady": 0.5, "outputs": ("normal_exr", "depth")}, "numbers"),
        (("in",), {"seamless": True, "fov": "auto"}, "flat"), (("out",), {}, "no picture"),
        (("in",), {"device": "mps"}, "no device mps"),
        (("in",), {"blender": Path("blender")}, "add blend to --outputs"),
        (("in",), {"mask": Path(__file__).parent}, "No picture finds its mask"),
        (("in",), {"hints": Path(__file__).parent}, "No picture finds its hints"),
    ],
)  # fmt: skip
def test_nothing_to_do_is_exit_code_two(folder, caplog, sources, options, said):
    (folder / "out").mkdir()
    assert run(config_of(folder, *sources, **options)) == 2
    assert said in caplog.text
    assert run(BatchConfig((folder / "in",))) == 2


def test_a_forgotten_folder_for_the_results_is_told(folder, caplog):
    pictures = folder / "in" / "ball.png", folder / "in" / "plain.jpg"
    assert run(BatchConfig(pictures)) == 2 and "plain.jpg is no folder" in caplog.text
    assert run(BatchConfig((folder / "in", pictures[0] / "out"))) == 2
    assert "cannot be made" in caplog.text


TOO_LONG = "x" * 300


@pytest.mark.parametrize("sources", [(TOO_LONG,), ("in", f"{TOO_LONG}.##.png")])
def test_a_source_that_cannot_be_read_is_named(folder, caplog, sources):
    assert run(config_of(folder, *sources)) == 2
    assert f"{folder / sources[-1]} cannot be read: File name too long." in caplog.text
    assert not (folder / "out").exists()


@pytest.mark.parametrize("what", ["mask", "hints"])
def test_what_belongs_to_a_picture_and_cannot_be_read_is_named(folder, caplog, what):
    assert run(config_of(folder, **{what: folder / TOO_LONG})) == 2
    assert f"{folder / TOO_LONG} cannot be read: File name too long." in caplog.text


def test_a_folder_of_pictures_without_permission_is_named(folder, caplog, monkeypatch):
    def refusing(_folder):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert run(config_of(folder)) == 2
    assert f"{folder / 'in'} cannot be read: Permission denied." in caplog.text


def test_a_folder_for_the_results_that_cannot_be_made_is_named(folder, caplog):
    assert run(BatchConfig((folder / "in", folder / TOO_LONG))) == 2
    assert f"The folder {folder / TOO_LONG} cannot be made: File name too long." in caplog.text


def test_pictures_without_a_mask_are_counted(folder, caplog):
    assert run(config_of(folder, mask=folder / "masks")) == 0
    assert "1 of 2 pictures have no mask in" in caplog.text


def test_the_lens_of_a_photograph_gives_the_field_of_view(folder):
    image = Image.open(folder / "in" / "plain.jpg")
    exif = image.getexif()
    exif.get_ifd(0x8769)[0xA405] = 35
    image.save(folder / "in" / "plain.jpg", exif=exif)
    assert run(config_of(folder, fov="auto")) == 0
    for name, fov in (("plain", 47.2), ("ball", 0.0)):
        report = json.loads((folder / "out" / f"{name}_report.json").read_text())
        assert report["settings"]["fov_degrees"] == pytest.approx(fov, abs=0.1)


def test_large_pictures_are_written_in_bands(folder, monkeypatch):
    monkeypatch.setattr(large, "LARGE", 32)
    monkeypatch.setattr(large, "REDUCED", 24)
    monkeypatch.setattr(large, "BAND", 16)
    config = config_of(
        folder, "in/ball.png", start="auto",
        outputs=("normal", "normal_exr", "albedo", "depth", "sheet"),
    )  # fmt: skip
    assert run(config) == 0
    out = folder / "out"
    assert read_data(out / "ball_normal.png").shape == (40, 40, 3)
    float_normals = read_data(out / "ball_normal.exr")
    values = read_data(out / "ball_normal.png") / 65535 * 2 - 1
    np.testing.assert_allclose(values, float_normals, atol=2e-3)
    assert values[..., 2].mean() > 0.5
    assert read_picture(out / "ball_albedo.png").pixels.shape == (40, 40, 3)
    report = json.loads((out / "ball_report.json").read_text())
    assert report["reduced"] == {"size": [20, 20], "outputs": ["ball_depth.exr", "ball_sheet.png"]}
    assert read_data(out / "ball_depth.exr").shape[:2] == (20, 20)
    assert not list(out.glob(".*"))
    before = times(out)
    assert run(config) == 0 and times(out) == before
    Image.new("L", (20, 20), 255).save(folder / "small.png")
    assert run(replace(config, mask=folder / "small.png")) == 1


@pytest.mark.parametrize("step", [5, 7])
def test_another_run_on_the_same_large_picture_changes_nothing(folder, monkeypatch, step):
    """A farm gives a task to another machine while the first one still works on it."""
    for name, value in {"LARGE": 32, "REDUCED": 24, "BAND": 16, "TILE": 24, "OVERLAP": 8}.items():
        monkeypatch.setattr(large, name, value)
    config = config_of(folder, "in/ball.png", start="auto", outputs=("normal_exr",))
    assert run(replace(config, paths=(config.paths[0], folder / "alone"))) == 0
    steps = []

    def another_one_comes():
        steps.append(1)
        if len(steps) == step:
            assert run(config) == 0
            (folder / "out" / "ball_report.json").unlink()  # nor does it tell of itself
        return False

    assert run(config, another_one_comes) == 0 and len(steps) > step
    alone, shared = (read_data(folder / place / "ball_normal.exr") for place in ("alone", "out"))
    np.testing.assert_array_equal(shared, alone)
    assert not list((folder / "out").glob(".*"))
