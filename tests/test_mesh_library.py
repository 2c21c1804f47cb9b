"""The mesh library: what is written comes back, and what is held out stays out."""

from random import Random

import numpy as np
import pytest

from training.mesh_library import FIGURES, read_library

from .mesh_files import CUBE, FACES, UNIT, write_cubes

NAMES = {"chairs/a": False, "chairs/b": True, "tables/c": False, "deer_head": True}


@pytest.fixture
def folder(tmp_path):
    write_cubes(tmp_path / "cubes.npz", NAMES)
    return tmp_path


def test_meshes_come_back_as_they_were_written(folder):
    source = read_library(folder, held_out=False).sources[0]
    for index in source.usable:
        mesh = source.mesh(index)
        wanted = CUBE * [1 / (index + 1), 1, 1]
        assert {tuple(f) for f in mesh.vertices[mesh.faces].round(3).reshape(-1, 9)} == {
            tuple(f) for f in wanted[FACES].astype(np.float32).round(3).reshape(-1, 9)
        }
        assert np.abs(np.abs(mesh.vertices).max(0) - np.abs(wanted).max(0)).max() < 1 / UNIT
        assert sorted(set(mesh.parts.tolist())) == [0, 1] and len(mesh.colors) == 2


def test_what_is_held_out_is_never_drawn_for_training(folder):
    for held_out in (False, True):
        library = read_library(folder, held_out)
        drawn = {library.draw(Random(seed)).name for seed in range(40)}
        assert drawn == {name for name, kept in NAMES.items() if kept == held_out}


def test_meshes_are_kept_by_name_and_source(folder):
    library = read_library(folder, held_out=True)
    assert library.named(FIGURES).draw(Random(0)).name == "deer_head"
    assert library.named("DEER", kept=False).draw(Random(0)).name == "chairs/b"
    assert library.named("cubes/chairs").draw(Random(0)).name == "chairs/b"
    assert not library.named("nothing of that name").sources


def test_a_folder_without_meshes_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_library(tmp_path, held_out=False)
