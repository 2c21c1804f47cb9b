"""The backend as the add-on's child process."""

import time

import pytest

from tests.addon.driving import SERVE, SERVE_DEAF, launch, place, run, task, until
from tests.fake_backend import FakeBackend
from tests.staging import staged


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
    assert session.trouble.repair == "install"


def test_environment_of_the_backend_is_not_blenders(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/blender")
    monkeypatch.setenv("PYTHONPATH", "/blender/modules")
    monkeypatch.setenv("HTTPS_PROXY", "kept")
    environment = staged("process").clean_environment()
    assert not {"PYTHONHOME", "PYTHONPATH"} & set(environment)
    assert environment["HTTPS_PROXY"] == "kept"
