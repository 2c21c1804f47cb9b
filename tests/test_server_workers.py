"""Workers that hang, spare workers, several devices, full memory, full disks, the self-test."""

import os
import resource
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
import torch

from backend.server import devices, engine, seat, selftest
from backend.server.__main__ import main
from backend.server.client import JobFailed, connect
from backend.server.link import Link
from backend.server.outcome import Outcome
from backend.server.settings import ServerConfig
from shared.connection import find
from shared.messages import Progress, Submit
from shared.settings import EstimateSettings

from .server_tools import (
    SMALL,
    job,
    marked_processes,
    ready,
    running,
    send_chunks,
    start,
    until,
    wait_until,
)
from .server_worker import CRASH_ONCE, ECHO, REPORT, SLOW, STILL

linux = pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
pytestmark = pytest.mark.usefixtures("marker")


@linux
def test_a_silent_worker_is_named_and_heard_again_when_it_wakes(tmp_path, marker):
    with running(tmp_path), ready(tmp_path) as client:
        submit = job(SLOW, steps=50)
        start(client, submit)
        while until(client, Progress).stage != "Thinking":
            pass  # what is heard again later must have been said before
        (worker,) = marked_processes(marker)
        os.kill(worker, signal.SIGSTOP)
        stages = []
        while seat.NOT_ANSWERING not in stages:
            stages.append(until(client, Progress, 4.0).stage)
        os.kill(worker, signal.SIGCONT)
        assert until(client, Progress).stage == "Thinking"
        client.fetch(submit.job)


@linux
def test_a_worker_that_never_answers_again_is_replaced(tmp_path, marker, monkeypatch):
    monkeypatch.setattr(seat, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(seat, "HANG_SECONDS", 0.6)
    with running(tmp_path), ready(tmp_path) as client:
        submit = job(STILL)
        start(client, submit)
        (hung,) = marked_processes(marker)
        wait_until(lambda: hung not in marked_processes(marker))
        wait_until(lambda: client.status().jobs[0].state == "failed")  # stopped a second time


def test_a_worker_that_never_gets_ready_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(seat, "LOAD_SECONDS", 0.0)
    with running(tmp_path), connect(tmp_path) as client:
        wait_until(lambda: "5 times" in client.status().worker)


@linux
def test_a_spare_worker_takes_over_at_once(tmp_path, marker, monkeypatch):
    monkeypatch.setattr(seat, "room_for_another", lambda: True)
    with running(tmp_path, spare=True), ready(tmp_path) as client:
        wait_until(lambda: len(marked_processes(marker)) == 2)
        before = set(marked_processes(marker))
        client.run(job(CRASH_ONCE), SMALL)
        assert len(before & set(marked_processes(marker))) == 1


def test_without_room_there_is_no_spare(tmp_path, monkeypatch):
    asked, started = [], []
    monkeypatch.setattr(seat, "room_for_another", lambda: bool(asked.append(1)))
    monkeypatch.setattr(seat, "Link", lambda *a: started.append(Link(*a)) or started[-1])
    with running(tmp_path, spare=True), ready(tmp_path) as client:
        client.run(job(), SMALL)
        assert asked and len(started) == 1


def gpus(folder, count: int, monkeypatch) -> None:
    """Put a driver's tool that lists GPUs on the path."""
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\n" + "echo 'GPU 0: Some (UUID)'\n" * count)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("wanted", "count", "found"),
    [
        ("cpu", 2, ("cpu",)),
        ("auto", 0, ("auto",)),
        ("auto", 1, ("auto",)),
        ("auto", 3, ("cuda:0", "cuda:1", "cuda:2")),
        ("cuda", 2, ("cuda:0", "cuda:1")),
    ],
)
def test_every_gpu_gets_a_worker(tmp_path, monkeypatch, wanted, count, found):
    gpus(tmp_path, count, monkeypatch)
    monkeypatch.setattr(devices, "gpus_usable", lambda: count)
    assert devices.devices(wanted) == found


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a PyTorch that sees no GPU")
def test_gpus_that_this_pytorch_cannot_use_get_none(tmp_path, monkeypatch):
    gpus(tmp_path, 2, monkeypatch)
    assert devices.gpus_listed() == 2 and devices.devices("auto") == ("auto",)


def test_without_a_driver_there_is_one_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.devices("auto") == ("auto",)


