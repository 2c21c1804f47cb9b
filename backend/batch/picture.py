"""One picture, from file to files."""

import errno
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import torch

from backend import __version__
from backend.batch.blend import save_blend
from backend.batch.config import BatchConfig
from backend.batch.plan import Item, finished, identity
from backend.batch.results import FULL_SIZE, write_bands, write_outputs
from backend.batch.steady import Before, go_on
from backend.conventions import wire_arrays, wire_report
from backend.device import memory_ran_out
from backend.errors import Refused
from backend.files import PictureFile, read_mask, read_picture
from backend.image import decode_picture
from backend.large import LARGE, estimate_large, is_large
from backend.model import Clone
from backend.outputs import write_report
from backend.pipeline import estimate
from backend.whole_files import scratch_file
from shared.messages import Code, Report
from shared.settings import EstimateSettings

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a picture."""

    path: str
    status: Literal["done", "skipped", "failed"]
    seconds: float
    outputs: tuple[str, ...] = ()
    """Names of the files in the folder for the results, without the report's."""
    code: Code | Literal[""] = ""
    message: str = ""
    flicker_degrees: float | None = None
    """Of a steady frame against the one before."""
    identity: str = ""
    note: str = ""
    """What there is to know about the files of a picture that is done."""


@dataclass(frozen=True)
class Written:
    """What was found in a picture, and the files that tell of it."""

    report: Report
    outputs: tuple[str, ...]
    extra: dict[str, object]
    """What the report file says beyond the report."""
    flicker_degrees: float | None = None
    note: str = ""


def process(
    item: Item, config: BatchConfig, model: Clone | None, before: Before | None, tell: Tell
) -> Outcome:
    """Estimate one picture unless its results are there; what goes wrong is in the outcome.

    ``before`` is the frame that a steady one goes on from; ``tell`` hears stage and fraction.
    """
    began = time.perf_counter()
    path = str(item.path)
    try:
        mark = identity(item, config, "" if before is None else before.identity)
        if (outputs := finished(item, config.target, mark)) is not None:
            return Outcome(path, "skipped", 0.0, outputs, identity=mark)
        blend, flicker, note = item.blend(config.target), None, ""
        if (outputs := finished(item, config.target, mark, missing=blend.name)) is None:
            written = _files(item, config, model, before, tell, mark)
            outputs, flicker, note = written.outputs, written.flicker_degrees, written.note
        if config.blender is not None and blend.name in outputs:
            tell("Saving the .blend", 1.0)
            save_blend(config.blender, item.report(config.target), blend)
    except Exception as error:  # noqa: BLE001  the pictures after this one are not to blame
        code, message = _trouble(error)
        return Outcome(path, "failed", time.perf_counter() - began, (), code, message)
    seconds = time.perf_counter() - began
    return Outcome(
        path, "done", seconds, outputs, flicker_degrees=flicker, identity=mark, note=note
    )


def _files(
    item: Item,
    config: BatchConfig,
    model: Clone | None,
    before: Before | None,
    tell: Tell,
    mark: str,
) -> Written:
    """Write everything but the .blend, whose name is among those returned."""
    written = _written(item, config, model, before, tell)
    outputs, blend = written.outputs, item.blend(config.target)
    if "blend" in config.outputs:
        blend.unlink(missing_ok=True)  # an old one would pass for this report's
        outputs += (blend.name,)
    about = {"picture": item.path.name, "version": __version__, "identity": mark}
    extra = about | {"outputs": outputs} | written.extra
    write_report(item.report(config.target), written.report, extra)
    return replace(written, outputs=outputs)


