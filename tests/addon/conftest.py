"""The built add-on's bpy-free modules, and a fresh session for every test."""

from pathlib import Path

import pytest

from tests.staging import stage_without_bpy, staged


@pytest.fixture(scope="module", autouse=True)
def _staged(tmp_path_factory):
    stage_without_bpy(tmp_path_factory.mktemp("extension"))


@pytest.fixture
def session():
    session = staged("session").Session()
    yield session
    session.close()


@pytest.fixture
def fake_checkout(tmp_path):
    """A folder from which ``python -m backend.server`` starts the fake backend."""

    def write(body: str) -> Path:
        package = tmp_path / "checkout" / "backend" / "server"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(body)
        return tmp_path / "checkout"

    return write
