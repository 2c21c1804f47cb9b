"""Flamenco: the job type in a JavaScript engine, and what is sent to a Manager.

No real Manager runs here. ``MANAGER`` does what a Manager's source says that it does with a script,
and ``Manager`` answers as its API description says.
"""

import itertools
import json
import re
import threading
from dataclasses import asdict, fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import get_args

import pytest
import tyro
from py_mini_racer import JSEvalException, MiniRacer

from backend.batch import BatchConfig
from backend.shards import share
from farm import submit
from shared import flamenco
from shared.settings import EstimateSettings, LightFrom

SCRIPT = Path(__file__).parents[1] / "farm" / "flamenco" / "clone_normals.js"

MANAGER = """
function copied(value) { return JSON.parse(JSON.stringify(value)); }
const author = {
    Task: (name, type) => {
        if (!name.trim() || !type.trim()) { throw "author.Task(name, type): both are required"; }
        const task = { name: name.trim(), type: type.trim(), commands: [] };
        task.addCommand = (command) => { task.commands.push(copied(command)); };
        return task;
    },
    Command: (name, parameters) => ({ name, parameters }),
};
// a task is taken as it is when it is added: what is done to it later is lost
function compiled(settings) {
    const job = { settings, tasks: [] };
    job.addTask = (task) => { job.tasks.push(copied(task)); };
    compileJob(job);
    return JSON.stringify(job.tasks);
}
"""


@pytest.fixture(scope="module")
def engine():
    with MiniRacer() as context:
        context.eval('"use strict";\n' + MANAGER + SCRIPT.read_text())
        yield context


def compiled(engine, **settings):
    given = {"pictures": "/farm/in", "results": "/farm/out"} | settings
    return json.loads(engine.eval(f"compiled({json.dumps(given)})"))


def commands(tasks):
    for task in tasks:
        (command,) = task["commands"]
        yield command


def test_each_task_calls_the_batch_command_for_its_shard(engine):
    tasks = compiled(
        engine, shards=3, steps=20, size=512, fov=40.5, light_from="left", python="/venv/bin/python"
    )
    configs = []
    for command in commands(tasks):
        assert command["name"] == "exec"
        assert set(command["parameters"]) == {"exe", "args"}
        assert command["parameters"]["exe"] == "/venv/bin/python"
        module, *arguments = command["parameters"]["args"][1:]
        assert module == "backend.batch" and all(isinstance(a, str) for a in arguments)
        configs.append(tyro.cli(BatchConfig, args=arguments))
    for config in configs:
        assert config.settings() == EstimateSettings(
            fov_degrees=40.5, steps=20, size=512, light_from="left"
        )
        assert config.target == Path("/farm/out")
    pictures = [Path(f"/farm/in/{n}.png") for n in range(10)]
    parts = [share(pictures, config.shard) for config in configs]
    assert sorted(itertools.chain(*parts)) == pictures


def test_tasks_have_names_of_their_own_and_a_type_that_workers_take(engine):
    tasks = compiled(engine, shards=12)
    assert len({task["name"] for task in tasks}) == 12
    assert {task["type"] for task in tasks} == {"misc"}


def test_a_path_of_several_words_stays_one_argument(engine):
    (command,) = commands(compiled(engine, pictures="/farm/my shot/in", shards=1))
    assert command["parameters"]["args"][2] == "/farm/my shot/in"


def test_what_is_left_out_has_the_estimates_defaults(engine):
    tasks = compiled(engine)
    assert len(tasks) == flamenco.JobSettings.shards
    command = next(commands(tasks))
    assert command["parameters"]["exe"] == "{clone_normals_python}"
    config = tyro.cli(BatchConfig, args=command["parameters"]["args"][2:])
    assert config.settings() == EstimateSettings()


def test_a_texture_that_tiles_stays_one(engine):
    command = next(commands(compiled(engine, seamless=True)))
    config = tyro.cli(BatchConfig, args=command["parameters"]["args"][2:])
    assert config.settings() == EstimateSettings(seamless=True)


