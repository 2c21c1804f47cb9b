"""Addresses of a studio's backend: names, IPv4 and IPv6."""

import socket
from dataclasses import replace

import pytest
import zmq

from backend.server import sockets
from backend.server.client import Client
from backend.server.keys import KeyProblem, add_artist, endpoint_of_address
from shared.connection import ipv6_alone, read

from .server_tools import SMALL, job, running


@pytest.fixture
def port():
    """A port of this machine's IPv6 loopback that nobody listens on."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            return probe.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 on this machine")


@pytest.mark.parametrize("host", ["[::1]", "[::]"])
def test_addresses_of_ipv6_are_served_and_reached(tmp_path, port, host):
    path = add_artist(tmp_path / "run", "ada", f"[::1]:{port}", tmp_path)
    with running(tmp_path / "run", lan=endpoint_of_address(f"{host}:{port}")) as broker:
        assert broker.connection.endpoint.startswith("tcp://127.0.0.1:")
        with Client(read(path)) as ada:
            ada.run(job(), SMALL)


def test_a_name_that_has_an_ipv6_address_alone_is_reached(tmp_path, port):
    path = add_artist(tmp_path / "run", "ada", f"[::1]:{port}", tmp_path)
    with running(tmp_path / "run", lan=f"tcp://[::1]:{port}"):
        # without brackets it is a name to ZeroMQ, and the system finds nothing else under it
        with Client(replace(read(path), endpoint=f"tcp://::1:{port}")) as ada:
            assert ada.status().jobs == ()


@pytest.mark.parametrize(
    ("host", "alone"),
    [("localhost", False), ("127.0.0.1", False), ("::1", True), ("[::1]", True)],
)
def test_ipv6_is_spoken_where_there_is_no_ipv4_address(host, alone):
    assert ipv6_alone(f"tcp://{host}:47800") is alone


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "a" * 70, "a\0b"])
def test_what_is_no_name_at_all_is_left_to_the_socket_to_refuse(host):
    assert ipv6_alone(f"tcp://{host}:47800")


def test_an_address_of_all_networks_serves_ipv4_and_ipv6(tmp_path, port):
    path = add_artist(tmp_path / "run", "ada", f"127.0.0.1:{port}", tmp_path)
    with running(tmp_path / "run", lan=f"tcp://[::]:{port}"), Client(read(path)) as ada:
        assert ada.status().jobs == ()


def test_a_network_card_with_both_addresses_is_served_where_it_was(port):
    with zmq.Context() as context:
        listening = sockets.listen(context, zmq.ROUTER, sockets.make_keys(), "client")
        loopback = socket.if_nameindex()[0][1]
        listening.bind(f"tcp://{loopback}:0")
        assert sockets.endpoint_of(listening).startswith("tcp://127.0.0.1:")
        listening.close()


@pytest.mark.parametrize(
    "address", ["", "box", "box:", ":80", "box:0", "box:65536", "a b:1", "*:1"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(KeyProblem):
        endpoint_of_address(address)


def test_addresses_become_endpoints():
    assert endpoint_of_address("box.lan:47800") == "tcp://box.lan:47800"
    assert endpoint_of_address("[fe80::1]:1") == "tcp://[fe80::1]:1"
