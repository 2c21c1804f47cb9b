"""Somebody's own files in Blender: photographed like our things, and never trusted."""

import json
from random import Random

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytest.importorskip("OpenEXR")
pytest.importorskip("PIL")
if bpy.app.version < (5, 2):
    pytest.skip("scenes are rendered with Blender 5.2", allow_module_level=True)

from mathutils import Vector

from training.cycles.blends import Unusable, asset_paths, main, pack_seeds, render, staged
from training.cycles.shots import Quality
from training.cycles.stack import write_stack
from training.packs import pack_paths, read_answer, read_pack

QUICK = Quality(size=48, samples=1)


def saved(path, *extras):
    """Save a file with a monkey far from the origin, a lamp, a camera, and more."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_monkey_add(size=40, location=(100, 50, 7))
    bpy.ops.object.light_add(type="SUN")
    bpy.ops.object.camera_add()
    for extra in extras:
        extra(bpy.data.objects["Suzanne"])
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def glowing_glass(thing):
    """Give a thing a material of glass that glows, its roughness driven by a texture."""
    material = bpy.data.materials.new("glass")
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Transmission Weight"].default_value = 1.0
    shader.inputs["Emission Strength"].default_value = 5.0
    noise = tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(noise.outputs[0], shader.inputs["Metallic"])
    thing.data.materials.append(material)


def test_a_thing_is_brought_to_our_size_and_place_without_its_lamps(tmp_path):
    stage = staged(Random(1), saved(tmp_path / "monkey.blend"))
    bpy.context.view_layer.update()
    thing = bpy.data.objects["Suzanne"]
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    assert max(corner.length for corner in corners) == pytest.approx(0.8, abs=0.01)
    assert [o.type for o in bpy.context.scene.objects if o.type in ("LIGHT", "CAMERA")] == [
        "CAMERA"
    ]
    assert stage.kind == "object"


def test_glass_that_glows_still_teaches_its_shape(tmp_path):
    path = tmp_path / "pack.zip"
    render(saved(tmp_path / "glass.blend", glowing_glass), 7, path, QUICK, None)
    pack, truth = read_pack(path), read_answer(path)
    lit = pack.lights[..., 1] / 255
    facing = np.einsum("hwc,kc->khw", truth, np.array(pack.directions))
    assert pack.inside.sum() > 100
    # bright where it faces a light, and dark where it does not: nothing glows or lets light through
    assert lit[(facing > 0.7) & pack.inside].mean() > 0.5
    assert lit[(facing < -0.2) & pack.inside].mean() < 0.05


def test_no_script_of_a_file_runs(tmp_path):
    trace = tmp_path / "trace"

    def booby_trapped(thing):
        text = bpy.data.texts.new("startup.py")
        text.write(f"open({str(trace)!r}, 'w').close()")
        text.use_module = True
        driver = thing.driver_add("location", 0).driver
        driver.expression = f"100 if open({str(trace)!r}, 'w') else 0"

    path = saved(tmp_path / "trap.blend", booby_trapped)
    trace.unlink(missing_ok=True)
    render(path, 3, tmp_path / "pack.zip", QUICK, None)
    assert (tmp_path / "pack.zip").exists() and not trace.exists()


def test_broken_and_empty_files_are_named_and_skipped(tmp_path, monkeypatch, capsys):
    assets, out = tmp_path / "assets", tmp_path / "out"
    assets.mkdir()
    saved(assets / "fine.blend")
    saved(assets / "hidden.blend", lambda thing: setattr(thing, "hide_render", True))
    (assets / "broken.blend").write_bytes(b"BLENDER nothing")
    (assets / "plate.obj").write_text("v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nf 1 2 3 4\n")
    words = ["blends", str(assets), str(out), "1", "--size", "32"]
    monkeypatch.setattr("sys.argv", words)
    main()
    complaints = capsys.readouterr().err
    assert "broken.blend was skipped" in complaints and "hidden.blend was skipped" in complaints
    assert [path.name for path in pack_paths(out)] == ["fine-blend-00.zip", "plate-obj-00.zip"]
    before = {path: path.stat().st_mtime_ns for path in pack_paths(out)}
    main()
    assert {path: path.stat().st_mtime_ns for path in pack_paths(out)} == before


def test_a_file_keeps_its_seeds_when_others_join_it(tmp_path):
    (tmp_path / "b.blend").touch()
    alone = pack_seeds(tmp_path, tmp_path / "b.blend", tmp_path / "out", 3)
    (tmp_path / "a.blend").touch()
    assert len(asset_paths(tmp_path)) == 2
    assert pack_seeds(tmp_path, tmp_path / "b.blend", tmp_path / "out", 3) == alone
    assert len({seed for _, seed in alone}) == 3


def test_something_unreadable_says_so(tmp_path):
    (tmp_path / "broken.blend").write_bytes(b"no")
    with pytest.raises(Unusable, match="cannot read"):
        render(tmp_path / "broken.blend", 1, tmp_path / "pack.zip", QUICK, None)


def test_a_stack_has_its_lights_its_mask_and_cases_under_other_lights(tmp_path):
    write_stack(tmp_path, 1_000_001, 3, 1, QUICK)
    folder = tmp_path / "stack" / "seed-1000001"
    facts = json.loads((folder / "lights.json").read_text())
    assert sorted(facts["directions"]) == ["light01.png", "light02.png", "light03.png"]
    assert all(z > 0.2 for _, _, z in facts["directions"].values())
    case = tmp_path / "cases" / "new_light" / "seed-1000001-1"
    normals = np.load(case / "normals.npy").astype(float)
    inside = np.linalg.norm(normals, axis=-1) > 0.5
    assert inside.any() and normals[inside][:, 2].mean() > 0.3
    with pytest.raises(ValueError, match="held-out"):
        write_stack(tmp_path, 1, 3, 1, QUICK)
