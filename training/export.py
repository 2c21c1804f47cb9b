"""Make the weights that ship: ``python -m training.export DIR/checkpoint.safetensors``.

The averaged model of a checkpoint, half precision, in one file.
"""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from safetensors.torch import save

from backend.config import EngineConfig
from backend.model import WEIGHTS
from backend.whole_files import whole_file
from training.checkpoint import load_averaged

log = logging.getLogger(__name__)

LARGEST = 16_000_000
"""Bytes that weights in the repository may have."""


@dataclass(frozen=True)
class ExportConfig:
    """Write a checkpoint's averaged model as weights that ship."""

    checkpoint: tyro.conf.Positional[Path]
    out: Path = WEIGHTS


def export(config: ExportConfig) -> int:
    """Write the weights; return the exit code."""
    model = load_averaged(config.checkpoint, EngineConfig())
    halves = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    if not all(torch.isfinite(value).all() for value in halves.values()):
        log.error("Some weights do not fit half precision; nothing was written.")
        return 1
    content = save(halves)
    size = len(content)
    if size > LARGEST:
        log.error("The weights have %.1f MB; at most %.0f may ship.", size / 1e6, LARGEST / 1e6)
        return 1
    with whole_file(config.out) as temporary:
        temporary.write_bytes(content)
    log.info("%s: %.1f MB", config.out, size / 1e6)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(export(tyro.cli(ExportConfig, prog="python -m training.export")))
