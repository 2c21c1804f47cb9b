"""The normal map so far: what a backend sends on the way is shown, and nothing else."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Progress
from tests.addon.driving import place, run, task
from tests.fake_backend import Behaviour, FakeBackend
from tests.staging import staged

SIDES = st.integers(1, 40)


def progress(preview):
    return Progress("job", "fitting", 0.5, 1.0, preview)


@given(SIDES, SIDES, st.data())
def test_a_preview_is_the_sent_map_upside_down_with_alpha_1(rows, columns, data):
    sent = data.draw(st.binary(min_size=3 * rows * columns, max_size=3 * rows * columns))
    preview = staged("preview").preview_of(progress((rows, columns)), memoryview(sent))
    expected = np.frombuffer(sent, np.uint8).reshape(rows, columns, 3)[::-1] / 255.0
    assert preview.job == "job"
    assert preview.values.dtype == np.float32 and preview.values.flags.c_contiguous
    np.testing.assert_allclose(preview.values[..., :3], expected, atol=1e-6)
    assert (preview.values[..., 3] == 1.0).all()


@given(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), st.none() | st.binary(max_size=200))
def test_what_does_not_fit_its_size_is_no_preview(size, frame):
    fits = frame is not None and min(size) > 0 and len(frame) == 3 * size[0] * size[1]
    assert (staged("preview").preview_of(progress(size), frame) is not None) == fits


@pytest.mark.parametrize("rows, columns", [(1025, 8), (8, 2048), (3000, 2000)])
def test_a_large_preview_is_thinned_out_evenly(rows, columns):
    longest = staged("preview").LONGEST_SIDE
    frame = np.zeros((rows, columns, 3), np.uint8)
    frame[..., 0] = (np.arange(columns) / columns * 255).astype(np.uint8)
    values = staged("preview").preview_of(progress((rows, columns)), frame.tobytes()).values
    height, width = values.shape[:2]
    assert longest / 2 < max(height, width) <= longest
    assert width / height == pytest.approx(columns / rows, rel=0.3)
    across = values[0, :, 0] - np.arange(width) / width
    assert np.abs(across).max() < 0.3


def test_previews_arrive_while_the_loop_runs_and_go_with_it(session, tmp_path):
    seen = []
    with FakeBackend(tmp_path, Behaviour(pace=0.05)) as backend:
        session.begin(place(tmp_path), made := task(steps=3, previews=True))
        deadline = time.monotonic() + 10.0
        while session.busy and time.monotonic() < deadline:
            session.advance()
            if (preview := session.take_preview()) is not None:
                seen.append(preview.values)
                assert session.take_preview() is None
            time.sleep(0.005)
    assert len(seen) == len(backend.seen.previews) == 3
    for values, sent in zip(seen, backend.seen.previews, strict=True):
        np.testing.assert_allclose(values[::-1, :, :3], sent / 255.0, atol=1e-6)
    assert session.preview is None and session.take_estimate(made) is not None


def test_no_previews_unless_asked_for(session, tmp_path):
    with FakeBackend(tmp_path):
        assert run(session, place(tmp_path), task(steps=3)) is not None
    assert session.preview is None


def test_a_preview_after_cancelling_is_dropped(session, tmp_path):
    with FakeBackend(tmp_path, Behaviour("hold", pace=0.02)):
        session.begin(place(tmp_path), task(steps=3, previews=True))
        while session.preview is None:
            session.advance()
        session.cancel()
        time.sleep(0.1)
        session.advance()
        assert session.preview is None and not session.busy
