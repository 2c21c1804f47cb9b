"""Every kind of picture against the real engine: a result without NaN, or an error with a name."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.server.client import Client, JobFailed
from shared.messages import Submit
from shared.settings import EstimateSettings
from shared.transfer import specs_of
from tests.server_tools import job

from .backend import REAL, backend
from .row import Row, exactly, row

_SETTINGS = EstimateSettings(size=16, steps=2)
_SIDES = ((1, 1), (1, 37), (37, 1), (20, 28))
_CHANNELS = ((), (2,), (3,), (4,))  # gray, gray and alpha, RGB, RGBA
_DTYPES = ("uint8", "uint16", "float16", "float32")
_FAULTS = {"internal", "worker_died", "out_of_memory"}
"""What the engine must not answer a picture with: it should know what is wrong with it."""


@dataclass(frozen=True)
class Picture:
    """A picture to try; an ``ordinary`` one must be estimated, and not only be answered."""

    name: str
    pixels: np.ndarray
    ordinary: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of one picture: an error's code or none, and whether all values are finite."""

    picture: Picture
    code: str
    finite: bool = True


def odd_pictures(count: int, folder: Path) -> Row:
    """Estimate the special pictures and ``count`` of all combinations of size, channels, type."""
    chosen = [*specials(), *_spread(list(combinations()))[:count]]
    with backend(folder, "--device", "cpu", "--threads", "1", "--no-spare", module=REAL) as served:
        with served.ready(300.0) as client:
            answers = [_answer(client, picture) for picture in chosen]
            alive = served.alive
    faults = [each.picture.name for each in answers if each.code in _FAULTS]
    strange = [each.picture.name for each in answers if not each.finite]
    codes = [each.code for each in answers]
    checks = (
        exactly("broker alive", int(alive), 1),
        exactly("results with NaN or infinity", len(strange), 0),
        exactly("errors of the engine's own", len(faults), 0),
        exactly(
            "ordinary pictures estimated",
            sum(each.picture.ordinary and not each.code for each in answers),
            sum(picture.ordinary for picture in chosen),
        ),
    )
    refused = ", ".join(f"{codes.count(code)} {code}" for code in sorted({*codes} - {""}))
    aside = f"{codes.count('')} results; refused: {refused}{_list(faults + strange)}"
    return row("Odd pictures", f"{len(chosen)} pictures to the real engine", checks, aside)


def specials() -> Iterator[Picture]:
    """Make the pictures that are odd for what is in them, or for being far too long."""
    noise = np.random.default_rng(5).random((20, 28, 3), np.float32)
    exposures = np.logspace(-3, 6, 28, dtype=np.float32)[None, :, None]
    yield Picture("0×0", np.zeros((0, 0, 3), np.uint8))
    yield Picture("16385×1", np.zeros((1, 16385, 3), np.uint8))
    yield Picture("1×16384", np.zeros((16384, 1, 3), np.uint8))
    yield Picture("all black", np.zeros((20, 28, 3), np.uint8))
    yield Picture("all NaN", np.full((20, 28, 3), np.nan, np.float32))
    yield Picture("negative", -noise)
    yield Picture("transparent", np.dstack([noise, np.zeros((20, 28), np.float32)]))
    yield Picture("HDR to 1e6", noise * exposures, ordinary=True)
    for name, value in (("NaN", np.nan), ("Inf", np.inf), ("-Inf", -np.inf), ("1e30", 1e30)):
        spotted = noise.copy()
        spotted[::5, ::5] = value
        yield Picture(f"some {name}", spotted)


def combinations() -> Iterator[Picture]:
    """Make noise in every size, number of channels and element type."""
    dice = np.random.default_rng(6)
    for (height, width), channels, dtype in itertools.product(_SIDES, _CHANNELS, _DTYPES):
        noise = dice.random((height, width, *channels))
        scale = np.iinfo(dtype).max if dtype.startswith("u") else 1
        name = f"{width}×{height} {channels or 'gray'} {dtype}"
        ordinary = min(height, width) > 1
        yield Picture(name, (noise * scale).astype(dtype), ordinary)


def _spread(pictures: list[Picture]) -> list[Picture]:
    """Order them so that the first few are of all kinds."""
    order = np.random.default_rng(7).permutation(len(pictures))
    return [pictures[index] for index in order]


def _answer(client: Client, picture: Picture) -> Answer:
    transfer = "linear" if picture.pixels.dtype.kind == "f" else "srgb"
    arrays = {"picture": picture.pixels}
    submit = Submit(job().job, _SETTINGS, transfer, specs_of(arrays))
    try:
        outcome = client.run(submit, arrays)
    except JobFailed as failed:
        return Answer(picture, failed.failure.code)
    finite = all(np.isfinite(each).all() for each in outcome.arrays.values())
    return Answer(picture, "", finite)


def _list(names: list[str]) -> str:
    return f"; bad: {', '.join(names)}" if names else ""
