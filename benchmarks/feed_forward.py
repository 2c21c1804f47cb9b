"""Measure the exported networks: ``python -m benchmarks.feed_forward clone.onnx --cases DIR``.

For each group of evaluation cases: the mean angular error of a whole estimate (the same grid) and
of ``examples/onnx_estimate.py``, how far both are apart, and how far they are apart on the grid
itself, fed the same view: what the splats add, and seeing long pictures in parts. Then seconds a
picture, one thread each: the whole estimate, the networks alone in torch, and in ONNX Runtime with
everything that the example does.
"""

import argparse
import math
import sys
import time
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from backend.classical import inflate
from backend.config import EngineConfig
from backend.image import Picture
from backend.model import Clone, View, turn
from backend.outline import GRID
from backend.pipeline import initial_state
from backend.start import begin
from backend.work import prepare
from examples import onnx_estimate
from shared.settings import EstimateSettings
from training.cases import Case, find_cases, load_picture, load_truth
from training.feed_forward import FeedForward
from training.metrics import angular_error
from training.scoring import model_of, run_engine, settings_for, wire_normals

HEAD = (
    "| | cases | whole ° | ONNX ° | apart ° | on one grid ° | whole s | torch s | ONNX s |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Measured:
    """Degrees, then seconds, of one picture, in the order of the table."""

    whole: float
    onnx: float
    apart: float
    on_one_grid: float
    whole_seconds: float
    torch_seconds: float
    onnx_seconds: float


def main() -> None:
    """Print a row for each group, and one for all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--cases", type=Path, required=True, help="a folder of GROUP/CASE/")
    given = parser.parse_args()
    torch.set_num_threads(1)
    session, model = one_thread(given.model), model_of(None)
    cases = find_cases(given.cases, ())
    if model is None or not cases:
        sys.exit(f"There are no weights, or no cases in {given.cases}.")
    measure(cases[0], session, model)  # the first run sets everything up
    groups: dict[str, list[Measured]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(measure(case, session, model))
    rows = [*groups.items(), ("all", [each for some in groups.values() for each in some])]
    sys.stdout.write("\n".join([HEAD, *(row(name, some) for name, some in rows)]) + "\n")


def one_thread(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph to run on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def row(name: str, some: list[Measured]) -> str:
    """Return the means of some pictures."""
    means = np.mean([astuple(each) for each in some], axis=0)
    degrees, seconds = means[:4], means[4:]
    cells = [name, str(len(some)), *(f"{d:.1f}" for d in degrees), *(f"{s:.2f}" for s in seconds)]
    return f"| {' | '.join(cells)} |"


def measure(case: Case, session: onnxruntime.InferenceSession, model: Clone) -> Measured:
    """Estimate a case's picture in every way."""
    seen, truth = load_picture(case, case.main), load_truth(case)
    picture = onnx_estimate.Picture(seen.rgb.numpy(), seen.mask.numpy())
    optics = onnx_estimate.Optics(case.fov_degrees, case.principal)
    grid = onnx_estimate.grid_of(picture, optics)
    settings = settings_for(case, EstimateSettings(size=grid))
    began = time.perf_counter()
    whole = wire_normals(run_engine(seen, settings, model).maps.normals)
    whole_seconds = time.perf_counter() - began
    began = time.perf_counter()
    alone = onnx_estimate.normals_of(session, picture, optics)
    onnx_seconds = time.perf_counter() - began
    fed = onnx_estimate.inputs(picture, optics, onnx_estimate.object_box(picture.mask), grid)
    began = time.perf_counter()
    with torch.no_grad():
        FeedForward(model)(*(torch.from_numpy(values) for values in fed.values()))
    torch_seconds = time.perf_counter() - began

    def mean(error: np.ndarray) -> float:
        return float(error[truth.mask].mean())

    return Measured(
        mean(angular_error(whole, truth.normals)),
        mean(angular_error(alone, truth.normals)),
        mean(angular_error(alone, whole)),
        apart_on_one_grid(seen, settings, session, model),
        whole_seconds,
        torch_seconds,
        onnx_seconds,
    )


@torch.no_grad()
def apart_on_one_grid(
    seen: Picture,
    settings: EstimateSettings,
    session: onnxruntime.InferenceSession,
    model: Clone,
) -> float:
    """Return how far graph and whole model are apart, in degrees, given the same view."""
    config = EngineConfig()
    work = prepare(seen, settings, torch.device("cpu"))
    work = replace(work, part=work.seen, camera=work.view.camera)  # the grid is all there is to see
    begun = begin(work, settings.start, model)
    state = initial_state(begun, work.view, settings, config)
    whole = turn(state.encoding, work.view, state.lighting, config, model, begun.features)
    (alone,) = session.run(["normals"], fed_from(work.view))
    return float(angular_error(alone, wire_normals(whole.normals))[work.view.mask.numpy()].mean())


def fed_from(view: View) -> dict[str, np.ndarray]:
    """Return what the graph is fed for a view of the engine's."""
    outlined = not bool(view.mask.all())
    rise = inflate(view.mask, GRID) if outlined else torch.zeros(view.mask.shape)
    intrinsics = view.camera.intrinsics.clone()
    if view.camera.orthographic:
        intrinsics[0, 0] = intrinsics[1, 1] = math.inf
    fed = {"picture": view.rgb, "mask": view.mask, "inflation": rise, "intrinsics": intrinsics}
    return {name: values.numpy() for name, values in fed.items()}


if __name__ == "__main__":
    main()
