"""The service at work: real sockets on loopback, a real worker process, a stand-in engine."""

import time
from dataclasses import replace

import numpy as np
import pytest

from backend.server import admission, front, jobs
from backend.server.client import JobCancelled, JobFailed, Unreachable, connect
from shared import PROTOCOL_VERSION
from shared.messages import (
    Accepted,
    ArraySpec,
    Cancel,
    Cancelled,
    Chunk,
    Credit,
    Failed,
    Fetch,
    Ping,
    Pong,
    Result,
    Submit,
    Welcome,
)
from shared.settings import EstimateSettings
from shared.transfer import CHUNK_BYTES, WINDOW

from .server_tools import (
    SMALL,
    job,
    ready,
    running,
    send_chunks,
    start,
    until,
    wait_until,
)
from .server_worker import MEMORY, RAISE, REFUSE, REPORT, SLOW, WRONG


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with running(folder):
        yield folder


@pytest.fixture
def client(run_dir):
    with ready(run_dir) as client:
        yield client
        wait_until(lambda: client.status().worker == "idle")


def big_arrays():
    generator = np.random.default_rng(0)
    picture = generator.random((2200, 1500, 3), np.float32)  # 40 MB, more than two windows
    return {"picture": picture, "mask": generator.integers(0, 2, (2200, 1500), np.uint8)}


def test_arrays_come_back_as_they_went(client):
    arrays = big_arrays()
    assert arrays["picture"].nbytes > 2 * WINDOW * CHUNK_BYTES
    outcome = client.run(job(arrays=arrays), arrays)
    assert outcome.report == REPORT and list(outcome.arrays) == ["picture", "mask"]
    for name, array in arrays.items():
        assert outcome.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(outcome.arrays[name], array)


def test_a_client_is_told_who_answers(run_dir, client):
    version, boot_id = client.welcome.version, client.welcome.boot_id
    with connect(run_dir) as later:
        said = Welcome(PROTOCOL_VERSION, version, boot_id, "cpu, stand-in", 4096**2)
        assert later.welcome == said
    status = client.status()
    assert status.boot_id == client.welcome.boot_id and status.device == "cpu, stand-in"
    client.send(Ping())
    assert until(client, Pong) == Pong(client.welcome.boot_id)


def test_who_came_before_the_worker_is_told_what_computes_once_it_is_ready(tmp_path):
    with running(tmp_path), connect(tmp_path) as early:
        assert early.welcome.device == "" and early.status().device == "starting"
        assert until(early, Welcome) == replace(early.welcome, device="cpu, stand-in")


def test_progress_is_told_with_the_time_left(client):
    heard = []
    client.run(job(SLOW, steps=150), SMALL, lambda progress, _: heard.append(progress))
    fractions = [progress.fraction for progress in heard if progress.stage == "Thinking"]
    assert len(fractions) > 5 and fractions == sorted(fractions)
    assert heard[-1].seconds_left == pytest.approx(1.5 * (1 - fractions[-1]), abs=1.0)
    assert heard[0].seconds_left < 0.0


def test_cancel_is_acknowledged_at_once_and_the_worker_goes_on(client):
    submit = job(SLOW)
    start(client, submit)
    began = time.monotonic()
    client.send(Cancel(submit.job))
    assert until(client, Cancelled) == Cancelled(submit.job)
    assert time.monotonic() - began < 1.0
    assert wait_until(lambda: client.status().worker == "idle") < 2.0
    client.run(job(), SMALL)


def test_a_waiting_job_can_be_cancelled(client):
    slow, waiting = job(SLOW), job()
    start(client, slow)
    client.send(waiting)
    assert until(client, Accepted) == Accepted(waiting.job, 1)
    client.send(Cancel(waiting.job))
    assert until(client, Cancelled) == Cancelled(waiting.job)
    client.send(Cancel(slow.job))
    until(client, Cancelled)


def test_cancel_stops_an_upload(client):
    submit = job(arrays=big_arrays())
    client.send(submit)
    client.send(Cancel(submit.job))
    until(client, Cancelled)
    send_chunks(client, submit)  # too late, and nobody minds
    with pytest.raises(JobCancelled):
        client.fetch(submit.job)


def test_a_job_sent_twice_runs_once(client):
    submit = job(SLOW, steps=50)
    start(client, submit)
    outcome = client.run(submit, SMALL)
    again = client.run(submit, SMALL)
    np.testing.assert_array_equal(outcome.arrays["picture"], again.arrays["picture"])
    assert [line.job for line in client.status().jobs].count(submit.job) == 1


