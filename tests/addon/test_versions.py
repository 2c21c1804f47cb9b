"""Where the add-on knows of versions of Blender."""

import re

import build_addon

OWN_FILE = "compat.py"
MINIMUM = re.search(r"blender_version_min = \"(\d+)\.(\d+)", build_addon.manifest())


def test_one_file_holds_every_difference_between_versions():
    asking = {
        name
        for name, data in build_addon.source_files().items()
        if name.endswith(".py") and b"app.version" in data
    }
    assert asking == {OWN_FILE}


def test_every_difference_names_a_version_that_ends_it_and_has_not_come():
    text = build_addon.source_files()[OWN_FILE].decode()
    ends = [(int(a), int(b)) for a, b in re.findall(r"Ends with (\d+)\.(\d+)\.", text)]
    things = re.findall(r"^(?:def |[A-Z_0-9]+\b.*= (?!TypeVar))", text, re.MULTILINE)
    assert len(ends) == len(things)
    assert min(ends) > tuple(map(int, MINIMUM.groups()))
