"""What a batch run is about, what is done of it, and how long the rest will take."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tyro
from PIL import Image

from backend.batch.config import BatchConfig
from backend.batch.picture import Outcome
from backend.batch.plan import expanded, finished, identity, plan, sequence_of
from backend.batch.progress import Progress, spoken
from backend.errors import Refused


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("RGBA", (12, 9)).save(tmp_path / "in" / "ball.png")
    Image.new("RGB", (12, 9)).save(tmp_path / "in" / "plain.jpg")
    return tmp_path


def config_of(folder: Path, *sources: str) -> BatchConfig:
    return BatchConfig((*(folder / source for source in sources), folder / "out"))


@pytest.mark.parametrize(
    "arguments",
    ["a b out --fov auto --jobs 2", "--steps 3 --fov 20 a b out", "a b out"],
)
def test_the_last_path_is_the_target(arguments):
    config = tyro.cli(BatchConfig, args=arguments.split())
    assert config.sources == (Path("a"), Path("b")) and config.target == Path("out")


def test_patterns_and_sequences_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("f.1.png", "f.2.png", "f.10.png", "g.1.png", "f.x.png", ".f.3.png", "note.txt"):
        (tmp_path / name).write_bytes(b"")
    shot = ["f.1.png", "f.2.png", "f.10.png"]
    for pattern, names in {
        "f.####.png": shot, "f.%04d.png": shot, "f.[0-9]*.png": shot, "g.*": ["g.1.png"],
        "f.7.png": [], "nowhere.*": [], ".": [*shot, "f.x.png", "g.1.png"],
    }.items():  # fmt: skip
        assert [path.name for path in expanded(tmp_path / pattern)] == names, pattern
    assert sequence_of(tmp_path / "f.1.png") == sequence_of(tmp_path / "f.10.png")
    assert sequence_of(tmp_path / "f.1.png") != sequence_of(tmp_path / "g.1.png")
    assert sequence_of(tmp_path / "f.x.png") is None


def test_two_pictures_of_one_name_do_not_share_their_results(folder):
    Image.open(folder / "in" / "ball.png").convert("RGB").save(folder / "in" / "ball.jpg")
    names = [item.name for item in plan(config_of(folder, "in", "in/ball.png"))]
    assert names == ["ball_jpg", "ball_png", "plain"]
    (folder / "again").mkdir()
    Image.new("RGB", (9, 9)).save(folder / "again" / "ball.png")
    with pytest.raises(Refused, match="ball_png"):
        plan(config_of(folder, "in", "again"))


@pytest.mark.parametrize("source", [".", "*.png", "ball.png", "shot.##.png"])
def test_results_never_lie_among_the_pictures(folder, source):
    """There they would be taken for pictures by the next run, or overwrite some."""
    Image.new("RGB", (9, 9)).save(folder / "in" / "shot.01.png")
    config = replace(config_of(folder), paths=(folder / "in" / source, folder / "in" / ".." / "in"))
    with pytest.raises(Refused, match="among the pictures"):
        plan(config)


def test_machines_that_share_a_folder_call_results_alike(folder):
    Image.new("RGB", (12, 9)).save(folder / "in" / "ball.jpg")
    whole = plan(config_of(folder, "in"))
    parts = [plan(replace(config_of(folder, "in"), shard=f"{i}/2")) for i in (1, 2)]
    assert sorted(parts[0] + parts[1], key=whole.index) == list(whole)
    with pytest.raises(Refused, match="no shard"):
        plan(replace(config_of(folder, "in"), shard="3/2"))


def test_done_means_that_every_file_is_there(folder):
    config = config_of(folder, "in/ball.png")
    item = plan(config)[0]
    mark = identity(item, config)
    assert finished(item, config.target, mark) is None
    config.target.mkdir()
    report = {"identity": mark, "outputs": ["ball_normal.png"]}
    item.report(config.target).write_text(json.dumps(report))
    assert finished(item, config.target, mark) is None
    (config.target / "ball_normal.png").write_bytes(b"")
    assert finished(item, config.target, mark) == ("ball_normal.png",)
    assert finished(item, config.target, "another") is None
    item.report(config.target).write_text("[]")
    assert finished(item, config.target, mark) is None


def test_the_time_left_is_that_of_the_whole_run(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    progress = Progress(10)
    progress.ended(Outcome("a", "skipped", 0.0))
    assert progress.seconds_left is None
    now[0] = 20.0
    progress.ended(Outcome("b", "done", 20.0))
    assert progress.seconds_left == pytest.approx(160)
    now[0] = 30.0
    progress.tell("c", "Looking", 0.5)
    assert progress.seconds_left == pytest.approx(150)
    assert [spoken(s) for s in (80.0, 600.0, 7200.0)] == ["80 s", "10 min", "2.0 h"]
