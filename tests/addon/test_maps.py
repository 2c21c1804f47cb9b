"""Maps out of a finished estimate's arrays."""

from concurrent.futures import Future

import numpy as np
import pytest

from tests.staging import staged


@pytest.fixture(scope="module")
def maps():
    return staged("maps")


def estimate_of(arrays, sent):
    task = staged("task")
    settings = staged("shared.settings").EstimateSettings()
    ready = Future()
    ready.set_result(sent)
    return task.Estimate(task.Task("photo.png", settings, "srgb", (0, 0), ready), None, arrays)


def square(size=20, inset=6):
    inside = np.zeros((size, size), bool)
    inside[inset:-inset, inset:-inset] = True
    return inside


@pytest.fixture
def example():
    rng = np.random.default_rng(5)
    normals = rng.normal(size=(20, 20, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    arrays = {
        "normals": normals,
        "albedo": rng.random((20, 20, 3), np.float32),
        "depth": rng.random((20, 20), np.float32),
        "means": np.zeros((4, 3), np.float32),
    }
    mask = square().astype(np.uint8) * 255
    return estimate_of(arrays, {"picture": np.zeros((20, 20, 3), np.uint8), "mask": mask})


def test_default_normal_map_is_half_the_normal_and_a_half(maps, example):
    made = maps.make("normal", example, maps.Choice())
    normals = example.arrays["normals"]
    np.testing.assert_array_equal(made.colors, normals * np.float32(0.5) + np.float32(0.5))
    assert made.alpha is None and maps.colorspace("normal") == "data"


def test_albedo_carries_the_mask_as_alpha(maps, example):
    made = maps.make("albedo", example, maps.Choice())
    np.testing.assert_array_equal(made.colors, example.arrays["albedo"])
    np.testing.assert_array_equal(made.alpha > 0, square())


def test_alpha_of_the_picture_is_coverage(maps):
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[1, 1, 3] = 51
    seen = maps.coverage(estimate_of({}, {"picture": picture}), (4, 4))
    assert seen[1, 1] == pytest.approx(0.2) and seen.sum() == pytest.approx(0.2)
    assert maps.coverage(estimate_of({}, {"picture": picture[..., :3]}), (4, 4)) is None


def test_coverage_has_the_size_of_what_it_covers(maps):
    mask = np.array([[0, 255], [255, 0]], np.uint8)
    seen = maps.coverage(estimate_of({}, {"mask": mask}), (4, 6, 3))
    np.testing.assert_array_equal(seen, np.kron([[0, 1], [1, 0]], np.ones((2, 3))))
    assert maps.coverage(estimate_of({}, {}), (4, 6)) is None


def test_height_counts_in_longest_sides_from_the_middle(maps):
    height = np.zeros((10, 40), np.float32)
    height[0, 0] = 10.0  # pixels: a quarter of the longest side
    values = maps.height_map(height, 2.0, 0.5)
    assert values[0, 0] == 1.0 and values[5, 5] == 0.5 and height[5, 5] == 0.0


@pytest.mark.parametrize("padding", [1, 3, 5])
def test_padding_repeats_the_nearest_edge(maps, padding):
    inside = square()
    y, x = np.mgrid[:20, :20]
    values = np.stack([y, x], -1).astype(np.float32)
    result = maps.padded(values, maps.outward_steps(inside, padding))
    np.testing.assert_array_equal(result[inside], values[inside])
    beyond = np.maximum(np.abs(y - 9.5), np.abs(x - 9.5)) - 3.5  # rings around the square
    sides = (np.abs(y - 9.5) < 4) | (np.abs(x - 9.5) < 4)
    filled = (result != values).any(-1)
    np.testing.assert_array_equal(filled[sides], ((beyond > 0) & (beyond <= padding))[sides])
    assert not filled[beyond > padding].any()
    np.testing.assert_array_equal(result[filled & sides], values.clip(6, 13)[filled & sides])
    source = result[filled].astype(int)
    assert inside[source[:, 0], source[:, 1]].all()
    assert (np.abs(source - values.clip(6, 13)[filled]) <= padding / 2).all()


def test_padding_of_nothing_and_of_everything(maps):
    for inside in (np.zeros((5, 6), bool), np.ones((5, 6), bool)):
        values = np.arange(30, dtype=np.float32).reshape(5, 6)
        result = maps.padded(values, maps.outward_steps(inside, 4))
        np.testing.assert_array_equal(result, values)


def test_padding_leaves_the_inside_of_every_map_alone(maps, example):
    choice = maps.Choice(padding=4)
    for kind in ("normal", "albedo", "depth"):
        plain = maps.make(kind, example, maps.Choice()).colors
        wide = maps.make(kind, example, choice).colors
        np.testing.assert_array_equal(wide[square()], plain[square()])
        assert (wide[9, 3] == plain[9, 6]).all() and (wide[9, 1] == plain[9, 1]).all()


def test_only_what_there_is_is_available_and_kept(maps, example):
    assert maps.available(example, ("normal", "height", "depth")) == ("normal", "depth")
    assert set(maps.kept(example).arrays) == {"normals", "albedo", "depth"}
