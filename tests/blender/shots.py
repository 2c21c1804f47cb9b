"""A small image sequence, and what the backend was sent of it."""

import bpy
import numpy as np

SIZE = (16, 20)


def frame_of(number):
    """Return a frame that no other is like: (H, W, 3) of whole 255ths."""
    random = np.random.default_rng(number)
    return random.integers(0, 256, (*SIZE, 3)).astype(np.float32) / 255.0


def write_frame(make_image, folder, number, values):
    image = make_image(values, "frame")
    image.file_format, image.filepath_raw = "PNG", str(folder / f"shot_{number:04d}.png")
    image.save()
    bpy.data.images.remove(image)


def run(**properties):
    return bpy.ops.image.clone_estimate_sequence(**properties)


def sent(backend):
    return [arrays["picture"][..., :3] for arrays in backend.seen.arrays]


def assert_frames(backend, *numbers):
    assert len(backend.seen.arrays) == len(numbers)
    for picture, number in zip(sent(backend), numbers, strict=True):
        np.testing.assert_array_equal(picture, np.rint(frame_of(number) * 255))
