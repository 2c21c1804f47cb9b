"""The wire: what goes in comes out, and nothing else gets in."""

import dataclasses
import typing

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import wire
from shared.connection import FILE_NAME, Connection, find, publish, withdraw
from shared.messages import ArraySpec, Chunk, Hello, Message, Progress, Submit
from shared.settings import EstimateSettings
from shared.transfer import CHUNK_BYTES, MAX_PIXELS, Assembly, chunks_of, specs_of

from .strategies import messages


@given(messages, st.none() | st.binary(max_size=64))
def test_decode_inverts_encode(message, frame):
    assert wire.decode(wire.encode(message, frame)) == (message, frame)


def test_every_message_has_resolvable_hints():
    for kind in typing.get_args(Message):
        assert dataclasses.is_dataclass(kind) and typing.get_type_hints(kind) is not None


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_noise_is_a_wire_error(frames):
    with pytest.raises(wire.WireError):
        wire.decode(frames)


@given(messages, st.data())
def test_damaged_messages_decode_or_raise_wire_error(message, data):
    header = bytearray(wire.encode(message)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded, _ = wire.decode([bytes(header)])
    except wire.WireError:
        return
    assert isinstance(decoded, Message)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "Hello", "protocol": "1", "peer": "x"}, "Hello.protocol"),
        ({"kind": "Hello", "protocol": True, "peer": "x"}, "Hello.protocol"),
        ({"kind": "Hello", "protocol": 1}, "Hello.peer"),
        ({"kind": "Chunk", "job": "a", "index": 0, "offset": [0]}, "Chunk.offset"),
        ({"kind": "Failed", "job": "", "code": "shrug", "message": ""}, "Failed.code"),
        ({"kind": "Failed", "job": "", "code": [], "message": ""}, "Failed.code"),
        ({"kind": "Nobody"}, "kind"),
    ],
)
def test_a_wrong_field_is_named(fields, where):
    with pytest.raises(wire.WireError, match=where):
        wire.decode([msgpack.packb(fields)])


def test_fields_of_a_newer_peer_are_ignored():
    header = msgpack.packb({"kind": "Hello", "protocol": 9, "peer": "x", "novelty": [1, 2]})
    assert wire.decode([header])[0] == Hello(9, "x")


def test_headers_have_a_limit():
    with pytest.raises(wire.WireError, match="too large"):
        wire.encode(Progress("x" * wire.MAX_HEADER_BYTES, "", 0.0, 0.0))
    with pytest.raises(wire.WireError, match="too large"):
        wire.decode([b"\x80" * (wire.MAX_HEADER_BYTES + 1)])


def test_nested_settings_survive():
    settings = EstimateSettings(fov_degrees=35.0, principal=(0.4, 0.6), start="inflation")
    submit = Submit("j", settings, "srgb", (ArraySpec("picture", "uint8", (4, 5, 3)),))
    assert wire.decode(wire.encode(submit))[0] == submit


def _arrays() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {
        "normals": generator.normal(size=(500, 600, 3)).astype(np.float32),
        "depth": generator.normal(size=(60, 50)).astype(np.float16)[::2],
        "empty": np.zeros((0, 3), np.float32),
    }


def test_arrays_survive_being_cut_into_chunks():
    arrays = _arrays()
    assembly = Assembly(specs_of(arrays))
    frames = list(chunks_of("j", arrays))
    assert len(frames) == 1 + arrays["normals"].nbytes // CHUNK_BYTES + 1
    for chunk, frame in frames:
        assert not assembly.complete
        assembly.add(chunk, bytes(frame))
    assert assembly.complete
    for name, array in assembly.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    ("chunk", "frame"),
    [
        (Chunk("j", 2, 0), b"1234"),
        (Chunk("j", -1, 0), b"1234"),
        (Chunk("j", 0, 4), b"1234"),
        (Chunk("j", 0, 0), b"123456789"),
        (Chunk("j", 0, 0), b""),
        (Chunk("j", 0, 0), None),
    ],
)
def test_wrong_chunks_are_refused(chunk, frame):
    with pytest.raises(wire.WireError):
        Assembly((ArraySpec("picture", "uint8", (2, 4)),)).add(chunk, frame)


@pytest.mark.parametrize(
    "shape", [(), (-1, 4), (MAX_PIXELS, 5), (2**40, 2**40, 2**40), (1, 2, 3, 4)]
)
def test_impossible_arrays_are_refused_before_allocation(shape):
    with pytest.raises(wire.WireError):
        Assembly((ArraySpec("picture", "float32", shape),))


@pytest.mark.parametrize(
    "change", [{"fov_degrees": 151.0}, {"fov_degrees": float("nan")}, {"steps": -1}, {"size": 8}]
)
def test_settings_name_their_problem(change):
    assert EstimateSettings().problem() is None
    assert EstimateSettings(**change).problem()


def test_connection_file(tmp_path):
    connection = Connection("tcp://127.0.0.1:1", "s", "c", "k", 1, "boot", 1)
    path = publish(connection, tmp_path / "run")
    assert path.stat().st_mode & 0o077 == 0
    assert find(tmp_path / "run") == connection
    withdraw(dataclasses.replace(connection, boot_id="other"), tmp_path / "run")
    assert path.exists()
    withdraw(connection, tmp_path / "run")
    assert find(tmp_path / "run") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"endpoint": 3}', "\x00"])
def test_a_foreign_connection_file_is_none(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text)
    assert find(tmp_path) is None
