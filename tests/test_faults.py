"""The fault suite in its short form: every experiment keeps to its bar."""

import os

import pytest

from .faults.suite import EXPERIMENTS
from .staging import stage_without_bpy

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks into /proc")

_QUICK = {"starter-ends", "strangers", "other-artists", "versions", "cut-uploads", "crowd"}


@pytest.fixture(scope="module", autouse=True)
def _staged(tmp_path_factory):
    stage_without_bpy(tmp_path_factory.mktemp("extension"))


@pytest.mark.parametrize(
    "name",
    [
        name if name in _QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in EXPERIMENTS
    ],
)
def test_the_service_survives(name, tmp_path):
    experiment = EXPERIMENTS[name]
    outcome = experiment.inject(experiment.short, tmp_path)
    assert outcome.passed, f"{outcome.figure} (asked for: {outcome.bar})"
