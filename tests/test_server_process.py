"""The backend as a process: how it starts, announces itself, and never outlives its purpose."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from backend import orphans
from backend.server.__main__ import main
from backend.server.client import connect
from backend.server.settings import ServerConfig
from shared.connection import Connection, find, publish
from shared.messages import Cancelled

from .server_tools import SMALL, job, marked_processes, ready, start, until, wait_until
from .server_worker import SLOW

STAND_IN = ("-m", "tests.server_backend")
REAL = ("-m", "backend.server")

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc and signals"),
    pytest.mark.usefixtures("marker"),
]


@pytest.fixture
def launch(tmp_path):
    """Start backends in one run folder; those left at the end are killed."""
    started = []

    def launch(*flags: str, parent: tuple[str, ...] = ()) -> subprocess.Popen:
        command = [*parent, sys.executable, *STAND_IN, "--run-dir", str(tmp_path), *flags]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        with process:  # closes its pipes and waits
            process.kill()


def ask(run_dir: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, *REAL, *words, "--run-dir", str(run_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_it_says_where_it_is_and_what_it_uses(launch, tmp_path):
    process = launch("--device", "cpu", "--threads", "1")
    wait_until(lambda: find(tmp_path) is not None)
    ready(tmp_path).close()
    status = ask(tmp_path, "status")
    assert status.returncode == 0
    for word in ("version", "tcp://127.0.0.1:", "cpu, stand-in", "uptime", "idle", "backend.log"):
        assert word in status.stdout
    stopped = ask(tmp_path, "stop")
    assert stopped.returncode == 0 and "ended" in stopped.stdout
    output = process.communicate(timeout=5)[0].decode()
    assert process.returncode == 0 and find(tmp_path) is None
    for word in ("tcp://127.0.0.1:", "device", "cpu", "stand-in; 1 threads", "backend.log"):
        assert word in output


@pytest.mark.parametrize("word", ["status", "stop"])
def test_nobody_to_ask_is_said(tmp_path, capsys, word):
    assert main(ServerConfig(word, tmp_path)) == 1
    assert "No backend runs" in capsys.readouterr().out


def test_a_second_start_leaves_the_first_alone(launch, tmp_path):
    launch()
    wait_until(lambda: find(tmp_path) is not None)
    published = find(tmp_path)
    second = launch()
    output = second.communicate(timeout=10)[0].decode()
    assert second.returncode == 3
    assert f"process {published.pid}" in output and "stop" in output
    with connect(tmp_path) as client:
        assert client.welcome.boot_id == published.boot_id
    assert find(tmp_path) == published


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    answer = ask(tmp_path / "file" / "folder", "serve")
    assert answer.returncode == 4 and "cannot be used" in answer.stdout
    assert "Errno" not in answer.stdout


@pytest.mark.parametrize("name", ["backend.lock", "backend.log", "connection.json"])
def test_what_is_in_the_way_of_a_backend_is_named(tmp_path, name):
    in_the_way = tmp_path / name
    in_the_way.mkdir()
    answer = ask(tmp_path, "serve", "--no-spare")
    assert answer.returncode == 4 and not answer.stderr
    assert f"{in_the_way} cannot be used: Is a directory" in answer.stdout


def test_a_stale_connection_file_is_replaced(launch, tmp_path):
    publish(Connection("tcp://127.0.0.1:9", "s", "c", "k", 1, "stale", 1), tmp_path)
    launch()
    wait_until(lambda: find(tmp_path).boot_id != "stale")
    ready(tmp_path).close()


def test_ctrl_c_ends_a_self_test_cleanly(marker):
    command = [sys.executable, *REAL, "--selftest", "--device", "cpu"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as test:
        wait_until(lambda: len(marked_processes(marker)) == 2)  # itself and its worker
        test.send_signal(signal.SIGINT)
        output, complaints = test.communicate(timeout=10)
    assert test.returncode == 130 and not complaints and not marked_processes(marker)
    assert output == "Stopped before it was known whether the backend works.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly(launch, tmp_path, number):
    process = launch()
    wait_until(lambda: find(tmp_path) is not None)
    with ready(tmp_path) as client:
        submit = job(SLOW)
        start(client, submit)
        process.send_signal(number)
        until(client, Cancelled, 2.0)
    assert process.wait(2.0) == 0
    assert find(tmp_path) is None


def test_an_owned_backend_ends_with_its_starter(launch, tmp_path):
    process = launch("--owned")
    wait_until(lambda: find(tmp_path) is not None)
    ready(tmp_path).close()
    process.stdin.close()
    assert process.wait(2.0) == 0
    assert find(tmp_path) is None


def test_an_owned_backend_stays_while_another_client_is_connected(launch, tmp_path):
    process = launch("--owned")
    wait_until(lambda: find(tmp_path) is not None)
    with ready(tmp_path) as other:
        process.stdin.close()
        time.sleep(1.2)
        other.run(job(), SMALL)
    assert process.poll() is None


def test_a_backend_of_a_terminal_ignores_its_input(launch, tmp_path):
    process = launch()
    wait_until(lambda: find(tmp_path) is not None)
    process.stdin.close()
    time.sleep(1.0)
    assert process.poll() is None


def test_secrets_are_neither_arguments_nor_environment(launch, tmp_path, marker):
    launch()
    wait_until(lambda: find(tmp_path) is not None)
    ready(tmp_path).close()
    connection = find(tmp_path)
    for process in marked_processes(marker):
        for file in ("cmdline", "environ"):
            shown = Path(f"/proc/{process}/{file}").read_text(errors="replace")
            assert connection.client_secret_key not in shown and "tcp://" not in shown


def test_the_broker_never_loads_torch(launch, tmp_path):
    code = "import sys, backend.server.__main__ as m; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    process = launch()
    wait_until(lambda: find(tmp_path) is not None)
    ready(tmp_path).close()
    assert "torch" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_private_files_are_private(launch, tmp_path):
    launch("--run-dir", str(tmp_path / "new"))
    wait_until(lambda: find(tmp_path / "new") is not None)
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "connection.json").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_even_a_worker_that_is_stopped_does_not_outlive_its_broker(launch, tmp_path, marker):
    process = launch("--no-spare")
    wait_until(lambda: find(tmp_path) is not None)
    with ready(tmp_path) as client:
        start(client, job(SLOW))
    (worker,) = [pid for pid in marked_processes(marker) if pid != process.pid]
    os.kill(worker, signal.SIGSTOP)
    process.kill()
    process.wait()
    assert wait_until(lambda: not marked_processes(marker)) < 2.0


def test_on_windows_the_broker_takes_its_children_along(monkeypatch):
    calls, limits = [], {"BasicLimitInformation": {"LimitFlags": 4}}
    job_objects = SimpleNamespace(
        CreateJobObject=lambda *_: "job",
        JobObjectExtendedLimitInformation=9,
        QueryInformationJobObject=lambda *_: limits,
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE=0x2000,
        SetInformationJobObject=lambda *told: calls.append(told),
        AssignProcessToJobObject=lambda *told: calls.append(told),
    )
    monkeypatch.setitem(sys.modules, "win32job", job_objects)
    monkeypatch.setitem(
        sys.modules, "win32api", SimpleNamespace(GetCurrentProcess=lambda: "this process")
    )
    monkeypatch.setattr(orphans.sys, "platform", "win32")
    assert orphans.take_children_along() == "job"
    assert calls == [("job", 9, limits), ("job", "this process")]
    assert limits["BasicLimitInformation"]["LimitFlags"] == 0x2004
