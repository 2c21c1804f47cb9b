"""Files that an older Blender saved with our results: they open, work and take a new estimate."""

from pathlib import Path

import bpy
import pytest

from tests.blender.everything import bring_everything, check_displays, check_nodes
from tests.blender.tools import PHOTO, estimate

STORED = Path(__file__).parent / "saved_by_4_5.blend"
"""What ``saved_now`` saves, from Blender 4.5.15."""


@pytest.fixture
def saved_now(fake, make_image, tmp_path):
    """A file of this Blender's with everything that an estimate can bring."""
    make_image(PHOTO).pack()
    path = tmp_path / "saved.blend"
    with fake():
        bring_everything()
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    return path


@pytest.fixture(params=["saved_now", "stored"])
def opened(request, addon):
    """The file, opened; what its scene asks for is the artist's choice of then."""
    path = request.getfixturevalue("saved_now") if request.param == "saved_now" else STORED
    bpy.ops.wm.open_mainfile(filepath=str(path))


def test_an_older_file_works(opened):
    check_nodes()
    check_displays()


def test_an_older_file_is_refreshed_in_place(opened, fake):
    before = sorted(bpy.data.objects.keys())
    groups = sorted(bpy.data.node_groups.keys())
    with fake():
        assert estimate() == {"FINISHED"}
    assert sorted(bpy.data.objects.keys()) == before
    assert sorted(bpy.data.node_groups.keys()) == groups
    check_nodes()
    check_displays()
