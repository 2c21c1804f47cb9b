"""A sequence goes to a render farm: the job, what is refused, what the artist reads."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender.conftest import MODULE

NUMBERS = range(8, 12)


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.jobs.append(json.loads(body))
        self.server.may_answer.wait(10.0)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *words):
        pass


@pytest.fixture
def manager(preferences):
    """A Manager on this machine, which the preferences name."""
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.jobs, server.may_answer = [], threading.Event()
        server.status, server.answer = 200, b'{"id": "a-b-c"}'
        server.may_answer.set()
        preferences.farm = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def preferences(addon):
    yield bpy.context.preferences.addons[MODULE].preferences
    bpy.context.preferences.addons[MODULE].preferences.farm = ""


@pytest.fixture
def shot(addon, make_image, tmp_path):
    """A sequence, and what else may lie in its folder."""
    folder = tmp_path / "my [shot]"
    names = [f"a_{number:04d}.png" for number in NUMBERS]
    for name in [*names, "a_normal_0008.png", "reference.png", "b_0008.png"]:
        image = make_image(np.full((4, 4, 3), 0.5, np.float32), "frame")
        image.file_format, image.filepath_raw = "PNG", str(folder / name)
        image.save()
        bpy.data.images.remove(image)
    image = bpy.data.images.load(str(folder / names[0]))
    image.name, image.source = "a", "SEQUENCE"
    bpy.context.scene.clone_normals.image = image
    return folder


def farm():
    return sys.modules[f"{MODULE}.farm_operators"]


def submit(**properties):
    return bpy.ops.image.clone_submit_to_farm(**properties)


def test_the_job_names_the_frames_and_no_other_files(manager, shot):
    chosen = bpy.context.scene.clone_normals
    chosen.size, chosen.steps, chosen.projection, chosen.fov = 128, 7, "FOV", np.radians(40.0)
    assert submit(shards=3) == {"FINISHED"}
    (job,) = manager.jobs
    assert job["name"] == "a" and job["type"] == "clone-normals"
    settings = job["settings"]
    assert settings.pop("fov") == pytest.approx(40.0, abs=1e-4)
    pictures = Path(settings.pop("pictures"))
    found = sorted(Path(pictures.anchor).glob(str(pictures.relative_to(pictures.anchor))))
    assert found == [shot / f"a_{number:04d}.png" for number in NUMBERS]
    assert settings == {
        "results": str(shot / "normals"), "steps": 7, "size": 128, "shards": 3,
        "light_from": "above", "seamless": False,
    }  # fmt: skip
    assert farm().told() == "The farm has the job “a”" and not farm().sending()


def test_a_texture_lit_from_a_side_is_so_on_the_farm(manager, shot):
    chosen = bpy.context.scene.clone_normals
    chosen.projection, chosen.light_from, chosen.seamless = "FLAT", "left", True
    submit()
    settings = manager.jobs[0]["settings"]
    assert settings["light_from"] == "left" and settings["seamless"] is True


def test_the_results_go_where_those_of_this_machine_go(manager, shot, tmp_path):
    bpy.context.scene.clone_normals.sequence_folder = str(tmp_path / "out")
    submit()
    assert manager.jobs[0]["settings"]["results"] == str(tmp_path / "out")


def test_results_among_the_frames_would_be_taken_for_frames(manager, shot):
    bpy.context.scene.clone_normals.sequence_folder = str(shot)
    with pytest.raises(RuntimeError, match="need a folder of their own"):
        submit()
    assert not manager.jobs


def test_no_farm_is_chosen(preferences, shot):
    with pytest.raises(RuntimeError, match="No farm is chosen"):
        submit()
    session = sys.modules[f"{MODULE}.session"].current
    assert session.trouble.repair == "preferences"


def test_a_single_picture_is_no_job(manager, make_image):
    bpy.context.scene.clone_normals.image = make_image(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(RuntimeError, match="is no image sequence"):
        submit()


def test_a_movie_is_no_job_and_the_way_to_one_is_said(manager, make_image):
    image = make_image(np.zeros((4, 4, 3), np.float32))
    image.source = "MOVIE"
    bpy.context.scene.clone_normals.image = image
    with pytest.raises(RuntimeError, match=r"takes image sequences.* Save its frames as pictures"):
        submit()
    assert not manager.jobs


def test_what_the_farm_would_do_otherwise_is_said(manager, shot, capfd):
    assert submit() == {"FINISHED"}
    assert "Warning" not in capfd.readouterr().out
    chosen = bpy.context.scene.clone_normals
    chosen.encoding = "Standard"  # what a picture goes through anyway
    assert submit() == {"FINISHED"}
    assert "Warning" not in capfd.readouterr().out
    chosen.encoding, chosen.start = "AgX", "flat"
    assert submit() == {"FINISHED"}
    said = capfd.readouterr().out
    assert "does not undo what is chosen under Encoding" in said and "whatever Start says" in said
    assert len(manager.jobs) == 3


def test_no_manager_answers(manager, preferences, shot):
    preferences.farm = "http://127.0.0.1:9"
    with pytest.raises(RuntimeError, match="No Flamenco Manager answers"):
        submit()
    assert not farm().sending() and not farm().told()


def test_a_manager_without_the_job_type(manager, shot):
    manager.status, manager.answer = 400, b'{"code": 400, "message": "job type unknown"}'
    with pytest.raises(RuntimeError, match="Copy farm/flamenco/clone_normals"):
        submit()


def test_a_farm_on_the_internet_needs_leave_to_go_online(preferences, shot):
    assert not bpy.app.online_access
    preferences.farm = "http://8.8.8.8:8080"
    with pytest.raises(RuntimeError, match="not allowed to go online"):
        submit()
    assert sys.modules[f"{MODULE}.session"].current.trouble.repair == "online"


def in_the_interface(monkeypatch):
    """Have the operator leave the answer to its timer, which nothing runs in this module."""

    class App:
        background = False

        def __getattr__(self, name):
            return getattr(bpy.app, name)

    class Bpy:
        app = App()

        def __getattr__(self, name):
            return getattr(bpy, name)

    monkeypatch.setattr(farm(), "bpy", Bpy())


def test_blender_goes_on_while_the_farm_thinks(manager, shot, monkeypatch):
    in_the_interface(monkeypatch)
    manager.may_answer.clear()
    began = time.perf_counter()
    assert submit() == {"FINISHED"}
    assert time.perf_counter() - began < 1.0
    assert bpy.app.timers.is_registered(farm()._pump)
    assert farm()._pump() == farm().PUMP_SECONDS and farm().sending()
    assert not bpy.ops.image.clone_submit_to_farm.poll()
    manager.may_answer.set()
    until(lambda: farm()._pump() is None)
    assert farm().told() == "The farm has the job “a”"
    bpy.app.timers.unregister(farm()._pump)


def test_waiting_for_the_farm_can_be_cancelled(manager, shot, monkeypatch):
    in_the_interface(monkeypatch)
    manager.may_answer.clear()
    submit()
    assert bpy.ops.image.clone_cancel_submit() == {"FINISHED"}
    assert not farm().sending() and not bpy.ops.image.clone_cancel_submit.poll()
    manager.may_answer.set()
    assert farm()._pump() is None and not farm().told()
    bpy.app.timers.unregister(farm()._pump)
    until(lambda: not [thread for thread in threading.enumerate() if "farm" in thread.name])


def until(condition):
    ending = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < ending
        time.sleep(0.01)
