"""The only place of the service that knows the engine: a request in, an outcome out."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backend.conventions import flip_axes, wire_arrays, wire_report
from backend.device import choose_device, device_name, memory_ran_out
from backend.image import decode_picture
from backend.memory import keep_freed_memory
from backend.model import Clone, shipped_model
from backend.outputs import encode_normals
from backend.pipeline import estimate
from backend.rasterizer import choose, warm_up
from shared.messages import Submit

from .outcome import Engine, IsCancelled, Outcome, ReportProgress, ShowNormals

log = logging.getLogger(__name__)

LEAST_SIZE = 64
"""When memory runs out, the working size is halved down to this."""


def load(device: str, threads: int) -> Engine:
    """Choose the device and get the engine ready on it.

    Raises:
        Refused: when CUDA was asked for and does not work here.
    """
    keep_freed_memory()
    if threads > 0:
        torch.set_num_threads(threads)
    chosen = choose_device(device)
    rasterize = choose(chosen)
    log.info("preparing the %s kernels; compiling them takes a while, once", rasterize.name)
    warm_up(rasterize, chosen)
    model = shipped_model(chosen)
    return Engine(device_name(chosen), rasterize.name, partial(run, chosen, model))


def run(
    device: torch.device,
    model: Clone | None,
    submit: Submit,
    arrays: Mapping[str, np.ndarray],
    report: ReportProgress,
    show: ShowNormals,
    cancelled: IsCancelled,
) -> Outcome:
    """Estimate one picture, smaller where memory does not suffice for the size that was asked for.

    Raises ``Refused``, ``Stopped``, or ``MemoryError`` when even ``LEAST_SIZE`` is too much.
    """
    settings, notes = submit.settings, list[str]()
    while True:
        try:
            present = replace(submit, settings=settings)
            outcome = _run(device, model, present, arrays, report, show, cancelled)
        except MemoryError:
            smaller = settings.size // 2
            if smaller < LEAST_SIZE:
                raise
            log.warning("job=%s memory ran out at size %d", submit.job, settings.size)
            notes.append(f"Memory ran out at working size {settings.size}; {smaller} was used.")
            settings = replace(settings, size=smaller)
        else:
            told = replace(outcome.report, notes=(*outcome.report.notes, *notes))
            return replace(outcome, report=told)


def _run(
    device: torch.device,
    model: Clone | None,
    submit: Submit,
    arrays: Mapping[str, np.ndarray],
    report: ReportProgress,
    show: ShowNormals,
    cancelled: IsCancelled,
) -> Outcome:
    with _memory_errors(device):
        picture = decode_picture(
            arrays["picture"], submit.transfer, arrays.get("mask"), arrays.get("hints")
        )
        settings = submit.settings
        shown = (lambda normals: show(preview_of(normals))) if settings.previews else None
        result = estimate(picture, settings, device, report, cancelled, model, show=shown)
        return Outcome(wire_report(result), wire_arrays(result))


def preview_of(normals: Float[Tensor, "h w 3"]) -> np.ndarray:
    """Encode normals of the OpenCV camera as an 8-bit normal map (OpenGL)."""
    shares = encode_normals(flip_axes(normals).numpy())
    return np.rint(255 * shares.clip(0.0, 1.0)).astype(np.uint8)


@contextmanager
def _memory_errors(device: torch.device) -> Iterator[None]:
    """Give every way of running out of memory its Python name, and return what is cached."""
    try:
        yield
    except RuntimeError as error:
        if memory_ran_out(error):
            raise MemoryError(str(error)) from error
        raise
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()
