"""A backend for a studio: a key per artist, nobody sees another's work, keys can be taken back."""

import errno
import json
import socket
import stat

import pytest
import zmq

from backend.server import sockets
from backend.server.__main__ import EXIT_NO_KEYS, EXIT_NO_PLACE, EXIT_WORDS, main
from backend.server.client import Client, Unreachable
from backend.server.keys import (
    KeyProblem,
    add_artist,
    artists,
    remove_artist,
)
from backend.server.settings import ServerConfig
from shared.connection import read
from shared.messages import Accepted, Cancel, Failed, Fetch, Shutdown

from .server_tools import SMALL, job, ready, running, send_chunks, start, until, wait_until
from .server_worker import SLOW


@pytest.fixture
def address():
    """An address of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def keys(tmp_path, address):
    """Keys of two artists."""
    return {
        name: add_artist(tmp_path / "run", name, address, tmp_path / name)
        for name in ("ada", "ben")
    }


@pytest.fixture
def backend(tmp_path, keys, address):
    with running(tmp_path / "run", lan=f"tcp://{address}") as broker:
        ready(tmp_path / "run").close()
        yield broker


def artist(keys, name: str) -> Client:
    return Client(read(keys[name]), name)


def test_an_artist_works_with_the_key_alone(backend, keys):
    with artist(keys, "ada") as ada:
        ada.run(job(), SMALL)
        assert len(ada.status().jobs) == 1


def test_nobody_sees_fetches_or_cancels_what_is_another_artists(backend, keys):
    with artist(keys, "ada") as ada, artist(keys, "ben") as ben:
        submit = job(SLOW, steps=60)
        start(ada, submit)
        assert ben.status().jobs == ()
        for message in (Cancel(submit.job), Fetch(submit.job)):
            ben.send(message)
            assert until(ben, Failed).code == "unknown_job"
        ada.fetch(submit.job)


def test_a_second_artist_need_not_wait_for_all_of_the_first_ones_pictures(backend, keys):
    with artist(keys, "ada") as ada, artist(keys, "ben") as ben:
        many = [job(SLOW, steps=20) for _ in range(4)]
        start(ada, many[0])
        for submit in many[1:]:
            ada.send(submit)
            send_chunks(ada, submit)
        wait_until(lambda: ada.status().waiting == 3)
        urgent = job()
        ben.send(urgent)
        send_chunks(ben, urgent)
        until(ben, Accepted)
        ben.fetch(urgent.job)
        assert sum(status.state == "done" for status in ada.status().jobs) <= 2


def test_guests_cannot_end_the_backend(backend, keys):
    with artist(keys, "ada") as ada:
        ada.send(Shutdown())
        assert "own machine" in until(ada, Failed).message
        ada.run(job(), SMALL)


def test_a_key_that_is_taken_back_opens_nothing_any_more(backend, keys, tmp_path):
    with artist(keys, "ada") as ada, artist(keys, "ben") as ben:
        remove_artist(tmp_path / "run", "ada")
        assert "taken back" in until(ada, Failed, 5.0).message
        ada.send(job())
        assert "taken back" in until(ada, Failed).message
        ben.run(job(), SMALL)
    with pytest.raises(Unreachable):
        Client(read(keys["ada"]), seconds=1.0)


def test_a_key_that_is_made_while_it_runs_is_good(backend, tmp_path, address):
    path = add_artist(tmp_path / "run", "cleo", address, tmp_path)
    wait_until(lambda: len(backend._artists) == 3)
    with Client(read(path)) as cleo:
        cleo.run(job(), SMALL)


def test_a_key_that_cannot_be_read_ends_nobody_and_is_complained_about_once(
    backend, keys, tmp_path, caplog
):
    folder = tmp_path / "run" / "artists"
    with artist(keys, "ada") as ada:
        (folder / "ada.key").write_bytes(b"\xff")
        (folder / "zoe.key").mkdir()
        (folder / "gone.key").symlink_to(folder / "nothing")
        wait_until(lambda: "zoe.key" in caplog.text)
        add_artist(tmp_path / "run", "cleo", "box:1", tmp_path)
        wait_until(lambda: len(backend._artists) == 3)
        ada.run(job(), SMALL)
    with artist(keys, "ada") as ada:
        ada.run(job(), SMALL)
    said = [record.args[0].name for record in caplog.records if "cannot be read" in record.msg]
    assert sorted(said) == ["ada.key", "zoe.key"]


def test_keys_stay_good_while_their_folder_cannot_be_read(keys, tmp_path):
    known, folder = artists(tmp_path / "run"), tmp_path / "run" / "artists"
    folder.rename(tmp_path / "elsewhere")
    folder.touch()
    assert artists(tmp_path / "run", known) == known


def test_a_key_is_remembered_only_while_its_file_is_there(keys, tmp_path):
    run_dir = tmp_path / "run"
    known = artists(run_dir)
    (run_dir / "artists" / "ada.key").write_bytes(b"\xff")
    assert artists(run_dir, known) == known
    remove_artist(run_dir, "ada")
    known = artists(run_dir, known)
    assert set(known) == {"ben"}
    (run_dir / "artists" / "ada.key").write_bytes(b"\xff")
    assert "ada" not in artists(run_dir, known)


def test_a_name_whose_key_cannot_be_read_is_taken_and_can_be_removed(keys, tmp_path, address):
    unreadable = tmp_path / "run" / "artists" / "zoe.key"
    unreadable.write_bytes(b"\xff")
    with pytest.raises(KeyProblem, match="already"):
        add_artist(tmp_path / "run", "zoe", address, tmp_path)
    remove_artist(tmp_path / "run", "zoe")
    assert not unreadable.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "\xff",
        '{"public": "p"}',
        '{"public": 1, "secret": 2}',
        '{"public": "p", "secret": "s"}',
        json.dumps({"public": "p", "secret": "'" * 40}),
        "mixed",
    ],
)
def test_a_damaged_key_of_the_server_is_said(tmp_path, keys, address, capsys, text):
    path = tmp_path / "run" / "server.key"
    if text == "mixed":
        public, secret = json.loads(path.read_text())["public"], sockets.make_keys().secret
        text = json.dumps({"public": public, "secret": secret})
    path.write_text(text, "latin-1")
    assert main(ServerConfig(run_dir=tmp_path / "run", lan=address)) == EXIT_NO_PLACE
    assert f"{path} is damaged" in capsys.readouterr().out
    with pytest.raises(KeyProblem, match="is damaged"):
        add_artist(tmp_path / "run", "cleo", address, tmp_path)


def test_keys_are_private_and_the_secret_is_carried_away(keys, tmp_path):
    for path in (keys["ada"], tmp_path / "run" / "server.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = read(keys["ada"]).client_secret_key
    kept = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert kept and all(secret not in path.read_text() for path in kept)
    assert set(artists(tmp_path / "run")) == {"ada", "ben"}


def test_without_keys_no_network_is_served(tmp_path, capsys):
    config = ServerConfig(run_dir=tmp_path, lan="0.0.0.0:47800")
    assert main(config) == EXIT_NO_KEYS and "keys add" in capsys.readouterr().out


def not_served(tmp_path, capsys, address: str) -> str:
    """Return what is said of an address that a network cannot be served at."""
    assert main(ServerConfig(run_dir=tmp_path / "run", lan=address)) == EXIT_NO_PLACE
    said = capsys.readouterr().out
    assert "tcp://" not in said
    return said


def test_an_address_that_is_taken_is_named(tmp_path, keys, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = not_served(tmp_path, capsys, address)
    assert f"Another program listens at {address}. End it, or choose another port" in said


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told_with_one_that_is_good(tmp_path, keys, capsys, host):
    said = not_served(tmp_path, capsys, f"{host}:47800")
    assert f"This machine has no address {host}." in said and "--lan 0.0.0.0:47800" in said


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "You may not listen at port 80. Choose one from 1024 on."),
        (errno.EINVAL, "box:80 cannot be used: Invalid argument. See that --lan names"),
    ],
)
def test_other_trouble_with_an_address_is_said(tmp_path, keys, capsys, monkeypatch, number, says):
    bind = sockets._Socket.bind

    def refusing(listening, address):
        if address == "tcp://box:80":
            raise zmq.ZMQError(number, f"Something (addr='{address}')")
        return bind(listening, address)

    monkeypatch.setattr(sockets._Socket, "bind", refusing)
    assert says in not_served(tmp_path, capsys, "box:80")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "a b"), "letters"),
        (("add", ".."), "letters"),
        (("add", "ada"), "already"),
        (("remove", "zoe"), "Nobody called zoe"),
        (("lend", "ada"), "keys add"),
    ],
)
def test_what_cannot_be_done_with_keys_is_said(tmp_path, keys, capsys, words, says):
    config = ServerConfig("keys", run_dir=tmp_path / "run", address="box:1", words=words)
    assert main(config) == EXIT_WORDS and says in capsys.readouterr().out


def test_keys_are_kept_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def keys(*words: str) -> str:
        config = ServerConfig("keys", run_dir=tmp_path / "run", address="box:4780", words=words)
        assert main(config) == 0
        return capsys.readouterr().out

    assert "ada.clone-key.json" in keys("add", "ada")
    assert read(tmp_path / "ada.clone-key.json").endpoint == "tcp://box:4780"
    assert keys("list").split() == ["ada"]
    keys("remove", "ada")
    assert "Nobody" in keys("list")
