"""Hypothesis strategies for the nouns of the project."""

import dataclasses
import types
import typing

from hypothesis import strategies as st

from shared.messages import Message

_floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
_LEAVES = {
    int: st.integers(-(2**31), 2**31),
    float: _floats,
    str: st.text(max_size=20),
    bool: st.booleans(),
}


def from_hint(hint: typing.Any) -> st.SearchStrategy:
    """Build values of a type hint as the wire allows them."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return st.builds(hint, **{name: from_hint(kind) for name, kind in hints.items()})
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(from_hint(args[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*(from_hint(item) for item in args))
    assert origin is not types.UnionType
    return _LEAVES[hint]


messages = st.one_of([from_hint(kind) for kind in typing.get_args(Message)])