def _written(
    item: Item, config: BatchConfig, model: Clone | None, before: Before | None, tell: Tell
) -> Written:
    file = read_picture(item.path)
    mask = read_mask(item.mask) if item.mask else None
    hints = read_mask(item.hints) if item.hints else None
    settings = config.settings(file.fov_degrees)
    tiles = is_large(*file.pixels.shape[:2]) and settings.start == "auto" and hints is None
    if model is not None and tiles:
        return _large(item, config, file, mask, settings, model, tell)
    picture = decode_picture(file.pixels, file.transfer, mask, hints)
    device = torch.device(config.device)
    found = estimate(picture, settings, device, tell, lambda: False, model)
    arrays: Mapping[str, np.ndarray] = wire_arrays(found)
    report = wire_report(found)
    extra = _said(file, settings, config)
    flicker = None
    if before is not None:
        held = go_on(file, arrays, report, found.orthographic, before, config.steady)
        arrays, report, flicker = held.arrays, held.report, held.flicker_degrees
        extra |= {"steady": {"still": held.still, "flicker_degrees": flicker}}
    _forget(item, config)
    outputs = write_outputs(config.target, item.name, file, arrays, config.outputs)
    return Written(report, outputs, extra, flicker)


def _forget(item: Item, config: BatchConfig) -> None:
    """Remove an old report, which would pass for that of a run that ends among its files."""
    item.report(config.target).unlink(missing_ok=True)


def _large(
    item: Item,
    config: BatchConfig,
    file: PictureFile,
    mask: np.ndarray | None,
    settings: EstimateSettings,
    model: Clone,
    tell: Tell,
) -> Written:
    """Write normals and albedo at full size, the rest from the reduced copy."""
    size = file.pixels.shape[0], file.pixels.shape[1]
    _check_large(size, mask, config)
    device = torch.device(config.device)
    with scratch_file(config.target, item.name) as scratch:
        large = estimate_large(
            file.pixels, file.transfer, mask, settings, scratch, device, tell, lambda: False, model
        )
        _forget(item, config)
        full = write_bands(config.target, item.name, size, large.bands, config.outputs)
    arrays, report = wire_arrays(large.whole), wire_report(large.whole)
    rest = tuple(output for output in config.outputs if output not in FULL_SIZE)
    reduced = write_outputs(config.target, item.name, file, arrays, rest)
    small = {"size": large.whole.mask.shape, "outputs": reduced}
    note = _small_layers(f"{item.name}_maps.exr", *large.whole.mask.shape) if "exr" in rest else ""
    extra = _said(file, settings, config) | {"reduced": small}
    return Written(report, full + reduced, extra, note=note)


def _small_layers(name: str, height: int, width: int) -> str:
    """Say that normals and albedo among the layers are no larger than the other maps."""
    return (
        f"all of {name} comes from a copy of {width}×{height} pixels; normal, normal_exr and "
        "albedo are written at full size"
    )


def _check_large(size: tuple[int, int], mask: np.ndarray | None, config: BatchConfig) -> None:
    if mask is not None and mask.shape != size:
        raise Refused(
            "bad_image",
            f"The mask is {mask.shape[1]}×{mask.shape[0]} pixels and the picture "
            f"{size[1]}×{size[0]}.",
            "Give a mask of the picture's size.",
        )
    if config.steady:
        message = f"Frames of {size[1]}×{size[0]} pixels cannot be held steady."
        raise Refused("too_large", message, f"Scale them down to {LARGE} pixels a side.")


def _said(file: PictureFile, settings: EstimateSettings, config: BatchConfig) -> dict[str, object]:
    """Return what the report file tells about the request."""
    return {"settings": asdict(settings), "fov": config.fov, "fov_of_lens": file.fov_degrees}


def _trouble(error: Exception) -> tuple[Code, str]:
    """Say what stopped a picture."""
    if memory_ran_out(error):
        return "out_of_memory", "Memory ran out. Try fewer --jobs or a smaller --size."
    match error:
        case Refused():
            return error.code, f"{error.message} {error.advice}".strip()
        case OSError(errno=errno.ENOSPC):
            return "internal", "The disk is full. Make room and run it again: what is done is kept."
        case OSError(strerror=str(why)):  # a write that fails does not name its file
            return "internal", f"{error.filename or 'A file'} cannot be used: {why}."
        case OSError():
            return "internal", str(error)
    message = f"The engine stopped with an error of its own ({type(error).__name__}: {error})."
    return "internal", message
