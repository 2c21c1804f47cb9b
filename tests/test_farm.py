"""Farm templates call a command line that exists."""

import json
import re
from pathlib import Path

import tyro

from backend.batch import BatchConfig
from shared.settings import EstimateSettings

TEMPLATE = json.loads((Path(__file__).parents[1] / "farm" / "openjd.json").read_text())


def test_the_template_calls_the_batch_command():
    defaults = {p["name"]: str(p.get("default", "x")) for p in TEMPLATE["parameterDefinitions"]}
    action = TEMPLATE["steps"][0]["script"]["actions"]["onRun"]
    filled = [
        re.sub(r"\{\{Param\.(\w+)\}\}", lambda found: defaults[found[1]], part)
        for part in action["args"]
    ]
    assert filled[:2] == ["-m", "backend.batch"]
    config = tyro.cli(BatchConfig, args=filled[2:])
    assert config.settings() == EstimateSettings()


def test_the_templates_limits_are_the_settings_limits():
    for parameter in TEMPLATE["parameterDefinitions"]:
        if parameter["name"] in ("Steps", "Size"):
            field = parameter["name"].lower()
            for value in (parameter["minValue"], parameter["maxValue"]):
                assert EstimateSettings(**{field: value}).problem() is None
            assert EstimateSettings(**{field: parameter["maxValue"] + 1}).problem()
