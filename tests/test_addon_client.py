"""The bpy-free parts of the built add-on: client, process and session against a fake backend."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.connection import publish
from shared.settings import EstimateSettings
from tests.fake_backend import Behaviour, FakeBackend
from tests.staging import stage_without_bpy, staged

ROOT = Path(__file__).resolve().parents[1]
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module", autouse=True)
def _staged(tmp_path_factory):
    stage_without_bpy(tmp_path_factory.mktemp("extension"))


@pytest.fixture
def session():
    session = staged("session").Session()
    yield session
    session.close()


def place(run_dir, launch=None, start=True):
    return staged("task").Place(run_dir, launch, start)


def task(picture=PICTURE, **settings):
    return staged("task").Task("photo", EstimateSettings(**settings), "srgb", {"picture": picture})


def run(session, where, what=None, start=False, seconds=20.0):
    session.begin(where, what, start)
    deadline = time.monotonic() + seconds
    while session.busy:
        assert time.monotonic() < deadline, f"still {session.phase}: {session.stage}"
        session.advance()
        time.sleep(0.005)
    return session.take_estimate()


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def fake_checkout(tmp_path):
    """A folder from which ``python -m backend.server`` starts the fake backend."""

    def write(body: str) -> Path:
        package = tmp_path / "checkout" / "backend" / "server"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(body)
        return tmp_path / "checkout"

    return write


SERVE = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.fake_backend import main\nmain()\n"
)

SERVE_DEAF = SERVE.replace("\nmain()", "\nsys.argv.remove('--owned')\nmain()")
"""A backend that does not end with its starter."""


def launch(run_dir, folder, python=sys.executable):
    return staged("process").Launch(Path(python), run_dir, folder)


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


def test_many_chunks_both_ways_within_the_credit(session, tmp_path):
    picture = np.random.default_rng(1).random((1500, 1500, 4), dtype=np.float32)  # 36 MB
    with FakeBackend(tmp_path) as fake:
        estimate = run(session, place(tmp_path), task(picture))
        np.testing.assert_array_equal(fake.seen.arrays[0]["picture"], picture)
        assert estimate.arrays["normals"].shape == (1500, 1500, 3)


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
    assert "no Python" in session.trouble.message and session.trouble.repair == "preferences"


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


def test_backend_that_vanishes_mid_job(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("vanish")):
        assert run(session, place(tmp_path), task()) is None
    assert session.trouble.message == "The backend ended." and session.trouble.repair == "start"


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


def impatient(monkeypatch):
    patience = staged("conversation").Patience
    monkeypatch.setattr(patience, "__init__", lambda self: None)
    for name, seconds in (("ping", 0.05), ("silent", 0.3), ("lost", 0.8)):
        monkeypatch.setattr(patience, name, seconds)


def test_backend_is_started_used_and_stopped(session, tmp_path, fake_checkout):
    where = place(tmp_path / "run", launch(tmp_path / "run", fake_checkout(SERVE)))
    assert run(session, where, task()) is not None
    process = session._process
    assert process.exit_code is None
    session.stop_backend()
    assert process.exit_code == 0 and not session.connected
    assert not (tmp_path / "run" / "connection.json").exists()


def test_start_button_without_a_task(session, tmp_path, fake_checkout):
    folder = fake_checkout(SERVE)
    where = place(tmp_path / "run", launch(tmp_path / "run", folder), start=False)
    assert run(session, where, start=True) is None
    assert session.connected and session.trouble is None


def test_stop_ends_a_backend_that_someone_else_started(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        run(session, place(tmp_path))
        session.stop_backend()
        fake._thread.join(2.0)
        assert not fake._thread.is_alive()


def test_backend_that_dies_while_starting_shows_its_last_words(session, tmp_path, fake_checkout):
    folder = fake_checkout("raise SystemExit('no GPU and no CPU either')")
    assert run(session, place(tmp_path, launch(tmp_path, folder)), task()) is None
    assert "no GPU and no CPU either" in str(session.trouble)
    assert "console.log" in session.trouble.advice and session.trouble.repair == "start"


def test_backend_that_dies_mid_job_shows_its_last_words(session, tmp_path, fake_checkout):
    body = SERVE.replace("\nmain()", "\nimport tests.fake_backend as fake\n") + (
        "import os\n"
        "def die(*_):\n"
        "    print('out of luck', flush=True); os._exit(7)\n"
        "fake.FakeBackend._run = die\nfake.main()\n"
    )
    assert run(session, place(tmp_path, launch(tmp_path, fake_checkout(body))), task()) is None
    assert "The backend ended." in session.trouble.message
    assert "out of luck" in session.trouble.message


def test_after_a_death_the_next_task_starts_a_fresh_backend(session, tmp_path, fake_checkout):
    where = place(tmp_path, launch(tmp_path, fake_checkout(SERVE)))
    assert run(session, where, task()) is not None
    session._process._popen.kill()
    until(lambda: not session.connected)
    assert run(session, where, task()) is not None


def test_stubborn_backend_is_killed(session, tmp_path, fake_checkout):
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE_DEAF
    run(session, place(tmp_path, launch(tmp_path, fake_checkout(deaf))), task())
    process = session._process
    started = time.monotonic()
    session.stop_backend()
    assert process.exit_code == -9 and time.monotonic() - started < 5.0


def test_leaving_does_not_end_a_backend_that_others_use(session, tmp_path, fake_checkout):
    run(session, place(tmp_path, launch(tmp_path, fake_checkout(SERVE_DEAF))), task())
    process = session._process
    session.close()
    assert process.exit_code is None  # the backend decides: it ends when its last client leaves
    process.stop()


@pytest.mark.parametrize("python", ["/no/such/python", "/etc/hostname"])
def test_python_that_is_none(session, tmp_path, fake_checkout, python):
    where = place(tmp_path, launch(tmp_path, fake_checkout(SERVE), python))
    assert run(session, where, task()) is None
    assert "The backend cannot start." in session.trouble.message and python in str(session.trouble)
    assert session.trouble.repair == "preferences"


def test_environment_of_the_backend_is_not_blenders(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/blender")
    monkeypatch.setenv("PYTHONPATH", "/blender/modules")
    monkeypatch.setenv("HTTPS_PROXY", "kept")
    environment = staged("process").clean_environment()
    assert not {"PYTHONHOME", "PYTHONPATH"} & set(environment)
    assert environment["HTTPS_PROXY"] == "kept"


def test_closing_never_waits_for_an_absent_backend(tmp_path):
    with FakeBackend(tmp_path, Behaviour("deaf")) as fake:
        client = staged("client").Client(fake.connection, "test")
        started = time.monotonic()
        client.close()
        assert time.monotonic() - started < 1.0 and not client.alive
