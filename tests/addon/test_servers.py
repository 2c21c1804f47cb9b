"""What is otherwise with a backend that another machine runs and a key lets in."""

import time
from dataclasses import replace

import pytest
from zmq.auth.thread import ThreadAuthenticator

from shared.connection import write
from tests.addon.driving import place, run, task
from tests.fake_backend import FakeBackend


@pytest.mark.parametrize(
    ("published", "advice"), [(True, "start it again from here"), (False, "for a new one")]
)
def test_a_key_that_is_not_accepted_says_what_to_do(session, tmp_path, published, advice):
    with FakeBackend(tmp_path) as fake:
        locked = ThreadAuthenticator(fake.context)
        locked.start()
        locked.configure_curve(location=str(tmp_path))  # there are no keys
        key = write(replace(fake.connection, boot_id=""), tmp_path / "mara.clone-key.json")
        run(session, place(tmp_path, key=None if published else key), task())
        locked.stop()
    assert "did not accept" in session.trouble.message and advice in session.trouble.advice


def test_a_server_is_left_at_once_and_goes_on(session, tmp_path):
    with FakeBackend(tmp_path) as fake:
        key = write(replace(fake.connection, boot_id=""), tmp_path / "mara.clone-key.json")
        run(session, place(tmp_path, key=key), task())
        began = time.monotonic()
        session.stop_backend()
        assert time.monotonic() - began < 0.5 and not session.connected
        assert run(session, place(tmp_path, key=key), task()) is not None
