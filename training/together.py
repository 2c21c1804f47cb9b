"""Several processes that learn as one: each has its own lessons, all take the mean gradient.

A step's convolutions are too small for threads to share; two processes on two cores learn from
twice as many pictures.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import spawn

from backend.orphans import end_with_parent

PATIENCE = timedelta(hours=1)
"""How long the others wait while the first one validates and saves."""


@dataclass(frozen=True)
class Crew:
    """Which of how many processes this is."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one validates, saves and decides when to end."""
        return self.rank == 0


ALONE = Crew()


def together(work: Callable[[Crew], None], count: int) -> None:
    """Do work in so many processes, each told which one it is; in this one if it is one."""
    if count == 1:
        work(ALONE)
        return
    with tempfile.TemporaryDirectory() as folder:
        spawn(_member, (count, f"file://{folder}/meeting", work), nprocs=count)


def _member(rank: int, count: int, meeting: str, work: Callable[[Crew], None]) -> None:
    end_with_parent()
    dist.init_process_group("gloo", meeting, PATIENCE, count, rank)
    work(Crew(rank, count))
    dist.destroy_process_group()


def share_gradients(model: nn.Module, crew: Crew) -> None:
    """Replace each gradient by its mean over all processes; where none has one, none gets one."""
    if crew.count == 1:
        return
    parameters = list(model.parameters())
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    total = torch.cat([gradient.flatten() for gradient in gradients])
    taught = torch.tensor([float(p.grad is not None) for p in parameters])
    dist.all_reduce(total)
    dist.all_reduce(taught)
    pieces = (total / crew.count).split([p.numel() for p in parameters])
    for parameter, piece, told in zip(parameters, pieces, taught.tolist(), strict=True):
        parameter.grad = piece.view_as(parameter) if told else None


def as_the_first_says(going: bool, crew: Crew) -> bool:
    """Return what the first process says: their clocks differ, and all must end at one step."""
    if crew.count == 1:
        return going
    said = torch.tensor([float(going)])
    dist.broadcast(said, src=0)
    return bool(said)
