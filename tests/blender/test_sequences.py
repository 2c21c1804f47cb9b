"""Image sequences: the frame that is shown, and all of them into files."""

import json
import os
import sys
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.shots import SIZE, assert_frames, frame_of, run, write_frame
from tests.blender.tools import HALF, Layout, estimate, pixels, with_nodes


def normals_in(path):
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.is_data = True
    values = pixels(image.name)[..., :3] * 2 - 1
    bpy.data.images.remove(image)
    return values


@pytest.mark.parametrize(("current", "expected"), [(1, 8), (8, 8), (10, 10), (99, 11)])
def test_one_estimate_takes_the_scenes_frame(fake, shot, current, expected):
    bpy.context.scene.frame_current = current
    with fake() as backend:
        assert estimate("") == {"FINISHED"}
    assert_frames(backend, expected)
    assert "shot_normal" in bpy.data.images


def test_a_texture_nodes_own_timing_counts(fake, shot):
    scene, item = bpy.context.scene, bpy.data.objects.new("crate", bpy.data.meshes.new("mesh"))
    material = bpy.data.materials.new("paint")
    with_nodes(material)
    item.data.materials.append(material)
    scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image, scene.clone_normals.source = shot, "OBJECT"
    node.image_user.frame_start, node.image_user.frame_duration = 100, 4
    node.image_user.frame_offset, scene.frame_current = 7, 102
    with fake() as backend:
        estimate("")
    assert_frames(backend, 10)


def test_every_frame_becomes_a_file_and_the_files_a_sequence(fake, shot, tmp_path):
    before = sorted(bpy.data.images.keys())
    with fake() as backend:
        assert run() == {"FINISHED"}
    assert_frames(backend, 8, 9, 10, 11)
    for number, answer in zip(range(8, 12), backend.seen.answers, strict=True):
        path = tmp_path / f"shot_normal_{number:04d}.exr"
        np.testing.assert_allclose(normals_in(path), answer["normals"], atol=2 * HALF)
    image = bpy.data.images["shot_normal"]
    assert image.source == "SEQUENCE" and image.colorspace_settings.name == "Non-Color"
    assert sorted(bpy.data.images.keys()) == [*before, "shot_normal"]
    assert not list(tmp_path.glob(".*"))  # nothing unfinished


def test_what_is_done_is_not_done_again(fake, shot, tmp_path):
    with fake() as backend:
        run()
        assert run(image_name="shot") == {"FINISHED"}
        assert len(backend.seen.arrays) == 4
        (tmp_path / "shot_normal_0010.exr").unlink()
        run()
        assert len(backend.seen.arrays) == 5
        later = (tmp_path / "shot_normal_0009.exr").stat().st_mtime + 5
        os.utime(tmp_path / "shot_0009.png", (later, later))
        run()
        assert len(backend.seen.arrays) == 6
    assert_frames(backend, 8, 9, 10, 11, 10, 9)
    assert sorted(image.name for image in bpy.data.images) == ["shot", "shot_normal"]


def test_the_button_is_there_again_when_nothing_was_left_to_do(fake, shot):
    with fake():
        run()
        run(image_name="shot")
    assert buttons() == ["image.clone_estimate_sequence"]


def test_the_button_is_there_again_after_a_run_that_could_not_begin(shot, make_image):
    bpy.context.scene.clone_normals.mask = make_image(frame_of(0)[:10], "mask")
    with pytest.raises(RuntimeError, match="Choose a mask of the picture's size"):
        run()
    assert buttons() == ["image.clone_estimate_sequence"]


def buttons():
    """Return what the panel lets an artist press."""
    panel = sys.modules[f"{MODULE}.sequence_panel"].SequencePanel
    layout = Layout()
    panel.draw(SimpleNamespace(rows=lambda: layout), bpy.context)
    return layout.buttons


def more_steps():
    bpy.context.scene.clone_normals.steps = 3


def repaint_mask():
    half = np.ones((*SIZE, 4), np.float32)
    half[:8, :, :3] = 0.0
    bpy.data.images["mask"].pixels.foreach_set(half.reshape(-1))


def repaint_hints():
    green = np.tile(np.float32((0, 0.8, 0.1, 1)), SIZE[0] * SIZE[1])
    bpy.data.images["shot_hints"].pixels.foreach_set(green)


def expose_otherwise():
    bpy.context.scene.view_settings.exposure = 1.0


