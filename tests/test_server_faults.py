"""What must not end the service: crashes, hangs, strangers and noise."""

import os
import socket
import time

import numpy as np
import pytest

from backend.server import front, jobs, seat
from backend.server.client import Client, JobFailed, Unreachable, connect
from shared.connection import find
from shared.messages import Cancel, Cancelled, Welcome
from shared.transfer import CHUNK_BYTES

from .server_tools import (
    SMALL,
    job,
    marked_processes,
    ready,
    running,
    start,
    stranger,
    until,
    wait_until,
)
from .server_worker import CRASH, CRASH_ONCE, HANG, SLOW, STILL

linux = pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
pytestmark = pytest.mark.usefixtures("marker")


@pytest.fixture
def backend(tmp_path):
    with running(tmp_path) as broker, ready(tmp_path) as client:
        yield broker, client


@pytest.fixture
def client(backend):
    return backend[1]


@linux
def test_a_crash_is_retried_once_and_not_noticed(client, tmp_path):
    submit = job(CRASH_ONCE)
    outcome = client.run(submit, SMALL)
    assert (tmp_path / submit.job).exists()
    np.testing.assert_array_equal(outcome.arrays["picture"], SMALL["picture"])


def test_a_second_crash_is_an_error_with_the_logs_place(client):
    with pytest.raises(JobFailed, match=r"exit code 7.*backend\.log") as caught:
        client.run(job(CRASH), SMALL)
    assert caught.value.failure.code == "worker_died"
    client.run(job(), SMALL)


def test_who_comes_between_two_workers_is_told_what_computes_again(client, tmp_path):
    with pytest.raises(JobFailed):
        client.run(job(CRASH), SMALL)
    with connect(tmp_path) as later:
        assert later.welcome.device == ""
        assert until(later, Welcome).device == "cpu, stand-in"


@linux
@pytest.mark.parametrize("seed", [HANG, STILL])
def test_a_worker_that_ignores_cancel_is_replaced(client, marker, monkeypatch, seed):
    monkeypatch.setattr(seat, "CANCEL_SECONDS", 0.5)
    submit = job(seed)
    start(client, submit)
    (hung,) = marked_processes(marker)
    client.send(Cancel(submit.job))
    until(client, Cancelled, 1.0)
    assert client.status().worker == f"stopping {submit.job}"
    client.run(job(), SMALL)
    assert hung not in marked_processes(marker)


def test_a_worker_that_never_comes_up_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVER_TEST_LOAD", "crash")
    with running(tmp_path), connect(tmp_path) as client:
        wait_until(lambda: "5 times" in client.status().worker)
        with pytest.raises(JobFailed, match=r"5 times within 60 s.*backend\.log") as caught:
            client.run(job(), SMALL)
        assert caught.value.failure.code == "worker_died"


def test_a_device_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVER_TEST_LOAD", "refuse")
    with running(tmp_path), connect(tmp_path) as client:
        wait_until(lambda: "There is no cpu here." in client.status().worker)
        with pytest.raises(JobFailed, match="Choose another device"):
            client.run(job(), SMALL)


def test_a_worker_that_cannot_be_started_is_given_up(tmp_path):
    with running(tmp_path, ("/nonexistent/python",)), connect(tmp_path) as client:
        wait_until(lambda: "stopped" in client.status().worker)


def test_an_unknown_key_stays_outside(backend):
    broker, client = backend
    with pytest.raises(Unreachable):
        stranger(broker.connection)
    with pytest.raises(Unreachable):  # the server's own public key is no way in either
        Client(
            type(broker.connection)(
                **{**vars(broker.connection), "server_public_key": "x" * 40},
            ),
            seconds=0.5,
        )
    client.run(job(), SMALL)


def test_noise_on_the_port_disturbs_nobody(backend):
    broker, client = backend
    port = int(broker.connection.endpoint.rsplit(":", 1)[1])
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
    peers = []
    for noise in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, greeting, greeting * 1000):
        for _ in range(10):
            peer = socket.create_connection(("127.0.0.1", port), timeout=5.0)
            peers.append(peer)
            try:
                peer.sendall(noise)
            except OSError:
                continue  # already thrown out
    began = time.monotonic()
    client.status()
    assert time.monotonic() - began < 1.0
    client.run(job(), SMALL)
    for peer in peers:
        peer.close()


def test_a_client_that_leaves_in_an_upload_leaves_nothing(tmp_path, client, monkeypatch):
    monkeypatch.setattr(front, "_QUIET_SECONDS", 0.2)
    monkeypatch.setattr(jobs, "GONE_SECONDS", 0.2)
    arrays = {"picture": np.zeros((4096, 4096), np.uint8)}
    assert arrays["picture"].nbytes > CHUNK_BYTES
    with connect(tmp_path) as leaver:
        submit = job(arrays=arrays)
        leaver.send(submit)
        wait_until(lambda: len(client.status().jobs) == 1)
    wait_until(lambda: not client.status().jobs, 10.0)


def test_ending_tells_clients_what_becomes_of_their_jobs(tmp_path):
    with running(tmp_path) as broker, ready(tmp_path) as client:
        submit = job(SLOW)
        start(client, submit)
        broker.stop()
        assert until(client, Cancelled, 2.0) == Cancelled(submit.job)
    assert find(tmp_path) is None