def test_numbers_are_written_out(engine):
    command = next(commands(compiled(engine, size=2000.0, fov=0.0)))
    arguments = command["parameters"]["args"]
    assert arguments[arguments.index("--size") + 1] == "2000"
    assert arguments[arguments.index("--fov") + 1] == "0"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pictures": ""}, "Choose a folder"),
        ({"results": None}, "Choose a folder"),
        ({"results": "/farm/in/"}, "a folder of their own"),
        ({"shards": 0}, "between 1 and 1000"),
        ({"shards": 1001}, "between 1 and 1000"),
        ({"shards": 2.5}, "between 1 and 1000"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused(engine, settings, words):
    with pytest.raises(JSEvalException, match=words):
        compiled(engine, **settings)


def job_type(engine):
    return json.loads(engine.eval("JSON.stringify(JOB_TYPE)"))


def test_the_settings_are_as_the_manager_wants_them(engine):
    found = {setting["key"]: setting for setting in job_type(engine)["settings"]}
    assert found["light_from"]["choices"] == list(get_args(LightFrom))
    kinds = {"string": str, "int32": int, "float": int | float, "bool": bool}
    for setting in job_type(engine)["settings"]:
        assert re.fullmatch("[a-z_]+", setting["key"])
        assert setting["description"] and not setting["description"].endswith(".")
        assert setting.get("visible", "visible") in {"visible", "hidden", "submission", "web"}
        assert setting.get("subtype", "dir_path") in {"file_path", "dir_path", "file_name"}
        if "default" in setting:
            assert isinstance(setting["default"], kinds[setting["type"]])


def test_the_settings_limits_are_the_estimates(engine):
    found = {setting["key"]: setting for setting in job_type(engine)["settings"]}
    for key in ("steps", "size"):
        limits = found[key]["propargs"]
        for value in (limits["min"], limits["max"]):
            assert EstimateSettings(**{key: value}).problem() is None
        assert EstimateSettings(**{key: limits["max"] + 1}).problem()
    assert found["fov"]["propargs"] == {"min": 0, "max": 150}


def test_what_is_sent_fits_the_job_type(engine):
    settings = {setting["key"]: setting for setting in job_type(engine)["settings"]}
    sent = {item.name for item in fields(flamenco.JobSettings)}
    assert sent <= settings.keys()
    assert {key for key, setting in settings.items() if setting.get("required")} <= sent
    assert flamenco.JOB_TYPE == SCRIPT.stem.replace("_", "-")
    job = flamenco.job(
        "shot", flamenco.JobSettings("/farm/in", "/farm/out", 0, 256, 0.0, "above", False)
    )
    assert len(compiled(engine, **job["settings"])) == 4


class Manager(HTTPServer):
    """Record what is sent, and answer it."""

    status, answer = 200, b'{"id": "a-b-c", "status": "queued"}'

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.seen = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *words):
        pass


@pytest.fixture
def manager():
    with Manager() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


WANTED = flamenco.job(
    "shot", flamenco.JobSettings("/farm/in", "/farm/out", 20, 512, 40.0, "above", False, 8), 60
)


def test_a_job_is_posted_as_the_api_wants_it(manager, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not for a neighbour
    assert flamenco.submit(manager.url + "/", WANTED) == "a-b-c"
    ((path, kind, body),) = manager.seen
    assert (path, kind) == ("/api/v3/jobs", "application/json")
    assert {"name", "type", "priority", "submitter_platform"} <= body.keys()
    assert body["type"] == "clone-normals" and body["priority"] == 60
    assert body["submitter_platform"] in {"linux", "windows", "darwin"}
    assert body["settings"]["pictures"] == "/farm/in" and body["settings"]["shards"] == 8


@pytest.mark.parametrize(
    ("platform", "name"), [("win32", "windows"), ("darwin", "darwin"), ("linux", "linux")]
)
def test_platforms_have_the_managers_names(platform, name, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    settings = flamenco.JobSettings("/in", "/out", 0, 256, 0.0, "above", False)
    assert flamenco.job("shot", settings)["submitter_platform"] == name


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (400, b'{"code": 400, "message": "job type unknown"}', "Copy farm/flamenco/clone_normals"),
        (400, b'{"code": 400, "message": "too few"}', "did not take the job: too few"),
        (404, b"<html>", "does not take jobs .HTTP 404."),
        (500, b"[1]", "does not take jobs .HTTP 500."),
        (200, b"<html>welcome</html>", "is no Flamenco Manager"),
        (200, b"[]", "is no Flamenco Manager"),
        (200, b'{"status": "fine"}', "is no Flamenco Manager"),
    ],
)
def test_a_refusal_says_what_to_do(manager, status, answer, words):
    manager.status, manager.answer = status, answer
    with pytest.raises(flamenco.NotSubmitted, match=words):
        flamenco.submit(manager.url, WANTED)


def test_no_manager_is_said(manager):
    manager.server_close()
    with pytest.raises(flamenco.NotSubmitted, match="No Flamenco Manager answers at http://127"):
        flamenco.submit(manager.url, WANTED, seconds=2.0)


@pytest.mark.parametrize("url", ["", "farm:8080", "file:///etc/passwd", "ftp://farm", "http://",
                                 "http://farm:port", "http://[::1"])  # fmt: skip
def test_what_is_no_address_is_said(url):
    with pytest.raises(flamenco.NotSubmitted, match="It looks like http://farm:8080"):
        flamenco.submit(url, WANTED)


@pytest.mark.parametrize(
    ("url", "internet"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False),
        ("http://192.168.1.20:8080", False),
        ("http://10.0.0.1", False),
        ("http://[fe80::1]:8080", False),
        ("http://8.8.8.8", True),
        ("https://[2606:4700::1]", True),
    ],
)
def test_the_local_network_is_not_the_internet(url, internet):
    assert flamenco.reaches_internet(url) is internet


def test_the_command_sends_a_job(manager, tmp_path, capsys):
    arguments = ["flamenco", str(tmp_path / "shot"), str(tmp_path / "out"), "--size", "128"]
    arguments += ["--light-from", "below", "--seamless"]
    assert submit.main([*arguments, "--manager", manager.url]) == 0
    assert f"{manager.url}/app/jobs/a-b-c" in capsys.readouterr().out
    ((_, _, body),) = manager.seen
    expected = flamenco.JobSettings(
        str(tmp_path / "shot"),
        str(tmp_path / "out"),
        EstimateSettings.steps,
        128,
        0.0,
        "below",
        True,
    )
    assert body["name"] == "shot" and body["settings"] == asdict(expected)
    manager.status, manager.answer = 503, b"{}"
    assert submit.main([*arguments, "--manager", manager.url]) == 1
    assert "HTTP 503" in capsys.readouterr().err
