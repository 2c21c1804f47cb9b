"""Messages to frames and back: one msgpack header of at most 64 KiB and at most one raw frame.

Arrays never enter the header: unpacking them there holds the interpreter lock and stalls Blender's
main thread for hundreds of milliseconds, and it is ten times slower than raw frames.
"""

import dataclasses
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal

import msgpack

from .messages import Message

MAX_HEADER_BYTES = 64 * 1024
MAX_FRAME_BYTES = 4 * 1024 * 1024

Buffer = bytes | bytearray | memoryview

_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in typing.get_args(Message)}


class WireError(Exception):
    """The bytes are not a message of this protocol; the text says where they stop being one."""


def encode(message: Message, frame: Buffer | None = None) -> list[Buffer]:
    """Turn a message and its optional raw frame into frames for a multipart send."""
    header = msgpack.packb({"kind": type(message).__name__, **dataclasses.asdict(message)})
    if len(header) > MAX_HEADER_BYTES:
        raise WireError(f"{type(message).__name__}: header of {len(header)} bytes is too large")
    return [header] if frame is None else [header, frame]


def decode(frames: Sequence[Buffer]) -> tuple[Message, Buffer | None]:
    """Turn received frames into a checked message and its raw frame.

    Raises:
        WireError: for anything that ``encode`` could not have made.
    """
    if not 1 <= len(frames) <= 2:
        raise WireError(f"{len(frames)} frames; a message has one or two")
    if len(frames[0]) > MAX_HEADER_BYTES or (len(frames) == 2 and len(frames[1]) > MAX_FRAME_BYTES):
        raise WireError("frame too large")
    fields = _unpack(frames[0])
    kind = _KINDS.get(fields.get("kind", ""))
    if kind is None:
        raise WireError("unknown kind of message")
    return build(kind, fields, kind.__name__), frames[1] if len(frames) == 2 else None


def _unpack(header: Buffer) -> dict[str, Any]:
    try:
        fields = msgpack.unpackb(header, max_map_len=64, max_array_len=4096, max_ext_len=0)
    except (ValueError, RecursionError, msgpack.UnpackException) as error:
        raise WireError(f"header is not msgpack: {type(error).__name__}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        raise WireError("header is not a message")
    return fields


def build(kind: type, fields: dict[str, Any], path: str) -> Any:
    """Make a dataclass from a map; fields of a newer peer that are not known here are ignored.

    ``path`` is what the map is called where something is wrong with it.

    Raises:
        WireError: when a field is missing or is not what its type hint says.
    """
    hints = typing.get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):
        if field.name in fields:
            here = f"{path}.{field.name}"
            values[field.name] = _convert(hints[field.name], fields[field.name], here)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise WireError(f"{path}.{field.name} is missing")
    return kind(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    """Check one value against its type hint and give it the hint's type."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise WireError(f"{path} is not a map")
        return build(hint, value, path)
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _convert_tuple(typing.get_args(hint), value, path)
    if origin is Literal:
        if value not in typing.get_args(hint) or not isinstance(value, str):
            raise WireError(f"{path} is none of the known values")
        return value
    if origin is types.UnionType:
        raise WireError(f"{path}: unions are not part of this protocol")
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise WireError(f"{path} is not {hint.__name__}")
    return value


def _convert_tuple(items: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise WireError(f"{path} is not a list")
    if len(items) == 2 and items[1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise WireError(f"{path} has {len(value)} items instead of {len(items)}")
    return tuple(
        _convert(item, part, f"{path}[{index}]")
        for index, (item, part) in enumerate(zip(items, value, strict=True))
    )