@linux
def test_two_devices_work_at_the_same_time(tmp_path, marker, monkeypatch):
    monkeypatch.setattr("backend.server.broker.devices", lambda _: ("cuda:0", "cuda:1"))
    with running(tmp_path), connect(tmp_path) as client:
        wait_until(lambda: client.status().worker == "idle; idle")
        assert client.status().device.count("stand-in") == 2
        first, second = job(SLOW), job(SLOW)
        for submit in (first, second):
            client.send(submit)
            send_chunks(client, submit)
        wait_until(
            lambda: (
                {s.job for s in client.status().jobs if s.state == "running"}
                == {first.job, second.job}
            )
        )


def broken_on(device: str):
    """Return what stands in for a link: on that device no worker starts."""

    def link(context, gatekeeper, workplace, now):
        if workplace.device == device:
            raise OSError("too old a card")
        return Link(context, gatekeeper, workplace, now)

    return link


def test_a_device_that_does_not_work_leaves_the_jobs_to_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr("backend.server.broker.devices", lambda _: ("cuda:0", "cuda:1"))
    monkeypatch.setattr(seat, "Link", broken_on("cuda:0"))
    with running(tmp_path), connect(tmp_path) as client:
        wait_until(lambda: client.status().worker == "stopped: too old a card; idle")
        for _ in range(3):
            client.run(job(), SMALL)


def test_jobs_are_refused_when_no_device_works(tmp_path, monkeypatch):
    monkeypatch.setattr("backend.server.broker.devices", lambda _: ("cuda:0", "cuda:0"))
    monkeypatch.setattr(seat, "Link", broken_on("cuda:0"))
    with running(tmp_path), connect(tmp_path) as client:
        with pytest.raises(JobFailed, match="too old a card"):
            client.run(job(), SMALL)


@pytest.mark.parametrize("found", [("cpu", "cpu"), ("broken", "cpu")])
def test_the_self_test_passes_when_one_of_several_devices_works(monkeypatch, found):
    monkeypatch.setattr("backend.server.broker.devices", lambda _: found)
    monkeypatch.setattr(seat, "Link", broken_on("broken"))
    assert "The backend works: cpu" in selftest.selftest("auto", 1)


def test_the_self_test_shows_a_terminal_which_step_it_is_at(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(ServerConfig(selftest=True, device="cpu", threads=1)) == 0
    output, shown = capsys.readouterr()
    steps = shown.split("\r\033[K")
    assert steps[1] == "Preparing the engine (longer the first time), 0 s"
    assert any(step.startswith("Estimating a ball: ") and step.endswith("%") for step in steps)
    assert "\n" not in shown and not steps[-1] and "The backend works: cpu" in output


def engine_that_needs(most: int):
    def run(device, model, submit, *_):
        if submit.settings.size > most:
            raise MemoryError
        return Outcome(REPORT, {})

    return run


def test_when_memory_runs_out_a_smaller_size_is_tried_and_said(monkeypatch):
    monkeypatch.setattr(engine, "_run", engine_that_needs(150))
    submit = Submit("a", EstimateSettings(size=512), "srgb", ())
    outcome = engine.run(torch.device("cpu"), None, submit, {}, print, print, lambda: False)
    assert [note.split(";")[0] for note in outcome.report.notes] == [
        "Memory ran out at working size 512",
        "Memory ran out at working size 256",
    ]


def test_when_no_size_fits_memory_the_job_fails(monkeypatch):
    monkeypatch.setattr(engine, "_run", engine_that_needs(10))
    submit = Submit("a", EstimateSettings(size=512), "srgb", ())
    with pytest.raises(MemoryError):
        engine.run(torch.device("cpu"), None, submit, {}, print, print, lambda: False)


@linux
def test_jobs_run_on_a_full_disk(tmp_path, marker):
    command = [sys.executable, "-m", "tests.server_backend", "--run-dir", str(tmp_path), "--owned"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as backend:
        wait_until(lambda: find(tmp_path) is not None)
        with ready(tmp_path) as client:
            client.run(job(), SMALL)
            log = (tmp_path / "backend.log").stat().st_size
            for pid in (backend.pid, *(p.pid for p in psutil.Process(backend.pid).children())):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
            outcome = client.run(job(ECHO), SMALL)
            np.testing.assert_array_equal(outcome.arrays["picture"], SMALL["picture"])
            assert (tmp_path / "backend.log").stat().st_size == log
            client.shut_down()
        assert backend.wait(5.0) == 0


@pytest.mark.slow
def test_the_self_test_passes_here():
    assert "The backend works: cpu" in selftest.selftest("cpu", 1)


def test_the_self_test_fails_where_the_normals_are_wrong(monkeypatch):
    monkeypatch.setattr(selftest, "TOLERANCE_DEGREES", 0.0)
    with pytest.raises(selftest.Broken, match="wrong"):
        selftest.selftest("cpu", 1)
