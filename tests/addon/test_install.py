"""Installing the backend: real environments of small wheels, without a network."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests import small_wheels
from tests.addon.driving import until
from tests.staging import staged

UV = shutil.which("uv")


@pytest.fixture
def root(tmp_path):
    """A place for environments with what breaks careless programs in its name."""
    folder = tmp_path / "Mára's Ünïcode ☂ folder"
    folder.mkdir()
    return folder


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder of small wheels, and no settings of this machine's pip."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    folder = tmp_path / "small wheels"
    small_wheels.torch(folder)
    return folder


def local(wheels: Path):
    return staged("package_index").sources("CUSTOM", str(wheels))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A Python whose ``-m venv`` copies a finished environment, which takes a tenth of the time."""
    folder = tmp_path_factory.mktemp("quick")
    subprocess.run([sys.executable, "-m", "venv", folder / "made"], check=True)
    (folder / "python").write_text(f'#!/bin/sh\nsleep 0.3\ncp -a "{folder}/made" "$3"\n')
    (folder / "python").chmod(0o755)
    return folder / "python"


def job(root, wheels, base, selftest=small_wheels.PASSES, source=None, uv=None):
    wheel = small_wheels.backend(root.parent, selftest)
    return staged("install_jobs").installation(root, base, wheel, source or local(wheels), uv)


def run(what):
    running = staged("install").Installation(what)
    running.wait(120)
    return running.state


def earlier(root: Path) -> Path:
    """An environment that an earlier installation left, in use."""
    python = staged("environments").python_in(root / "env-200101-000000")
    python.parent.mkdir(parents=True)
    python.touch()
    (root / "env-200101-000000" / "works.txt").write_text("The backend works: the old one.")
    return python


def environments_in(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir())


@pytest.mark.parametrize(
    "uv", [None, pytest.param(UV, marks=pytest.mark.skipif(not UV, reason="no uv"))]
)
def test_a_second_installation_takes_the_place_of_the_first(root, wheels, monkeypatch, uv):
    monkeypatch.setenv("PYTHONHOME", "/blender/has/set/this")
    monkeypatch.setenv("PYTHONPATH", "/blender/has/set/this")
    environments, old = staged("environments"), earlier(root)
    what = job(root, wheels, Path(sys.executable), uv=uv)
    running, fractions = staged("install").Installation(what), [0.0]
    while running.busy:
        fractions.append(running.state.fraction)
        time.sleep(0.01)
    state = running.state
    assert fractions == sorted(fractions) and len(set(fractions)) > 2
    assert (state.ended, state.trouble, state.fraction) == ("done", None, 1.0), state
    assert environments.finished(root) == what.python != old
    environments.remove_all(root, keep=environments.owner(root, what.python))
    assert environments_in(root) == [what.environment.name]
    assert environments.note_of(what.python) == "The backend works: a small one."
    assert environments.backend_version(what.python) == "99.1"
    assert not (what.environment / "tmp").exists()
    monkeypatch.delenv("PYTHONHOME")
    where = subprocess.run(
        [what.python, "-c", "import backend; print(backend.__file__)"],
        capture_output=True, encoding="utf-8", check=True, cwd=root,
        env=staged("process").clean_environment() | {"PYTHONIOENCODING": "utf-8"},
    ).stdout  # fmt: skip
    assert Path(where.strip()).is_relative_to(what.environment)


def test_a_failing_self_test_leaves_the_old_one_in_use(root, wheels, quick):
    old = earlier(root)
    state = run(job(root, wheels, quick, small_wheels.FAILS))
    assert state.ended == "failed" and "A ball came back 90° wrong." in str(state.trouble)
    assert state.trouble.repair == "install"
    assert "A ball came back 90° wrong." in state.trouble.log.read_text()
    assert environments_in(root) == ["env-200101-000000"]
    assert staged("environments").finished(root) == old


def test_what_is_missing_in_the_index_is_said(root, wheels, quick):
    (wheels / "torch-99.1-py3-none-any.whl").unlink()
    state = run(job(root, wheels, quick))
    assert state.trouble.message.startswith("The backend could not be installed.")
    assert "No matching distribution found for torch" in state.trouble.message
    assert environments_in(root) == []


def test_pytorch_alone_comes_from_its_own_index(root, wheels, quick, tmp_path):
    """The rest would not find it, so the backend runs only if the first index was used for it."""
    other = tmp_path / "PyTorch's"
    small_wheels.torch(other)
    (wheels / "torch-99.1-py3-none-any.whl").unlink()
    arguments = ("--no-index", "--find-links")
    sources = staged("package_index").Sources
    source = sources("two", 1, (*arguments, str(other)), (*arguments, str(wheels)), online=False)
    what = job(root, wheels, quick, source=source)
    assert [step.stage for step in what.steps][1] == "Installing PyTorch"
    assert run(what).ended == "done"