@pytest.mark.parametrize("change", [more_steps, repaint_mask, repaint_hints, expose_otherwise])
def test_other_settings_do_everything_again(fake, shot, make_image, change):
    chosen = bpy.context.scene.clone_normals
    chosen.mask, chosen.encoding = make_image(np.ones((*SIZE, 3)), "mask"), "SCENE"
    bpy.ops.image.clone_paint_hints(hint="FLAT")
    with fake() as backend:
        run()
        run()
        assert len(backend.seen.arrays) == 4
        change()
        run()
    assert len(backend.seen.arrays) == 8


def test_the_look_says_nothing_of_frames_that_hold_data(fake, shot):
    shot.colorspace_settings.is_data = True
    bpy.context.scene.clone_normals.encoding = "SCENE"
    with fake() as backend:
        run()
        expose_otherwise()
        run()
    assert len(backend.seen.arrays) == 4


def test_frames_are_shaped_as_the_sliders_say(fake, shot, tmp_path):
    chosen = bpy.context.scene.clone_textures
    with fake() as backend:
        run()
        chosen.strength, chosen.convention = 0.5, "DIRECTX"
        run()
    assert_frames(backend, *range(8, 12), *range(8, 12))
    wanted = backend.seen.answers[-1]["normals"] * (0.5, -0.5, 1.0)
    wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
    np.testing.assert_allclose(normals_in(tmp_path / "shot_normal_0011.exr"), wanted, atol=4 * HALF)
    assert bpy.data.images["shot_normal"]["clone_convention"] == "DIRECTX"


def test_a_folder_of_ones_own(fake, shot, tmp_path):
    bpy.context.scene.clone_normals.sequence_folder = str(tmp_path / "deep" / "out")
    with fake():
        run()
    made = sorted(path.name for path in (tmp_path / "deep" / "out").iterdir())
    assert made == ["shot_normal.json", *(f"shot_normal_{n:04d}.exr" for n in range(8, 12))]


def test_stopping_keeps_what_is_done(fake, shot, tmp_path):
    session = sys.modules[f"{MODULE}.session"].current
    panels = sys.modules[f"{MODULE}.sequence_panel"]
    lines, submit = [], type(session)._submit

    def submit_two(self):
        operator = sys.modules[f"{MODULE}.sequence_operator"]
        lines.append(panels.run_text(operator.running()))
        if len(lines) == 3:
            self.cancel()
        else:
            submit(self)

    type(session)._submit = submit_two
    try:
        with fake() as backend:
            assert run() == {"FINISHED"}
    finally:
        type(session)._submit = submit
    assert_frames(backend, 8, 9)
    assert lines[0] == "Frame 1 of 4" and lines[2].startswith("Frame 2 of 4, ")
    record = json.loads((tmp_path / "shot_normal.json").read_text())
    assert record["frames"] == [8, 9] and not session.busy
    with fake() as backend:
        run()
    assert_frames(backend, 10, 11)


def test_a_failing_backend_says_why(fake, shot, tmp_path):
    with fake("fail"), pytest.raises(RuntimeError, match="too little memory"):
        run()
    assert not list(tmp_path.glob("*.exr"))


def test_a_folder_that_takes_nothing(fake, shot, tmp_path):
    (tmp_path / "file").write_text("")
    bpy.context.scene.clone_normals.sequence_folder = str(tmp_path / "file")
    with fake(), pytest.raises(RuntimeError, match="Choose another folder"):
        run()
    assert not sys.modules[f"{MODULE}.session"].current.busy


def test_a_resumed_run_is_as_steady_as_one_in_one_go(fake, shot, make_image, tmp_path):
    for number in range(8, 12):
        noise = np.random.default_rng(number).normal(0, 0.005, (*SIZE, 3))
        write_frame(make_image, tmp_path, number, np.clip(frame_of(1) + noise, 0, 1))
    bpy.context.scene.clone_normals.steadiness = 0.8
    with fake() as backend:
        run()
        whole = normals_in(tmp_path / "shot_normal_0011.exr")
        assert np.abs(whole - backend.seen.answers[3]["normals"]).max() > 0.01
        (tmp_path / "shot_normal_0011.exr").unlink()
        run()
    assert len(backend.seen.arrays) == 5
    np.testing.assert_allclose(normals_in(tmp_path / "shot_normal_0011.exr"), whole, atol=4 * HALF)


def test_a_single_picture_is_no_sequence(addon, make_image):
    bpy.context.scene.clone_normals.image = make_image(frame_of(0))
    with pytest.raises(RuntimeError, match="Choose Image Sequence as its source"):
        run()


def test_a_sequence_whose_files_are_gone(shot, tmp_path):
    for path in tmp_path.glob("shot_*.png"):
        path.unlink()
    with pytest.raises(RuntimeError, match="Check where they are"):
        run()
