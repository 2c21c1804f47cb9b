"""What the tests of the bpy-free add-on share: a session to drive and a checkout to start."""

import sys
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from shared.settings import EstimateSettings
from tests.staging import staged

ROOT = Path(__file__).resolve().parents[2]
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)

SERVE = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.fake_backend import main\nmain()\n"
)

SERVE_DEAF = SERVE.replace("\nmain()", "\nsys.argv.remove('--owned')\nmain()")
"""A backend that does not end with its starter."""


def launch(run_dir, folder, python=sys.executable):
    return staged("process").Launch(Path(python), run_dir, folder)


def place(run_dir, launch=None, start=True, key=None):
    return staged("task").Place(run_dir, launch, start, key)


def task(picture=PICTURE, **settings):
    made, arrays = unready_task(picture, **settings)
    arrays.set_result({"picture": picture})
    return made


def unready_task(picture=PICTURE, **settings):
    arrays = Future()
    settings = EstimateSettings(**settings)
    return staged("task").Task("photo", settings, "srgb", picture.shape[:2], arrays), arrays


def run(session, where, what=None, start=False, seconds=20.0):
    session.begin(where, what, start)
    deadline = time.monotonic() + seconds
    while session.busy:
        assert time.monotonic() < deadline, f"still {session.phase}: {session.stage}"
        session.advance()
        time.sleep(0.005)
    return session.take_estimate(what)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
