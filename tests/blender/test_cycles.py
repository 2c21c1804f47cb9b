"""The scene generator in Blender itself: what it renders could teach, and held-out is held out."""

from random import Random

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytest.importorskip("OpenEXR")
pytest.importorskip("PIL")
if bpy.app.version < (5, 2):
    pytest.skip("scenes are rendered with Blender 5.2", allow_module_level=True)

import bmesh

from training.cycles import compounds, materials, reliefs, things
from training.cycles.__main__ import KINDS, Supplies, render, supplied
from training.cycles.furniture import furnished
from training.cycles.placing import extent
from training.cycles.rooms import room
from training.cycles.shots import Quality
from training.packs import pack_path, read_answer, read_pack

from ..mesh_files import write_cubes

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def ceiling(path) -> float:
    """Mean error of plain photometric stereo from a pack's single lights, degrees."""
    pack, truth = read_pack(path), read_answer(path)
    encoded = pack.lights / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lights, directions = linear @ LUMINANCE, np.array(pack.directions)
    shown = lights[:, pack.inside].T
    lit = shown > 0.02 * shown.max(1, keepdims=True) + 1e-3
    enough = lit.sum(1) >= 3
    gram = np.einsum("pk,ki,kj->pij", lit, directions, directions) + 1e-5 * np.eye(3)
    right = np.einsum("pk,pk,ki->pi", lit, shown, directions)
    scaled = np.linalg.solve(gram, right[..., None])[..., 0]
    found = scaled / np.maximum(np.linalg.norm(scaled, axis=-1, keepdims=True), 1e-9)
    cosine = (found * truth[pack.inside]).sum(-1).clip(-1, 1)
    return float(np.degrees(np.arccos(cosine))[enough].mean())


OURS = Supplies()


def rendered(path, seed, kind, supplies=OURS, **quality):
    """Render a scene of training."""
    render(seed, path, Quality(**quality), kind, supplied(False, supplies), supplies)


@pytest.fixture
def library(tmp_path):
    """A library of boxes: some to sit on, some to look at."""
    folder = tmp_path / "meshes"
    folder.mkdir()
    names = {"chair": False, "desk": False, "deer": False, "cup": False, "statue": True}
    write_cubes(folder / "boxes.npz", names)
    return Supplies(meshes=folder)


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_what_is_rendered_could_teach_its_normals(tmp_path, kind):
    path = pack_path(tmp_path, 1)
    rendered(path, KINDS.index(kind), kind, size=96, samples=2)
    pack = read_pack(path)
    assert pack.kind == ("object" if kind == "figure" else kind)
    assert pack.lights.shape == (8, 96, 96, 3)
    assert pack.inside.any() and pack.picture[pack.inside].std() > 1
    assert path.stat().st_size < 100_000
    assert ceiling(path) < 8.0  # coarse pixels straddle edges; training.ceiling measures at size


def test_a_second_view_says_where_it_was_taken_from(tmp_path):
    path = pack_path(tmp_path, 20)
    rendered(path, 20, "object", size=48, samples=2)
    view = read_pack(path).view
    assert view is not None
    rotation = np.array(view.rotation)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
    angle = np.degrees(np.arccos((np.trace(rotation) - 1) / 2))
    assert 3.5 < angle < 14.5 and np.linalg.norm(view.translation) > 0.05


def test_one_seed_is_one_scene(tmp_path):
    first, second = tmp_path / "0000003.zip", tmp_path / "again" / "0000003.zip"
    second.parent.mkdir()
    for path in (first, second):
        rendered(path, 3, "pile", size=32, samples=1)
    assert (read_pack(first).lights == read_pack(second).lights).all()


@pytest.mark.parametrize("kind", ["object", "figure", "pile", "room"])
def test_a_library_furnishes_every_stage(tmp_path, library, kind):
    path = pack_path(tmp_path, 5)
    rendered(path, 5, kind, library, size=96, samples=2)
    pack = read_pack(path)
    assert pack.inside.mean() > 0.02 and ceiling(path) < 8.0
    shapes = [thing for thing in bpy.data.objects if thing.name.startswith("shape")]
    assert shapes and all(len(shape.data.materials) == 2 for shape in shapes)


def test_furniture_stands_on_the_floor_apart_and_as_tall_as_furniture(library):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    words, size = supplied(False, library), (5.0, 5.0, 2.5)
    taken = furnished(Random(1), words, size)
    assert len(taken) > 1
    assert not any(a.meets(b) for a in taken for b in taken if a is not b)
    pieces = [thing for thing in bpy.data.objects if thing.name.startswith("shape")][: len(taken)]
    for piece in pieces:
        low, high = extent(piece)
        assert abs(low.z) < 1e-3 and 0.3 < high.z < 1.2
        assert max(abs(low.x), abs(high.x), abs(low.y), abs(high.y)) < 2.6


def test_persons_see_rooms_from_their_height(library):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    heights, lenses = [], []
    for seed in range(6):
        stage = room(Random(seed), supplied(False, library))
        heights.append(stage.camera.location.z)
        lenses.append(np.degrees(stage.camera.data.angle))
    assert np.mean([1.4 <= height <= 1.8 for height in heights]) >= 0.5
    assert min(lenses) >= 45 and max(lenses) <= 95 and np.ptp(lenses) > 10


def test_validation_shares_nothing_with_training():
    assert not set(things.TRAINING) & set(things.HELD_OUT)
    assert not set(reliefs.PATTERNS) & set(reliefs.HELD_OUT)
    assert not set(materials.TRAINING.bump) & set(materials.HELD_OUT.bump)


def test_validation_draws_held_out_meshes_alone(library):
    for held_out, names in ((True, {"statue"}), (False, {"chair", "desk", "deer", "cup"})):
        words = supplied(held_out, library)
        assert words.library is not None
        assert {words.library.draw(Random(seed)).name for seed in range(40)} == names


@pytest.mark.parametrize("maker", [compounds.assembly, compounds.plate, compounds.bust])
@pytest.mark.parametrize("seed", range(3))
def test_a_compound_thing_is_closed_and_as_large_as_a_thing(maker, seed):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    thing = maker(Random(seed))
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    shell = bmesh.new()
    shell.from_mesh(mesh)
    reach = max(vertex.co.length for vertex in shell.verts)
    assert all(edge.is_manifold for edge in shell.edges)
    assert shell.calc_volume(signed=True) > 0  # faces look outward
    assert 0.5 < reach <= compounds.RADIUS * 1.01
    shell.free()
