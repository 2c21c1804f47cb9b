"""What every test shares: checked array shapes, reproducible examples."""

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

# the shapes in the annotations become assertions, here and not in production
install_import_hook(["backend", "training"], "beartype.beartype")

from .server_tools import marked_processes, wait_until  # noqa: E402  the hook has to come first

torch.set_num_threads(1)  # the pictures here are too small to share
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def pytest_addoption(parser):
    parser.addoption("--blender-python", help="Python of an environment with bpy")


@pytest.fixture
def priors_cache(tmp_path, monkeypatch):
    """Keep priors in a folder of this test."""
    monkeypatch.setattr("shared.installed_priors.default_run_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "priors"


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """Mark the processes of a test, and see that none is left."""
    monkeypatch.setenv("SERVER_TEST_DIR", str(tmp_path))
    yield str(tmp_path)
    wait_until(lambda: not marked_processes(str(tmp_path)), 3.0)
