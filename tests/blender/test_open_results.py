"""Results of the batch command, as it leaves them in a folder, come into the scene."""

import dataclasses
import time
from dataclasses import asdict
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.result_folder import INSIDE, SETTINGS, changed, module, opened, written
from tests.blender.tools import HALF, PHOTO, attribute, names, pixels, with_nodes
from tests.canned import canned_arrays, canned_report

TWICE = 2 * HALF
"""Values are rounded into the file and again into Blender's image."""


@pytest.fixture
def arrays(addon):
    found = canned_arrays(PHOTO, SETTINGS)
    found["confidence"] = np.where(INSIDE, found["confidence"], 0.0).astype(np.float32)
    found["albedo"][~INSIDE] = 0.0
    return found


@pytest.fixture
def results(arrays, tmp_path):
    """Everything that ``python -m backend.batch --height`` writes of a picture."""
    return written(tmp_path, "photo", arrays)


def test_everything_an_estimate_brings_is_there(results, arrays):
    chosen = bpy.context.scene.clone_textures
    chosen.height = chosen.occlusion = chosen.depth = chosen.confidence = True
    chosen.padding = 0
    assert bpy.ops.import_scene.clone_results(filepath=str(results)) == {"FINISHED"}
    kinds = ("normal", "albedo", "height", "occlusion", "depth", "confidence")
    assert names()["images"] == sorted(f"photo_{kind}" for kind in kinds)
    assert {"photo_card", "photo_gaussians", "photo_sun"} <= set(names()["objects"])
    assert all(image.packed_file for image in bpy.data.images)
    normals = arrays["normals"] / 2 + 0.5
    np.testing.assert_allclose(pixels("photo_normal")[..., :3], normals, atol=TWICE)
    albedo = pixels("photo_albedo")
    np.testing.assert_allclose(albedo[..., :3], arrays["albedo"], atol=TWICE)
    np.testing.assert_array_equal(albedo[..., 3], INSIDE)  # a cut-out stays one
    for kind in ("occlusion", "depth", "confidence"):
        np.testing.assert_allclose(pixels(f"photo_{kind}")[..., 0], arrays[kind], atol=TWICE)
    height = arrays["height"] / 32 + 0.5
    np.testing.assert_allclose(pixels("photo_height")[..., 0], height, atol=TWICE)


def test_the_same_as_an_estimate(results, arrays, fake, make_image):
    """Gaussians, card and sun are where the backend's answer would have put them."""
    opened(results)
    ours = placed()
    bpy.ops.wm.read_homefile(use_empty=True)
    make_image(PHOTO)
    with fake():
        bpy.ops.image.clone_estimate_normals(image_name="photo")
    for name, expected in placed().items():
        np.testing.assert_allclose(ours[name], expected, atol=1e-5, err_msg=name)


def placed():
    cloud = bpy.data.objects["photo_gaussians"]
    kinds = {"position": "FLOAT_VECTOR", "scale": "FLOAT_VECTOR", "normal": "FLOAT_VECTOR"}
    kinds |= {"Col": "FLOAT_COLOR", "rotation": "QUATERNION", "opacity": "FLOAT"}
    found = {name: attribute(cloud.data, name, kind) for name, kind in kinds.items()}
    for name in ("photo_card", "photo_gaussians", "photo_sun"):
        thing = bpy.data.objects[name]
        found[name] = [*thing.location, *thing.rotation_euler, *thing.dimensions]
    return found


def test_a_linked_scene_takes_in_images_only(results, studio):
    with bpy.context.temp_override(scene=studio):
        with pytest.raises(RuntimeError, match="Switch to a scene of this file"):
            opened(results)
        assert not names()["images"] and not module("session").current.busy
        for result in ("card", "gaussians", "sun"):
            setattr(studio.clone_normals, f"add_{result}", False)
        assert opened(results) == {"FINISHED"}
    assert "photo_normal" in names()["images"]


def test_what_is_not_wanted_stays_away(results):
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    opened(results)
    assert not names()["objects"] and "photo_normal" in names()["images"]


