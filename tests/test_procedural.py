"""Procedural scenes written as packs: what the trainer reads of them, and what it must not."""

import zipfile

import pytest

from training.packs import ANSWERS, pack_path, read_answer, read_pack
from training.procedural import PACKED, Procedural, procedural

SIZE = 48


def test_packs_hold_pictures_lights_and_cameras_and_no_normals(tmp_path):
    assert procedural(Procedural(tmp_path, count=1, size=SIZE)) == 0
    with zipfile.ZipFile(pack_path(tmp_path, 0)) as file:
        names = set(file.namelist())
    assert names == {"picture.webp", "lights.webp", "inside.png", "scene.json"}
    assert not (tmp_path / ANSWERS).exists()


@pytest.mark.parametrize("kind", sorted(PACKED))
def test_every_kind_can_be_packed(tmp_path, kind):
    config = Procedural(tmp_path, count=1, kinds=(kind,), size=SIZE, answers=True)
    procedural(config)
    path = pack_path(tmp_path, 0)
    pack = read_pack(path)
    assert pack.kind == PACKED[kind] and pack.lights.shape == (8, SIZE, SIZE, 3)
    assert pack.picture[pack.inside].std() > 1
    assert (pack.fov_degrees > 0) != (pack.ortho_width > 0)
    assert read_answer(path).shape == pack.picture.shape
    before = path.stat().st_mtime_ns
    procedural(config)
    assert path.stat().st_mtime_ns == before
