"""The client of the built add-on against a fake backend."""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import zmq

from shared.connection import publish, write
from tests.addon.driving import PICTURE, ROOT, place, run, task, unready_task, until
from tests.fake_backend import Behaviour, FakeBackend
from tests.staging import staged


def test_round_trip_brings_every_array_back(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        estimate = run(session, place(tmp_path), task(steps=3))
        np.testing.assert_array_equal(fake.seen.arrays[0]["picture"], PICTURE)
        assert fake.seen.submits[0].settings.steps == 3
        assert set(estimate.arrays) == set(fake.seen.answers[0])
        for name, array in fake.seen.answers[0].items():
            np.testing.assert_array_equal(estimate.arrays[name], array)
        assert session.connected and session.trouble is None
        assert session.summary[0] == "photo"


@pytest.fixture
def over_ipv6(tmp_path):
    try:
        fake = FakeBackend(tmp_path, host="[::1]")
    except zmq.ZMQError:
        pytest.skip("no IPv6 on this machine")
    with fake:
        yield fake


def test_a_backend_is_reached_over_ipv6(session, tmp_path, over_ipv6):
    assert run(session, place(tmp_path), task()) is not None


def test_a_backend_whose_name_has_an_ipv6_address_alone_is_reached(session, tmp_path, over_ipv6):
    # without brackets it is a name to ZeroMQ, and the system finds nothing else under it
    endpoint = over_ipv6.connection.endpoint.replace("[::1]", "::1")
    publish(replace(over_ipv6.connection, endpoint=endpoint), tmp_path)
    assert run(session, place(tmp_path), task()) is not None


def test_a_backend_is_reached_by_a_name_that_has_an_ipv4_address(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        endpoint = fake.connection.endpoint.replace("127.0.0.1", "localhost")
        publish(replace(fake.connection, endpoint=endpoint), tmp_path)
        assert run(session, place(tmp_path), task()) is not None


def test_many_chunks_both_ways_within_the_credit(session, tmp_path):
    picture = np.random.default_rng(1).random((1500, 1500, 4), dtype=np.float32)  # 36 MB
    with FakeBackend(tmp_path) as fake:
        estimate = run(session, place(tmp_path), task(picture))
        np.testing.assert_array_equal(fake.seen.arrays[0]["picture"], picture)
        assert estimate.arrays["normals"].shape == (1500, 1500, 3)


def test_a_picture_that_is_not_ready_is_waited_for(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        made, arrays = unready_task()
        session.begin(place(tmp_path), made)
        until(lambda: session.advance() or session.phase == "working")
        assert not fake.seen.submits
        arrays.set_result({"picture": PICTURE})
        until(lambda: session.advance() or session.take_estimate(made))
        np.testing.assert_array_equal(fake.seen.arrays[0]["picture"], PICTURE)


def test_a_picture_that_is_not_ready_can_be_cancelled(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        made, arrays = unready_task()
        session.begin(place(tmp_path), made)
        until(lambda: session.advance() or session.phase == "working")
        session.cancel()
        assert not session.busy
        arrays.set_result({"picture": PICTURE})
        assert run(session, place(tmp_path), task()) is not None
        assert len(fake.seen.arrays) == 1  # the first was dropped before it was up


def test_second_task_uses_the_same_connection(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        for _ in range(2):
            assert run(session, place(tmp_path), task()) is not None
        assert fake.seen.submits[0].job != fake.seen.submits[1].job


def test_failure_of_the_job_is_told_in_the_backends_words(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("fail")):
        assert run(session, place(tmp_path), task()) is None
    assert str(session.trouble) == "There is too little memory. Wait."


def test_nobody_running(session, tmp_path):
    assert run(session, place(tmp_path, start=False), task()) is None
    assert session.trouble.message == "The backend is not running."
    assert session.trouble.repair == "start"


def test_nobody_running_and_nothing_to_start(session, tmp_path):
    assert run(session, place(tmp_path), task()) is None
    assert "not installed" in session.trouble.message and session.trouble.repair == "install"


def test_connection_file_of_a_backend_that_is_gone(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        pass
    publish(fake.connection, tmp_path)
    started = time.monotonic()
    assert run(session, place(tmp_path, start=False), task()) is None
    assert session.trouble.message == "The backend is not running."
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize(("protocol", "side"), [(0, "Update the backend."), (99, "add-on")])
@pytest.mark.parametrize("where", ["protocol", "published_protocol"])
def test_other_protocol_says_which_side_to_update(session, tmp_path, protocol, side, where):
    with FakeBackend(tmp_path, replace(Behaviour(), **{where: protocol})):
        assert run(session, place(tmp_path), task()) is None
    assert side in session.trouble.advice and f"protocol {protocol}" in session.trouble.message
    assert not session.connected


def test_wrong_server_key_is_not_a_timeout(session, tmp_path):
    with FakeBackend(tmp_path) as fake, FakeBackend(tmp_path / "other") as other:
        key = other.connection.server_public_key
        publish(replace(fake.connection, server_public_key=key), tmp_path)
        started = time.monotonic()
        assert run(session, place(tmp_path), task()) is None
    assert "key" in session.trouble.message
    assert time.monotonic() - started < 3.0


def test_picture_larger_than_the_backend_takes(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour(max_pixels=1000)) as fake:
        assert run(session, place(tmp_path), task()) is None
        assert "64 × 48" in session.trouble.message and not fake.seen.submits
        assert session.connected


def test_cancel_is_immediate_and_reaches_the_backend(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("hold", pace=0.05)) as fake:
        session.begin(place(tmp_path), task())
        until(lambda: session.advance() or session.fraction > 0)
        session.cancel()
        assert not session.busy and session.trouble is None
        until(lambda: fake.seen.cancelled == [fake.seen.submits[0].job])
        assert session.connected


def test_a_job_after_a_cancelled_one_gets_its_own_result(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour(pace=0.02)):
        session.begin(place(tmp_path), task())
        until(lambda: session.advance() or session.phase == "working")
        session.cancel()
        other = np.full((16, 20, 3), 128, np.uint8)
        assert run(session, place(tmp_path), task(other)).arrays["normals"].shape == (16, 20, 3)


def test_backend_that_vanishes_mid_job_and_does_not_come_back(session, tmp_path, monkeypatch):
    monkeypatch.setattr(staged("recovery"), "SECONDS", 0.3)
    with FakeBackend(tmp_path, Behaviour("vanish")):
        assert run(session, place(tmp_path), task()) is None
    assert session.trouble.message == "The backend ended." and session.trouble.repair == "start"


def test_backend_that_comes_back_gets_the_job_again_under_its_id(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("vanish")) as lost:
        session.begin(place(tmp_path, start=False), made := task())
        until(lambda: session.advance() or "Reconnecting" in session.stage)
    with FakeBackend(tmp_path) as back:
        until(lambda: session.advance() or not session.busy)
        assert back.seen.submits[0] == lost.seen.submits[0]
    assert session.trouble is None and session.take_estimate(made) is not None


def test_a_job_that_ends_every_backend_is_given_up(session, tmp_path, monkeypatch):
    recovery = staged("recovery")
    monkeypatch.setattr(recovery, "PAUSE_SECONDS", 0.05)
    for turn in range(recovery.TIMES + 1):
        with FakeBackend(tmp_path, Behaviour("vanish")) as doomed:
            if turn == 0:
                session.begin(place(tmp_path, start=False), task())
            until(lambda seen=doomed.seen: session.advance() or seen.submits)
            until(lambda: session.advance() or session.phase != "working")
    assert not session.busy and session.trouble.message == "The backend ended."


def test_a_backend_on_another_machine_is_reached_with_its_key(session, tmp_path):
    with FakeBackend(tmp_path / "server") as fake:
        key = write(fake.connection, tmp_path / "ada.clone-key.json")
        assert run(session, place(tmp_path / "here", key=key), task()) is not None


def test_a_backend_on_another_machine_that_is_not_there_is_named(session, tmp_path):
    with FakeBackend(tmp_path / "server") as fake:
        key = write(fake.connection, tmp_path / "ada.clone-key.json")
    assert run(session, place(tmp_path / "here", key=key), task()) is None
    assert fake.connection.endpoint[6:] in session.trouble.message


def test_a_file_that_is_no_key_is_named(session, tmp_path):
    key = tmp_path / "holiday.json"
    key.write_text("{}")
    assert run(session, place(tmp_path, key=key), task()) is None
    assert "holiday.json is not a key" in str(session.trouble)
    assert session.trouble.repair == "preferences"


def test_backend_that_talks_garbage(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("garbage")):
        assert run(session, place(tmp_path), task()) is None
    assert "Update" in session.trouble.advice


def test_backend_that_never_welcomes(session, tmp_path, monkeypatch):
    impatient(monkeypatch)
    with FakeBackend(tmp_path, Behaviour("deaf")):
        assert run(session, place(tmp_path, start=False), task()) is None
    assert session.trouble is not None and "not running" in session.trouble.message


def test_silent_backend_is_shown_and_in_the_end_given_up(session, tmp_path, monkeypatch):
    impatient(monkeypatch)
    with FakeBackend(tmp_path, Behaviour("mute")):
        session.begin(place(tmp_path), task())
        until(lambda: session.advance() or session.silent)
        until(lambda: session.advance() or not session.busy)
    assert "has not answered" in session.trouble.message


def test_closing_never_waits_for_an_absent_backend(tmp_path):
    with FakeBackend(tmp_path, Behaviour("deaf")) as fake:
        client = staged("client").Client(fake.connection, "test")
        started = time.monotonic()
        client.close()
        assert time.monotonic() - started < 0.033
        until(lambda: not client.alive)


QUIT_DURING_A_LOOKUP = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.staging import stage_without_bpy, staged
from shared.connection import Connection
stage_without_bpy(Path({folder!r}))
looking = threading.Event()
staged("conversation").ipv6_alone = lambda _: looking.set() or time.sleep(60.0)
keys = ["0" * 40] * 3
client = staged("client").Client(Connection("tcp://studio:1", *keys, 0, "", 1), "test")
assert looking.wait(5.0)
client.close()
"""


def test_a_program_ends_while_a_name_is_looked_up(tmp_path):
    script = QUIT_DURING_A_LOOKUP.format(root=str(ROOT), folder=str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=30.0, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def impatient(monkeypatch):
    patience = staged("conversation").Patience
    monkeypatch.setattr(patience, "__init__", lambda self: None)
    for name, seconds in (("ping", 0.05), ("silent", 0.3), ("lost", 0.8)):
        monkeypatch.setattr(patience, name, seconds)
