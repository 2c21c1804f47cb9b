"""Write the networks as one ONNX file: ``python -m training.onnx_export --out clone.onnx``.

Encoder, refinement and gate (``training.feed_forward``), for pictures of any size; it takes about a
minute. ``examples/onnx_estimate.py`` runs the file without torch. Needs onnx and onnxscript.
"""

import hashlib
import logging
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
import tyro

from backend import __version__
from backend.config import EngineConfig
from backend.model import WEIGHTS
from backend.whole_files import whole_file
from training.checkpoint import load_averaged
from training.feed_forward import NAMES, FeedForward

log = logging.getLogger(__name__)

DESCRIPTION = (
    "One picture to normals, albedo, depth and confidence in one pass, after CLONE "
    "(arXiv 2508.05950), without its splats, light and loop. Inputs and outputs: see the metadata."
)
EXAMPLE = 37, 45
"""Rows and columns of the picture that is traced: odd, so that no size is taken for a rule."""
SMALLEST, LARGEST = 8, 4096
"""Rows or columns that the graph promises to take."""
INPUTS = {
    "picture": "float32 (height, width, 3): linear RGB, rows top to bottom, white about 1",
    "mask": "bool (height, width): the object; true everywhere for a whole picture",
    "inflation": "float32 (height, width): solve laplace(p) = -1 inside the mask, p = 0 outside; "
    "the height sqrt(p) in pixels, smoothed; 0 everywhere without an outside",
    "intrinsics": "float32 (3, 3): pinhole, in pixels, pixel centres at +0.5; an infinite focal "
    "length is an orthographic camera",
}
OUTPUTS = {
    "normals": "unit, x right, y up, z toward the viewer; 0 outside the mask",
    "encoder_normals": "the same before refinement and gate",
    "gate": "0 to 1, the share of encoder_normals in normals",
    "albedo": "linear RGB, its level is free",
    "depth": "about 1 in a perspective picture, in pixels in an orthographic one",
    "confidence_logits": "greater is surer; not in degrees",
}


@dataclass(frozen=True)
class OnnxConfig:
    """Write the networks as an ONNX file."""

    out: Path = Path("clone.onnx")
    weights: Path = WEIGHTS
    """Weights, or a checkpoint of ``training.train``."""


def run(config: OnnxConfig) -> int:
    """Write the file; return the exit code."""
    if not config.weights.is_file():
        log.error("There are no weights in %s. Name a file with --weights.", config.weights)
        return 2
    model = described(exported(config.weights), config.weights)
    onnx.checker.check_model(model, full_check=True)
    with whole_file(config.out) as temporary:
        onnx.save(model, temporary)
    log.info("%s: %.1f MB", config.out, config.out.stat().st_size / 1e6)
    return 0


def exported(weights: Path) -> onnx.ModelProto:
    """Return the graph of encoder, refinement and gate with some weights."""
    model = FeedForward(load_averaged(weights, EngineConfig())).eval()
    height, width = EXAMPLE
    sides = {
        0: torch.export.Dim("height", min=SMALLEST, max=LARGEST),
        1: torch.export.Dim("width", min=SMALLEST, max=LARGEST),
    }
    picture = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(height, width, dtype=torch.bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its internals
        program = torch.onnx.export(
            model,
            (picture, mask, torch.zeros(height, width), torch.eye(3)),
            input_names=list(INPUTS),
            output_names=list(NAMES),
            dynamic_shapes=(sides, sides, sides, None),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def described(model: onnx.ModelProto, weights: Path) -> onnx.ModelProto:
    """Say in the file what it is, and leave out how it was traced, which names folders here."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
    for tensor in graph.initializer:
        tensor.ClearField("metadata_props")
    model.doc_string = DESCRIPTION
    facts = {
        "name": "CLONE Normals: encoder, refinement and gate",
        "version": __version__,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "license": "Apache-2.0",
    }
    told = {f"input.{name}": text for name, text in INPUTS.items()}
    told |= {f"output.{name}": OUTPUTS[name] for name in NAMES}
    onnx.helper.set_model_props(model, facts | told)
    return model


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR, format="%(message)s", stream=sys.stdout)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    log.setLevel(logging.INFO)  # the exporter's own log is long
    sys.exit(run(tyro.cli(OnnxConfig, prog="python -m training.onnx_export")))
