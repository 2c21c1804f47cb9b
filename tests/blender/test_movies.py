"""Movies as sources: the frame that is shown, and all of them into files."""

import sys

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE
from tests.blender.shots import write_frame
from tests.blender.tools import HALF, estimate, pixels

FRAMES = 5
SIDE = 32
NEAR = 4
"""How far a color of the movie may lie from what was filmed, of 255: its codec loses a little."""


def color_of(number):
    return number / 10, 0.2, 0.5


def linear():
    image = bpy.data.images.new("linear", 8, 8, float_buffer=True)
    name = image.colorspace_settings.name
    bpy.data.images.remove(image)
    return name


@pytest.fixture
def film(make_image, tmp_path):
    """A movie of five plain colors, and its image."""
    scene = bpy.data.scenes.new("studio")
    editor = scene.sequence_editor_create()
    strips = editor.strips
    for number in range(1, FRAMES + 1):
        write_frame(make_image, tmp_path, number, np.full((SIDE, SIDE, 3), color_of(number)))
        path = str(tmp_path / f"shot_{number:04d}.png")
        strip = strips.new_image("color", path, 1, number)
        strip.colorspace_settings.name, strip.use_float = linear(), True
    # the colors as they are, whatever the color management
    scene.sequencer_colorspace_settings.name = linear()
    scene.view_settings.view_transform = "Raw"
    render, output = scene.render, scene.render.image_settings
    scene.frame_start, scene.frame_end = 1, FRAMES
    render.resolution_x = render.resolution_y = SIDE
    render.resolution_percentage = 100
    render.fps = 30  # other than that of the scene that shows it
    if hasattr(output, "media_type"):
        output.media_type = "VIDEO"
    output.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor, render.ffmpeg.gopsize = "HIGH", 1
    render.filepath = str(tmp_path / "film.mp4")
    bpy.ops.render.render(animation=True, scene=scene.name)
    bpy.data.scenes.remove(scene)
    image = bpy.data.images.load(str(tmp_path / "film.mp4"))
    image.name = "film"
    chosen = bpy.context.scene.clone_normals
    chosen.image = image
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    return image


def assert_frames(backend, *numbers):
    assert len(backend.seen.arrays) == len(numbers)
    for arrays, number in zip(backend.seen.arrays, numbers, strict=True):
        picture = arrays["picture"][..., :3].astype(float)
        assert picture.shape == (SIDE, SIDE, 3) and arrays["picture"].dtype == np.uint8
        expected = np.array(color_of(number)) * 255
        assert np.abs(picture - expected).max() < NEAR, (number, picture[0, 0], expected)


@pytest.mark.parametrize(("current", "expected"), [(1, 1), (4, 4), (99, FRAMES)])
def test_one_estimate_takes_the_scenes_frame(fake, film, current, expected):
    bpy.context.scene.frame_set(current)
    scenes = bpy.data.scenes.keys()
    with fake() as backend:
        estimate("film")
    assert_frames(backend, expected)
    assert "film_normal" in bpy.data.images and bpy.data.scenes.keys() == scenes


def test_every_frame_becomes_a_file(fake, film, tmp_path):
    with fake() as backend:
        assert bpy.ops.image.clone_estimate_sequence() == {"FINISHED"}
        assert_frames(backend, *range(1, FRAMES + 1))
        (tmp_path / "film_normal_0003.exr").unlink()
        bpy.ops.image.clone_estimate_sequence(image_name="film")
    assert_frames(backend, *range(1, FRAMES + 1), 3)
    assert len(list(tmp_path.glob("film_normal_*.exr"))) == FRAMES


def test_frames_that_the_color_management_cannot_give_out(film, monkeypatch):
    monkeypatch.setattr(sys.modules[f"{MODULE}.movie"], "UNCHANGED", "nobody's")
    scenes = bpy.data.scenes.keys()
    with pytest.raises(RuntimeError, match="open those as an image sequence"):
        estimate("film")
    assert bpy.data.scenes.keys() == scenes


def test_a_render_stays_what_it_was(fake, film, tmp_path):
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render()
    result = bpy.data.images["Render Result"]
    result.save_render(str(tmp_path / "before.png"), scene=scene)
    with fake():
        estimate("film")
    result.save_render(str(tmp_path / "after.png"), scene=scene)
    assert (tmp_path / "before.png").read_bytes() == (tmp_path / "after.png").read_bytes()


def test_what_is_shown_of_a_finished_movie_is_its_normals(fake, film, tmp_path):
    with fake() as backend:
        bpy.ops.image.clone_estimate_sequence()
    image = bpy.data.images["film_normal"]
    assert image.source == "SEQUENCE"
    first = bpy.data.images.load(str(tmp_path / "film_normal_0001.exr"))
    first.colorspace_settings.name = "Non-Color"
    normals = backend.seen.answers[0]["normals"]
    np.testing.assert_allclose(pixels(first.name)[..., :3] * 2 - 1, normals, atol=2 * HALF)
