"""Normals hold still where the picture does, and only there."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.staging import staged


def unit(normals):
    return (normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32)


def frame(picture, normals):
    return staged("steadiness").Frame(picture, normals)


def run(frames, steadiness):
    """Return what a sequence becomes, each frame blended with what the one before became."""
    steady, done = staged("steadiness").steady, [frames[0]]
    for following in frames[1:]:
        normals = steady(following, done[-1], steadiness)
        done.append(frame(following.picture, normals))
    return np.stack([item.normals for item in done])


def noisy(number):
    random = np.random.default_rng(number)
    picture = 0.5 + random.normal(0, 0.004, (24, 24, 3))
    normals = np.array([0.2, 0.1, 1.0]) + random.normal(0, 0.08, (24, 24, 3))
    return frame((picture * 255).round().astype(np.uint8), unit(normals))


def flicker(normals):
    return np.linalg.norm(np.diff(normals[5:], axis=0), axis=-1).mean()


def test_flicker_falls_in_a_still_picture_with_noise():
    frames = [noisy(number) for number in range(30)]
    still = [flicker(run(frames, steadiness)) for steadiness in (0.0, 0.4, 0.8, 1.0)]
    assert still[1] < 0.7 * still[0] and still[2] < 0.3 * still[0] and still[3] < still[2]


def test_a_moving_edge_leaves_no_ghost():
    left, right = unit(np.array([-0.6, 0.0, 1.0])), unit(np.array([0.6, 0.0, 1.0]))
    columns = np.arange(40)
    frames = []
    for number in range(20):
        side = (columns < 5 + number)[None, :, None].repeat(8, 0)
        picture = np.where(side, 200, 90).astype(np.uint8).repeat(3, -1)
        frames.append(frame(picture, np.where(side, left, right).astype(np.float32)))
    np.testing.assert_allclose(
        run(frames, 1.0), np.stack([item.normals for item in frames]), atol=1e-5
    )


def test_without_steadiness_nothing_changes():
    first, second = noisy(0), noisy(1)
    assert staged("steadiness").steady(second, first, 0.0) is second.normals


def test_frames_of_two_sizes_do_not_blend():
    small = frame(np.zeros((4, 4, 3), np.uint8), unit(np.ones((4, 4, 3))))
    np.testing.assert_array_equal(
        staged("steadiness").steady(noisy(1), small, 1.0), noisy(1).normals
    )


@given(
    seed=st.integers(0, 1000),
    steadiness=st.floats(0, 1),
    linear=st.booleans(),
    change=st.floats(0, 0.2),
)
def test_normals_stay_unit_and_between_old_and_new(seed, steadiness, linear, change):
    random = np.random.default_rng(seed)
    old, new = (unit(random.normal(size=(5, 6, 3))) for _ in range(2))
    pictures = [np.full((5, 6, 3), value, np.float32) for value in (0.3, 0.3 + change)]
    if not linear:
        pictures = [(picture * 255).round().astype(np.uint8) for picture in pictures]
    blended = staged("steadiness").steady(
        frame(pictures[1], new), frame(pictures[0], old), steadiness
    )
    assert blended.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(blended, axis=-1), 1.0, atol=1e-4)
    between = np.sum(old * new, -1)
    assert (np.sum(blended * new, -1) >= between - 1e-4).all()


def test_opposite_normals_leave_the_new_one():
    picture = np.zeros((1, 1, 3), np.uint8)
    up = np.array([[[0, 0, 1]]], np.float32)
    np.testing.assert_allclose(
        staged("steadiness").steady(frame(picture, up), frame(picture, -up), 0.5), up
    )
