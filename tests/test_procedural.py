"""Procedural scenes written as packs: what the trainer reads of them, and what it must not."""

import zipfile

import numpy as np
import pytest

from training.packs import (
    ANSWERS,
    HELD_OUT_FROM,
    are_held_out,
    pack_path,
    pack_paths,
    read_answer,
    read_pack,
)  # fmt: skip
from training.procedural import PACKED, Procedural, procedural
from training.scenes.textures.pressed import HIDDEN, drawn

from .mesh_files import CUBE, FACES, write_cubes

SIZE = 48


def test_packs_hold_pictures_lights_and_cameras_and_no_normals(tmp_path):
    assert procedural(Procedural(tmp_path, count=1, size=SIZE)) == 0
    with zipfile.ZipFile(pack_path(tmp_path, 0)) as file:
        names = set(file.namelist())
    assert names == {"picture.webp", "lights.webp", "inside.png", "scene.json"}
    assert not (tmp_path / ANSWERS).exists()


def test_shapes_of_a_library_are_pressed_into_reliefs(tmp_path):
    """Their outlines stand in the normals; their depth is a part of what it was."""
    write_cubes(tmp_path / "cubes.npz", {"deer": False, "cube": True})
    config = Procedural(tmp_path / "out", 3, size=SIZE, answers=True, meshes=tmp_path)
    procedural(config)
    for seed in range(3):
        path = pack_path(config.out, seed)
        tilt = np.degrees(np.arccos(-read_answer(path)[..., 2].clip(-1, 1)))
        assert read_pack(path).kind == "relief" and 1 < tilt.mean() < 30


def test_one_run_makes_scenes_of_training_or_of_validation(tmp_path):
    with pytest.raises(ValueError, match="two runs"):
        procedural(Procedural(tmp_path, count=2, first=HELD_OUT_FROM - 1, size=SIZE))
    assert not pack_paths(tmp_path)
    assert not are_held_out(0, HELD_OUT_FROM - 1) and are_held_out(HELD_OUT_FROM, HELD_OUT_FROM)


def test_depth_of_a_shape_is_what_rays_would_find():
    """A cube covers its front face, which lies half its width nearer than its middle."""
    sides = CUBE[FACES] * [SIZE / 4, SIZE / 4, 1] + [SIZE / 2, SIZE / 2, 0]
    depth = drawn(sides, SIZE)
    width = SIZE / 2 / np.sqrt(3)
    assert abs((depth > HIDDEN).sum() - width**2) < 4 * width
    np.testing.assert_allclose(depth[SIZE // 2, SIZE // 2], 1 / np.sqrt(3), atol=1e-6)


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
