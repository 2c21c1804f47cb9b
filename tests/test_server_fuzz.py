"""Messages nobody meant: the service stands, and works as before.

In a file of its own: hypothesis minds random numbers drawn by a broker on another thread.
"""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import PROTOCOL_VERSION
from shared.connection import find
from shared.messages import Hello, Shutdown, Welcome
from shared.wire import encode

from .server_tools import SMALL, job, ready, until, wait_until
from .strategies import messages


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    """A client of a backend in a process of its own, where nothing else draws random numbers."""
    folder = tmp_path_factory.mktemp("fuzzed")
    command = (sys.executable, "-m", "tests.server_backend", "--run-dir", str(folder), "--owned")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as backend:
        wait_until(lambda: find(folder) is not None)
        with ready(folder) as fuzzer:
            yield fuzzer
            fuzzer.shut_down()
        assert backend.wait(5.0) == 0


_harmless = messages.filter(lambda message: not isinstance(message, Shutdown))
_frames = st.builds(encode, _harmless, st.none() | st.binary(max_size=64)) | st.lists(
    st.binary(max_size=64), min_size=1, max_size=3
)


@settings(max_examples=200)
@given(st.lists(_frames, min_size=1, max_size=8))
def test_any_message_at_any_time_leaves_the_service_standing(fuzzer, multiparts):
    for frames in multiparts:
        fuzzer._socket.send_multipart(frames)
    fuzzer.send(Hello(PROTOCOL_VERSION, "fuzzer"))
    assert until(fuzzer, Welcome).boot_id == fuzzer.welcome.boot_id


def test_after_the_fuzzing_it_still_works(fuzzer):
    np.testing.assert_array_equal(fuzzer.run(job(), SMALL).arrays["picture"], SMALL["picture"])
