"""The real engine behind the real service, on a picture of a few pixels."""

import numpy as np
import pytest
import torch

from backend.device import choose_device
from backend.errors import Refused
from backend.server import engine
from backend.server.process import WORKER_COMMAND
from shared.messages import Submit
from shared.settings import EstimateSettings
from shared.transfer import specs_of

from .server_tools import ready, running


def ball(size: int = 24) -> dict[str, np.ndarray]:
    """Shade a ball from the upper left, with the background cut out."""
    y, x = np.mgrid[1 : -1 : size * 1j, -1 : 1 : size * 1j]
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    shade = np.clip(0.6 * z - 0.5 * x + 0.5 * y, 0, 1) * 0.8 + 0.1
    alpha = (z > 0.1).astype(np.float64)
    return {"picture": np.round(255 * np.dstack([shade, shade, shade, alpha])).astype(np.uint8)}


@pytest.mark.slow
def test_a_picture_becomes_normals_through_the_wire(tmp_path):
    arrays = ball()
    submit = Submit("ball", EstimateSettings(steps=4, size=24), "srgb", specs_of(arrays))
    stages = []
    with running(tmp_path, WORKER_COMMAND), ready(tmp_path, 60.0) as client:
        outcome = client.run(submit, arrays, lambda progress, _: stages.append(progress.stage))
        assert "cpu" in client.status().device
    normals = outcome.arrays["normals"]
    assert normals.shape == (24, 24, 3) and normals.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1.0, atol=1e-3)
    assert normals[12, 4, 0] < -0.3 and normals[4, 12, 1] > 0.3 and normals[12, 12, 2] > 0.7
    assert outcome.report.gaussians == len(outcome.arrays["means"]) and stages


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_device_is_refused_by_name():
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(Refused, match="CUDA"):
        choose_device("cuda")
    with pytest.raises(Refused, match="no device mps"):
        choose_device("mps")


@pytest.mark.parametrize(
    "text", ["DefaultCPUAllocator: can't allocate memory", "not enough memory"]
)
def test_running_out_of_memory_has_one_name(monkeypatch, text):
    def exhausted(*_):
        raise RuntimeError(text)

    monkeypatch.setattr(engine, "decode_picture", exhausted)
    submit = Submit("a", EstimateSettings(), "srgb", ())
    with pytest.raises(MemoryError):
        engine.run(torch.device("cpu"), None, submit, ball(), print, print, lambda: False)
