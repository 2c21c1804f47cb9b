"""Frames hold still where the picture does, and say how still."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backend.batch.__main__ import run
from backend.batch.config import BatchConfig
from backend.files import read_data
from backend.steadiness import DepthGauge, depth_gauge, flicker, steadied_light
from shared.messages import Light
from shared.steadiness import CHANGE, steadied

from .scenes import sphere_picture

RNG = np.random.default_rng(5)


def directions(*shape: int) -> np.ndarray:
    values = RNG.normal(size=(*shape, 3)) + np.array([0, 0, 2])
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.2))
def test_a_frame_lies_between_itself_and_the_one_before(steadiness, change):
    now, then = directions(6, 7), directions(6, 7)
    found = steadied(now, then, np.full((6, 7), change, np.float32), steadiness)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-5)
    everywhere = np.ones((6, 7), bool)
    assert flicker(found, then, everywhere) <= flicker(now, then, everywhere) + 1e-3
    if change >= CHANGE or steadiness == 0:
        np.testing.assert_allclose(found, now, atol=1e-6)


def test_flicker_is_an_angle_of_what_is_still():
    then = np.zeros((4, 4, 3), np.float32)
    then[..., 2] = 1
    now = then.copy()
    now[:2] = [0, np.sin(0.01), np.cos(0.01)]
    still = np.zeros((4, 4), bool)
    assert flicker(now, then, still) == 0.0
    still[:2] = True
    assert flicker(now, then, still) == pytest.approx(np.degrees(0.01), rel=1e-4)


@given(st.floats(0.2, 5.0), st.booleans())
def test_the_gauge_of_the_depth_is_shared(change, orthographic):
    depth = RNG.uniform(1, 3, (8, 8))
    before = depth + change if orthographic else depth * change
    moved = depth.copy()
    moved[:2] += 7  # something came near
    still = np.ones((8, 8), bool)
    still[:2] = False
    gauge = depth_gauge(moved, before, still, orthographic)
    np.testing.assert_allclose((moved * gauge.scale + gauge.shift)[2:], before[2:], rtol=1e-6)
    assert depth_gauge(moved, before, still & False, orthographic) == DepthGauge()


def test_the_light_is_a_running_average():
    def light(sun: tuple[float, float, float], level: float) -> Light:
        return Light(True, 1.0, sun, (level,) * 3, ((level,) * 3,) * 9)

    now, then = light((1.0, 0.0, 0.0), 0.0), light((0.0, 1.0, 0.0), 1.0)
    found = steadied_light(now, then, 0.5)
    np.testing.assert_allclose(found.sun_direction, [0.5**0.5, 0.5**0.5, 0])
    assert found.sun_colour == (0.5,) * 3 and found.ambient == ((0.5,) * 3,) * 9
    assert steadied_light(now, then, 0.0) == now


@pytest.fixture
def shot(tmp_path):
    """Frames of a ball that stands still under noise, while something passes in front of it."""
    (tmp_path / "in").mkdir()
    for number in range(3):
        pixels = sphere_picture(40)[0][..., :3].astype(int)
        pixels[4:12, 8 * number : 8 * number + 8] = 255
        noisy = (pixels + RNG.integers(-2, 3, pixels.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(tmp_path / "in" / f"f{number}.png")
    return tmp_path


def figures(folder, steady: float, out: str) -> list[float]:
    config = BatchConfig(
        (folder / "in" / "f#.png", folder / out), size=24, steady=steady,
        outputs=("normal_exr", "depth"), device="cpu",
    )  # fmt: skip
    assert run(config) == 0
    reports = [json.loads((folder / out / f"f{n}_report.json").read_text()) for n in range(3)]
    assert "steady" not in reports[0]
    assert all(0.3 < report["steady"]["still"] < 1.0 for report in reports[1:])
    return [report["steady"]["flicker_degrees"] for report in reports[1:]]


def test_steady_frames_flicker_less(shot, caplog):
    caplog.set_level("INFO")
    loose, held = figures(shot, 1e-6, "loose"), figures(shot, 0.9, "held")
    assert max(held) < 0.5 * min(loose)
    assert "from frame to frame" in caplog.text


def test_an_interrupted_sequence_ends_as_if_it_had_not_been(shot):
    figures(shot, 0.8, "whole")
    figures(shot, 0.8, "parts")
    before = {path.name: path.stat().st_mtime_ns for path in (shot / "parts").iterdir()}
    (shot / "parts" / "f2_report.json").unlink()
    figures(shot, 0.8, "parts")
    for path in (shot / "parts").iterdir():
        kept = path.stat().st_mtime_ns == before[path.name]
        assert kept == (not path.name.startswith("f2"))
    for name in ("f2_normal.exr", "f2_depth.exr"):
        ours, theirs = (read_data(shot / out / name) for out in ("whole", "parts"))
        np.testing.assert_array_equal(ours, theirs)


def test_a_frame_that_changes_changes_those_that_go_on_from_it(shot):
    figures(shot, 0.8, "out")
    first = (shot / "out" / "f2_normal.exr").stat().st_mtime_ns
    pixels = np.asarray(Image.open(shot / "in" / "f0.png"))
    Image.fromarray(255 - pixels).save(shot / "in" / "f0.png")
    config = BatchConfig(
        (shot / "in" / "f#.png", shot / "out"), size=24, steady=0.8,
        outputs=("normal_exr", "depth"), device="cpu",
    )  # fmt: skip
    assert run(config) == 0
    assert (shot / "out" / "f2_normal.exr").stat().st_mtime_ns != first
