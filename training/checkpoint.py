"""Checkpoints without pickle: every tensor in one safetensors file, the counters in its header."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from backend.config import EngineConfig
from backend.model import Clone, sized_for

FILE_NAME = "checkpoint.safetensors"


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    step: int = 0
    seconds: float = 0.0


def save(
    folder: Path,
    model: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in averaged.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
    counters = {"step": str(progress.step), "seconds": str(progress.seconds)}
    temporary = folder / f".{FILE_NAME}"
    whole = {name: value.detach().clone().contiguous() for name, value in tensors.items()}
    save_file(whole, temporary, metadata=counters)
    os.replace(temporary, folder / FILE_NAME)


def restore(
    folder: Path, model: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer
) -> Progress:
    """Load a checkpoint into place, strictly, if there is one."""
    path = folder / FILE_NAME
    if not path.is_file():
        return Progress()
    tensors = load_file(path)
    model.load_state_dict(_below(tensors, "model."))
    averaged.load_state_dict(_below(tensors, "averaged."))
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _below(tensors, "optimiser.").items():
        index, key = name.split(".", 1)
        states.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": states})
    with safe_open(path, framework="pt") as file:
        counters = file.metadata()
    return Progress(int(counters["step"]), float(counters["seconds"]))


def load_averaged(path: Path, config: EngineConfig, grow: bool = False) -> Clone:
    """Return the averaged model of a checkpoint, or exported weights, ready to answer.

    It is as deep as the file's; to ``grow`` is to be as deep as the config's instead. What the file
    does not know begins as the identity; nothing else may be missing.
    """
    tensors = load_file(path)
    averaged = _below(tensors, "averaged.") or tensors
    model = Clone(config if grow else sized_for(averaged, config)).eval()
    begun = model.state_dict() if grow else {}
    new = {name: value for name, value in begun.items() if name.startswith("encoder.context.")}
    model.load_state_dict(new | {name: value.float() for name, value in averaged.items()})
    return model


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
