# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on made, and therefore may make anew; whatever else there is is the artist's.

Names are looked up as ``(name, None)`` everywhere: of two that are called the same, the one of this
file. Another file's is not ours to change, and what were written into it would not be saved.
"""

from typing import TypeVar

import bpy

MARK = "clone_normals_ours"
"""Custom property of what the add-on made."""
LONGEST_NAME = 63
"""Bytes of a name in Blender."""
ASIDE = ".old"

Data = TypeVar("Data", bound=bpy.types.ID)


def find(collection: bpy.types.bpy_prop_collection, name: str) -> bpy.types.ID | None:
    """Return our data of that name; the artist's that happens to be called so makes room."""
    found = collection.get((name, None))
    if found is None or found.get(MARK):
        return found
    leave(found)
    return None


def mark(data: Data) -> Data:
    """Remember that the add-on made this."""
    data[MARK] = True
    return data


def leave(data: bpy.types.ID) -> None:
    """Leave something as it is, under another name."""
    room = LONGEST_NAME - len(ASIDE)
    data.name = data.name.encode()[:room].decode(errors="ignore") + ASIDE
