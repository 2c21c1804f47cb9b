"""The normals so far, from the loop to whoever asked, and to nobody else."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from backend import pipeline, previews
from backend.image import Box, decode_picture
from backend.outputs import encode_normals
from backend.previews import LONGEST, Previews
from backend.server.client import connect
from backend.server.engine import preview_of
from backend.server.jobs import Jobs
from backend.server.seat import checked_preview
from shared.messages import Cancel, Cancelled, Progress
from shared.settings import EstimateSettings

from .scenes import sphere_picture
from .server_tools import SMALL, job, ready, running, start, until, wait_until
from .server_worker import SLOW
from .test_jobs import upload

CPU = torch.device("cpu")


def shown_by(settings: EstimateSettings) -> list[torch.Tensor]:
    pixels, _, _ = sphere_picture(64)
    seen: list[torch.Tensor] = []
    picture = decode_picture(pixels, "srgb")
    pipeline.estimate(
        picture, settings, CPU, lambda *_: None, lambda: False, None, show=seen.append
    )
    return seen


def test_the_loop_shows_the_whole_picture_facing_outside_the_object(monkeypatch):
    monkeypatch.setattr(previews, "SECONDS", 0.0)
    seen = shown_by(EstimateSettings(steps=8, size=32))
    _, mask, truth = sphere_picture(64)
    assert len(seen) == 8
    for normals in seen:
        assert normals.shape == (64, 64, 3)
        torch.testing.assert_close(normals.norm(dim=-1), torch.ones(64, 64))
        assert (normals[~mask] == torch.tensor([0.0, 0.0, -1.0])).all()
        assert (normals * truth).sum(-1)[mask].mean() > 0.7
    assert not torch.equal(seen[0], seen[-1])
    assert shown_by(EstimateSettings(steps=0, size=32)) == []


def test_previews_are_about_a_second_apart(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(previews.time, "monotonic", lambda: clock[0])
    seen = []
    show = Previews(seen.append, torch.ones(8, 8).bool(), Box(0, 0, 8, 8))
    for clock[0] in np.arange(0.0, 3.5, 0.1):
        show(torch.ones(8, 8, 3))
    assert len(seen) == 4


@pytest.mark.parametrize("size", [(64, 64), (2000, 3000), (16000, 9), (9, 16000)])
def test_a_preview_is_small_and_in_one_piece(size):
    seen = []
    mask = torch.zeros(size, dtype=torch.bool)
    mask[size[0] // 2 :] = True
    box = Box(size[0] // 2, 0, size[0] - size[0] // 2, size[1])
    Previews(seen.append, mask, box)(torch.tensor([0.6, 0.0, -0.8]).expand(20, 30, 3))
    rows, columns = seen[0].shape[:2]
    assert max(rows, columns) == min(LONGEST, max(size)) and min(rows, columns) >= 1
    assert float((seen[0][..., 0] > 0.5).float().mean()) == pytest.approx(0.5, abs=0.01)


def test_a_preview_is_encoded_as_the_normal_map_is():
    normals = torch.tensor([[[0.0, 0.0, -1.0], [0.6, 0.8, 0.0], [0.0, -1.0, 0.0]]])
    pixels = preview_of(normals)
    assert pixels.dtype == np.uint8 and pixels[0, 0].tolist() == [128, 128, 255]
    wire = normals.numpy() * np.float32([1, -1, -1])
    np.testing.assert_allclose(pixels, 255 * encode_normals(wire), atol=0.51)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with running(folder):
        yield folder


def asking(steps: int):
    submit = job(SLOW, steps=steps)
    return replace(submit, settings=replace(submit.settings, previews=True))


def test_previews_come_with_the_progress_and_not_unasked(run_dir):
    heard = []
    with ready(run_dir) as client:
        client.run(asking(60), SMALL, lambda *told: heard.append(told))
        shown = [preview for progress, preview in heard if progress.preview != (0, 0)]
        assert len(shown) > 2
        for preview in shown:
            assert preview.shape == (300, 512, 3) and len(np.unique(preview)) == 1
        values = [int(preview[0, 0, 0]) for preview in shown]
        assert values == sorted(values) and values[-1] > values[0]
        assert all(preview is None for progress, preview in heard if progress.preview == (0, 0))
        heard.clear()
        client.run(job(SLOW, steps=40), SMALL, lambda *told: heard.append(told))
        assert heard and all(preview is None for _, preview in heard)


def test_nobody_else_sees_them_and_cancel_is_heard_at_once(run_dir):
    with ready(run_dir) as client, connect(run_dir) as other:
        submit = asking(2000)
        start(client, submit)
        wait_until(lambda: any(until(client, Progress).preview for _ in range(9)))
        assert other.status().jobs and not other._socket.poll(500)
        began = time.monotonic()
        client.send(Cancel(submit.job))
        until(client, Cancelled)
        assert time.monotonic() - began < 0.1
        wait_until(lambda: client.status().worker == "idle")


def test_only_the_latest_preview_waits_to_be_told():
    jobs = Jobs()
    running_job = upload(jobs)
    jobs.start_next()
    jobs.take_news()
    for value in range(5):
        progress = Progress("a", "Thinking", value / 5, 1.0, (1, 2))
        jobs.report(running_job, progress, bytes([value] * 6))
    news = jobs.take_news()
    assert [item.frame for item in news] == [bytes([4] * 6)]
    assert running_job.progress.preview == (0, 0)  # a client that comes back is sent none


@pytest.mark.parametrize(
    ("preview", "frame"),
    [
        ((2, 3), None), ((2, 3), b"1" * 17), ((2, 3), b"1" * 19), ((0, 0), b"1" * 18),
        ((0, 0), b""), ((-2, -3), b"1" * 18),
    ],
)  # fmt: skip
def test_a_frame_of_another_size_is_left_out(preview, frame):
    progress = Progress("a", "Thinking", 0.5, 1.0, preview)
    assert checked_preview(progress, frame) == (replace(progress, preview=(0, 0)), None)


def test_a_frame_of_the_right_size_is_passed_on():
    progress = Progress("a", "Thinking", 0.5, 1.0, (2, 3))
    assert checked_preview(progress, memoryview(b"1" * 18)) == (progress, b"1" * 18)
