"""What peers may say: another protocol, no Hello, noise; each is answered and disturbs nobody."""

import pytest

from shared.connection import find
from shared.messages import Cancel, Cancelled, Failed, Fetch, Hello, Progress

from .server_tools import job, ready, running, silent_client, start, until, wait_until
from .server_worker import SLOW


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


@pytest.fixture
def guest(run_dir):
    """A connection that has not said Hello."""
    with silent_client(find(run_dir)) as guest:
        yield guest


@pytest.mark.parametrize(("protocol", "side"), [(0, "update the add-on"), (99, "the backend")])
def test_another_protocol_is_told_which_side_to_update(guest, protocol, side):
    guest.send(Hello(protocol, "test"))
    failure = until(guest, Failed)
    assert failure.code == "version" and side in failure.message


def test_hello_comes_first(guest):
    guest.send(Fetch("somebody"))
    failure = until(guest, Failed)
    assert failure.code == "bad_request" and "Hello" in failure.message


@pytest.mark.parametrize(
    "frames", [[b""], [b"\xc1"], [b"\x80"], [b"\x81\xa4kind\xa5Hello"], [b"a", b"b", b"c"]]
)
def test_bytes_that_are_no_message_are_answered(guest, client, frames):
    for connection in (guest, client):
        connection._socket.send_multipart(frames)
        assert until(connection, Failed).code == "bad_request"


def test_messages_for_clients_are_not_taken_from_clients(client):
    client.send(Progress("a", "", 0.0, 0.0))
    assert until(client, Failed).code == "bad_request"


def test_nothing_of_another_connection_is_answered_for_a_guest(guest, client):
    submit = job(SLOW)
    start(client, submit)
    guest.send(Cancel(submit.job))
    assert until(guest, Failed).code == "bad_request"
    assert client.status().worker == f"running {submit.job}"
    client.send(Cancel(submit.job))
    until(client, Cancelled)