def test_the_maps_follow_the_sliders_afterwards(results):
    opened(results)
    assert module("session").current.kept.task.name == "photo"
    before = pixels("photo_normal")
    bpy.context.scene.clone_textures.strength = 0.0
    following = module("following")
    while following._tick() is not None:
        pass
    bpy.app.timers.unregister(following._tick)
    assert np.abs(pixels("photo_normal") - before).max() > 0.1
    np.testing.assert_allclose(pixels("photo_normal")[..., 2], 1.0, atol=HALF)


@pytest.mark.parametrize("shown", ["a_normal", "a_albedo", "a.jpg"])
def test_the_verbs_of_textures_work_on_opened_results(arrays, tmp_path, make_image, shown):
    """Also while the picture is not open, which such files do not need."""
    if shown == "a.jpg":
        make_image(PHOTO, "a.jpg")
    opened(written(tmp_path, "a", arrays))
    thing = bpy.data.objects.new("thing", bpy.data.meshes.new("thing"))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    thing.data.materials.append(bpy.data.materials.new("paint"))
    with_nodes(thing.active_material)
    area = bpy.context.window.screen.areas[0]
    area.type, area.spaces.active.image = "IMAGE_EDITOR", bpy.data.images[shown]
    with bpy.context.temp_override(area=area):
        assert bpy.ops.image.clone_apply() == {"FINISHED"}
        assert bpy.ops.image.clone_wire_material() == {"FINISHED"}
    nodes = thing.active_material.node_tree.nodes
    assert bpy.data.images["a_normal"] in [getattr(node, "image", None) for node in nodes]


def test_an_opened_result_is_not_taken_for_a_picture(arrays, tmp_path, fake):
    opened(written(tmp_path, "a", arrays))
    with fake() as backend, pytest.raises(RuntimeError, match="Open the picture “a”"):
        bpy.ops.image.clone_estimate_normals(image_name="a_normal")
    assert not backend.seen.submits


def test_normals_of_a_png_do_where_there_is_no_exr(results, arrays):
    (results.parent / "photo_normal.exr").unlink()
    bpy.context.scene.clone_textures.padding = 0
    opened(results)
    normals = arrays["normals"] / 2 + 0.5
    np.testing.assert_allclose(pixels("photo_normal")[..., :3], normals, atol=TWICE)


@pytest.mark.parametrize(
    "missing, absent",
    [
        ("_albedo.png", {"photo_albedo", "photo_card", "photo_surface"}),
        ("_depth.exr", {"photo_surface"}),
        ("_gaussians.ply", {"photo_gaussians"}),
        ("_confidence.png", set()),
    ],
)
def test_what_has_no_file_is_left_out(results, missing, absent):
    chosen = bpy.context.scene.clone_normals
    chosen.add_mesh = chosen.add_compare = True
    (results.parent / f"photo{missing}").unlink()
    assert opened(results) == {"FINISHED"}
    whole = {"photo_albedo", "photo_card", "photo_surface", "photo_gaussians"}
    there = set(names()["objects"]) | set(names()["images"])
    assert there & whole == whole - absent and "photo_compare" not in there


def test_several_are_opened_and_one_that_is_no_use_stops_none(arrays, tmp_path):
    reports = [written(tmp_path, name, arrays) for name in ("a", "b", "c")]
    (tmp_path / "b_normal.exr").unlink()
    (tmp_path / "b_normal.png").unlink()
    with pytest.raises(RuntimeError, match=r"no normals with b_report\.json.*normal_exr"):
        opened(*reports)
    assert {"a_normal", "c_normal"} <= set(names()["images"])
    assert "b_normal" not in names()["images"] and not module("session").current.busy


def test_a_light_that_cannot_be_told_is_none(arrays, tmp_path):
    opened(written(tmp_path, "photo", arrays, determined=False))
    assert "photo_sun" not in names()["objects"]