def test_a_job_outlives_its_connection(run_dir, client):
    submit = job(SLOW, steps=80)
    with connect(run_dir) as first:
        start(first, submit)
    outcome = client.fetch(submit.job)
    np.testing.assert_array_equal(outcome.arrays["picture"], SMALL["picture"])
    np.testing.assert_array_equal(client.fetch(submit.job).arrays["picture"], SMALL["picture"])


def test_the_job_of_a_client_that_stays_away_is_stopped(run_dir, client, monkeypatch):
    monkeypatch.setattr(jobs, "GONE_SECONDS", 0.2)
    submit = job(SLOW)
    with connect(run_dir) as first:
        start(first, submit)
    wait_until(lambda: client.status().worker == "idle", 5.0)


def test_the_job_of_a_client_that_falls_silent_is_stopped(run_dir, client, monkeypatch):
    monkeypatch.setattr(jobs, "GONE_SECONDS", 0.2)
    monkeypatch.setattr(front, "SILENT_SECONDS", 0.5)
    submit = job(SLOW)
    with connect(run_dir) as mute:
        start(mute, submit)
        wait_until(lambda: client.status().worker == "idle", 5.0)


def test_too_many_jobs_are_refused_as_busy(client, monkeypatch):
    monkeypatch.setattr(admission, "WAITING_JOBS", 1)
    slow = job(SLOW)
    start(client, slow)
    with pytest.raises(JobFailed, match="waiting") as caught:
        client.run(job(), SMALL)
    assert caught.value.failure.code == "busy" and caught.value.failure.retryable
    client.send(Cancel(slow.job))
    until(client, Cancelled)


@pytest.mark.parametrize(
    ("seed", "code", "says"),
    [
        (RAISE, "internal", "ZeroDivisionError"),
        (MEMORY, "out_of_memory", "4 × 2 pixels at working size 256"),
        (REFUSE, "bad_image", "The picture is black. Take another."),
        (WRONG, "internal", "WireError"),
    ],
)
def test_faults_of_the_engine_are_named(client, seed, code, says):
    with pytest.raises(JobFailed, match=says) as caught:
        client.run(job(seed), SMALL)
    failure = caught.value.failure
    assert failure.code == code and failure.advice
    assert "secret" not in failure.message and "Traceback" not in failure.message
    client.run(job(), SMALL)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (ArraySpec("picture", "float32", (2**20, 2**20, 4)), "too_large"),
        (ArraySpec("picture", "uint8", (16385, 1)), "too_large"),
        (ArraySpec("picture", "uint8", (0, 0, 3)), "bad_image"),
        (ArraySpec("pictures", "uint8", (4, 4, 3)), "bad_request"),
    ],
)
def test_impossible_pictures_are_refused_before_they_are_sent(client, spec, code):
    with pytest.raises(JobFailed) as caught:
        client.run(Submit("impossible", EstimateSettings(), "srgb", (spec,)), SMALL)
    assert caught.value.failure.code == code
    client.run(job(), SMALL)


def test_a_broken_upload_ends_the_job(client):
    submit = job()
    client.send(submit)
    client.send(Chunk(submit.job, 0, 5), b"123")
    assert until(client, Failed).code == "bad_request"


def test_an_unknown_job_is_unknown(client):
    for message in (Fetch("nobody"), Cancel("nobody")):
        client.send(message)
        assert until(client, Failed).code == "unknown_job"


def test_a_result_waits_for_credit(client):
    arrays = big_arrays()
    submit = job(arrays=arrays)
    client.run(submit, arrays)
    client.send(Fetch(submit.job))
    until(client, Result)
    assert _chunks_until_quiet(client) == WINDOW
    client.send(Credit(submit.job, 2))
    assert _chunks_until_quiet(client) == 2
    client.send(Credit(submit.job, 10**9))
    assert _chunks_until_quiet(client) == WINDOW
    client.send(Credit(submit.job, -5))
    assert _chunks_until_quiet(client) == 0


def _chunks_until_quiet(client):
    count = 0
    while True:
        try:
            count += isinstance(client.receive(0.3)[0], Chunk)
        except Unreachable:
            return count


def test_two_clients_each_get_their_own(run_dir, client):
    ours = {"picture": np.full((64, 64), 1, np.uint8)}
    theirs = {"picture": np.full((64, 64), 2, np.uint8)}
    first, second = job(SLOW, ours, steps=20), job(SLOW, theirs, steps=20)
    with connect(run_dir) as other:
        client.send(first)
        other.send(second)
        send_chunks(client, first, ours)
        send_chunks(other, second, theirs)
        assert (other.fetch(second.job).arrays["picture"] == 2).all()
        assert (client.fetch(first.job).arrays["picture"] == 1).all()
