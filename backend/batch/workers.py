"""Pictures one after the other, or several at a time by processes that take one after the other."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import psutil
import torch

from backend.batch.config import BatchConfig
from backend.batch.picture import Outcome, process
from backend.batch.plan import Item, sequence_of
from backend.batch.steady import Before
from backend.memory import keep_freed_memory
from backend.model import shipped_model
from backend.orphans import end_with_parent

Tell = Callable[[str, str, float], None]
"""Is told path, stage and fraction."""


def one_by_one(items: Sequence[Item], config: BatchConfig, tell: Tell) -> Iterator[Outcome]:
    """Estimate pictures in this process; steady frames go on from the one before."""
    keep_freed_memory()
    if config.threads:
        torch.set_num_threads(config.threads)
    model = shipped_model(torch.device(config.device))
    before: Before | None = None
    for item in items:
        follows = before if before and _are_frames(before.item, item) else None

        def say(stage: str, fraction: float, path: str = str(item.path)) -> None:
            tell(path, stage, fraction)

        outcome = process(item, config, model, follows, say)
        steady = config.steady and outcome.status != "failed"
        before = Before(item, config.target, outcome.identity) if steady else None
        yield outcome


def _are_frames(before: Item, item: Item) -> bool:
    sequence = sequence_of(item.path)
    return sequence is not None and sequence == sequence_of(before.path)


@dataclass
class Worker:
    """A process, the way to it, and the picture it has."""

    process: SpawnProcess
    pipe: Connection
    item: Item


def side_by_side(items: Sequence[Item], config: BatchConfig, tell: Tell) -> Iterator[Outcome]:
    """Estimate pictures by ``config.workers`` processes; one that dies costs its picture only."""
    threads = max(1, (config.threads or torch.get_num_threads()) // config.workers)
    waiting = list(reversed(items))
    workers: list[Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < config.workers:
                workers.append(_started(waiting.pop(), config, threads))
            for pipe in wait([worker.pipe for worker in workers]):
                worker = next(one for one in workers if one.pipe is pipe)
                said = _heard(worker)
                if not isinstance(said, Outcome):
                    tell(str(worker.item.path), *said)
                    continue
                if said.code == "worker_died" or not waiting:
                    workers.remove(worker)
                    _dismissed(worker)
                else:
                    _given(worker, waiting.pop())
                yield said
    finally:
        for worker in workers:
            _dismissed(worker)


def _started(item: Item, config: BatchConfig, threads: int) -> Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, config, threads), daemon=True)
    process.start()
    theirs.close()
    worker = Worker(process, ours, item)
    _given(worker, item)
    return worker


def _given(worker: Worker, item: Item) -> None:
    worker.item = item
    try:
        worker.pipe.send(item)
    except OSError:
        pass  # it died: the pipe says so when it is read


def _heard(worker: Worker) -> Outcome | tuple[str, float]:
    try:
        return worker.pipe.recv()
    except (EOFError, OSError):
        message = "The process that worked on it ended; perhaps memory ran out: try fewer --jobs."
        return Outcome(str(worker.item.path), "failed", 0.0, (), "worker_died", message)


def _dismissed(worker: Worker) -> None:
    if worker.process.is_alive():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker.process.pid)
            process.suspend()  # so that it starts no Blender just now
            _end_blender_of(process)
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _end_blender_of(process: psutil.Process) -> None:
    """End the Blender that a process waits for, which would outlive it and go on saving."""
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _work(pipe: Connection, config: BatchConfig, threads: int) -> None:
    """Take pictures until told to end; run in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everybody; our parent decides
    end_with_parent(lambda: _end_blender_of(psutil.Process()))
    keep_freed_memory()
    torch.set_num_threads(threads)
    model = shipped_model(torch.device(config.device))
    while True:
        item = pipe.recv()
        pipe.send(process(item, config, model, None, lambda *said: pipe.send(said)))