def test_the_maps_of_a_large_picture_are_of_two_sizes(arrays, tmp_path):
    """Normals and albedo have four times the pixels of the copy that the rest comes from."""
    small = dict(arrays)
    small["means"], small["scales"] = arrays["means"] / 2, arrays["scales"] / 2
    for name in ("confidence", "depth", "height", "occlusion"):
        small[name] = arrays[name][::2, ::2]
    report = written(tmp_path, "photo", small, reduced={"size": [12, 16], "outputs": []})
    bpy.context.scene.clone_textures.height = True
    bpy.context.scene.clone_normals.add_mesh = True
    opened(report)
    large = placed()
    assert tuple(bpy.data.images["photo_height"].size) == (16, 12)
    surface = bpy.data.objects["photo_surface"].dimensions
    assert max(surface[:2]) < 2.0 and min(surface[:2]) > 0.5  # the part inside the outline
    bpy.ops.wm.read_homefile(use_empty=True)
    opened(written(tmp_path, "photo", arrays))
    for name, expected in placed().items():
        np.testing.assert_allclose(large[name], expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "spoiled, said",
    [
        (lambda report: report.write_text("{"), "damaged"),
        (lambda report: report.write_text("[]"), "damaged"),
        (lambda report: report.write_bytes(b"\xff"), "damaged"),
        (lambda report: changed(report, outputs=None), "damaged"),
        (lambda report: changed(report, outputs=["../photo_normal.exr"]), "no normals"),
        (lambda report: changed(report, outputs=[]), "no normals"),
        (lambda report: changed(report, light={}), "damaged"),
        (lambda report: changed(report, gaussians="many"), "damaged"),
        (lambda report: changed(report, settings={"fov_degrees": 400.0}), "damaged"),
        (lambda report: changed(report, reduced={"size": 3}), "damaged"),
        (lambda report: report.unlink(), "cannot be read"),
        (
            lambda report: report.with_name("photo_gaussians.ply").write_bytes(b"ply\n"),
            "ends within its header",
        ),
        (lambda report: report.with_name("photo_normal.exr").write_bytes(b"no"), "no pixels"),
    ],
)
def test_what_cannot_be_opened_says_so_and_leaves_nothing(results, spoiled, said):
    spoiled(results)
    with pytest.raises(RuntimeError, match=said):
        opened(results)
    assert not names()["images"] and not names()["objects"]
    assert not module("session").current.busy


def test_another_file_is_no_report(results):
    other = results.with_name("photo.json")
    results.rename(other)
    with pytest.raises(RuntimeError, match=r"photo\.json is no report"):
        opened(other)


def test_only_files_of_its_own_name_are_opened(results, arrays, tmp_path):
    """What a report lists is compared with names that are its own, and never a path."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    written(elsewhere, "other", arrays)
    changed(results, outputs=[str(path) for path in elsewhere.iterdir()] + ["photo_normal.exr"])
    assert opened(results) == {"FINISHED"}
    assert names()["images"] == ["photo_normal"] and names()["objects"] == ["photo_sun"]


def test_it_comes_in_slices_and_may_be_dropped_after_any(results):
    """One file at most is opened in a slice; an artist's Blender goes on in between."""
    kind = module("result_operator").IMPORT_SCENE_OT_clone_results
    button = SimpleNamespace(reports=lambda: [results], report=lambda *said: None)
    session, last = module("session").current, 0
    for dropped in (2, 5, 10_000):
        work = kind.slices(button, bpy.context)
        for number, _ in zip(range(dropped), work, strict=False):
            last = number
            assert session.busy and not session.can_cancel
            time.sleep(0.001)
        work.close()
        assert not session.busy
    assert last > 15 and "photo_normal" in names()["images"]


def test_an_estimate_that_runs_comes_first(results, monkeypatch):
    monkeypatch.setattr(module("session").current, "phase", "working")
    assert not bpy.ops.import_scene.clone_results.poll()


def test_a_report_knows_every_field(addon):
    """What the add-on reads is what the backend writes: one class says both."""
    known = {field.name for field in dataclasses.fields(module("shared.messages").Report)}
    assert known == set(asdict(canned_report(1, True)))
