"""Share pictures between machines that do not talk to each other."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import TypeVar

Picture = TypeVar("Picture", bound=PurePath)


def share(pictures: Sequence[Picture], shard: str) -> list[Picture]:
    """Return the pictures that fall to one machine: every N-th by name for a shard ``I/N``.

    The shards of the same N have every picture exactly once, and differ by one picture at most.

    Raises:
        ValueError: when the shard is none; the message says what one looks like.
    """
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", shard)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise ValueError(f"“{shard}” is no shard: write 2/5 for the second of five, from 1/5.")
    # By strings: paths compare in another way on Windows, and a farm may have both kinds.
    ordered = sorted(pictures, key=lambda picture: (picture.name, picture.as_posix()))
    return ordered[number - 1 :: count]