@pytest.fixture
def silent_index():
    """A package index that takes a question and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


@pytest.mark.parametrize(
    "stage", ["Making an Environment", "Installing the Backend", "Testing the Backend"]
)
def test_cancel_at_any_stage_leaves_nothing(root, wheels, quick, silent_index, stage):
    old, source = earlier(root), None
    if stage == "Installing the Backend":
        source = staged("package_index").sources("CUSTOM", silent_index)
    running = staged("install").Installation(job(root, wheels, quick, small_wheels.HANGS, source))
    until(lambda: running.state.stage == stage and children(), 60)
    if stage == "Testing the Backend":
        until(lambda: running.state.line == "Waiting")
    ours = children()
    running.cancel()
    running.wait(10)
    assert running.state.ended == "cancelled" and running.state.trouble is None
    assert environments_in(root) == ["env-200101-000000"] and old.exists()
    gone, alive = psutil.wait_procs(ours, timeout=3)
    assert gone and not alive


def test_an_installation_ends_with_blender(root, wheels, quick):
    installer = staged("install").Installer()
    installer.begin(job(root, wheels, quick))
    until(children)
    ours = children()
    installer.close()
    assert environments_in(root) == [] and installer.state is None
    assert not psutil.wait_procs(ours, timeout=3)[1]


def test_a_self_test_that_hangs_is_ended(root, monkeypatch):
    monkeypatch.setattr(staged("install_jobs"), "SELFTEST_SECONDS", 0.5)
    checkout = checkout_of(root, small_wheels.HANGS)
    state = run(staged("install_jobs").check(Path(sys.executable), checkout, root))
    assert "did not end within 0 seconds" in state.trouble.message and not children()


def test_an_existing_python_is_tested_and_never_deleted(root):
    check = staged("install_jobs").check
    good = run(check(Path(sys.executable), checkout_of(root, small_wheels.PASSES), root))
    assert good.ended == "done" and good.trouble is None
    bad = run(check(Path(sys.executable), checkout_of(root, small_wheels.FAILS), root))
    assert bad.ended == "failed" and bad.trouble.repair == "python"
    none = run(check(root / "no such python", None, root))
    assert none.ended == "failed" and "no such python" in str(none.trouble)


def test_what_runs_a_prior_gets_into_an_environment_of_uv_without_uv(root, wheels):
    """uv puts no pip into what it makes, and a later Blender may not find uv any more."""
    small_wheels.write(wheels, "onnxruntime", {"onnxruntime/__init__.py": ""})
    folder = root / "env-200101-000000"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = staged("environments").python_in(folder)
    checkout = checkout_of(root, "import onnxruntime", "priors")
    for pip in (False, True):
        what = staged("install_jobs").prior("moge2-s", python, checkout, root, local(wheels))
        assert run(what).trouble is None
        assert ("Installing pip" in [step.stage for step in what.steps]) != pip


def test_reasons_not_to_begin_are_sentences(root):
    problem = staged("install_jobs").problem
    python, wheel = Path(sys.executable), root / "a.whl"
    assert problem(python, wheel, root, 0.0) is None
    assert "The disk is too full: 1000000.0 GB are needed" in problem(python, wheel, root, 1e9)
    assert "Use Existing Python" in problem(None, wheel, root, 0.0)
    assert "without its backend" in problem(python, None, root, 0.0)


@pytest.mark.parametrize(
    ("build", "platform", "torch"),
    [
        ("CPU", "linux", "https://download.pytorch.org/whl/cpu"),  # PyPI's is for CUDA
        ("CPU", "win32", "https://download.pytorch.org/whl/cpu"),
        ("CPU", "darwin", None),
        ("NVIDIA", "linux", None),
        ("NVIDIA", "win32", "https://download.pytorch.org/whl/cu128"),  # PyPI's is for the CPU
        ("NVIDIA", "darwin", None),
    ],
)
def test_every_choice_has_its_index(build, platform, torch):
    source = staged("package_index").sources(build, "", platform)
    assert source.torch == (("--index-url", torch) if torch else ())
    assert source.rest == () and source.online


def test_a_custom_index_is_an_address_or_a_folder(tmp_path):
    sources = staged("package_index").sources
    assert sources("CUSTOM", "https://studio/simple").rest == (
        "--index-url",
        "https://studio/simple",
    )
    assert sources("CUSTOM", "https://studio/simple").online
    assert sources("CUSTOM", str(tmp_path)).rest == ("--no-index", "--find-links", str(tmp_path))
    assert not sources("CUSTOM", str(tmp_path)).online
    assert sources("CUSTOM", f" {tmp_path} ") == sources("CUSTOM", str(tmp_path))


@pytest.mark.parametrize("address", ["", " "])
def test_no_address_is_not_the_current_folder(address):
    source = staged("package_index").sources("CUSTOM", address)
    assert not source.name and source.online and "--find-links" not in source.rest


def test_a_half_deleted_environment_is_never_used(root, monkeypatch):
    environments, old = staged("environments"), earlier(root)
    monkeypatch.setattr(environments, "PATIENCE_SECONDS", 0.0)  # as if Blender had ended just then
    environments.remove(root / "env-200101-000000")
    assert old.exists() and environments.finished(root) is None


def test_only_our_own_environments_are_ours(root):
    environments, old = staged("environments"), earlier(root)
    assert environments.owner(root, old) == root / "env-200101-000000"
    assert environments.owner(root, Path(sys.executable)) is None
    assert environments.base_python() == Path(sys.executable)
    assert environments.backend_version(root / "bin" / "python") == ""


def checkout_of(root: Path, program: str, name: str = "server") -> Path:
    package = root.parent / "checkout" / "backend" / name
    package.mkdir(parents=True, exist_ok=True)
    (package / "__main__.py").write_text(program)
    return root.parent / "checkout"


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)
