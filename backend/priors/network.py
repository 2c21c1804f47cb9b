"""A normal model in ONNX as a function from pictures to raw normals; needs onnxruntime.

The interface is that of MoGe-2's files: ``image`` float32 (B, 3, H, W), sRGB in 0..1, maybe
``num_tokens`` int64 without dimensions; among the outputs ``normal`` (B, H, W, 3) and maybe
``mask`` (B, H, W), valid above 0.5. Other files may take one size of picture alone, and may give
normals as (B, 3, H, W).
"""

import importlib
import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from backend.errors import Refused

log = logging.getLogger(__name__)

TOKENS = 1800
"""Patches of a picture that a model sees; MoGe-2 is made for 1200 to 2500."""
MOST_LONG = 2.0
"""Pictures longer than this for their height are padded; MoGe-2 is made for 1:2 to 2:1."""
PROVIDERS = (
    "CUDAExecutionProvider",
    "DmlExecutionProvider",
    "CoreMLExecutionProvider",
    "CPUExecutionProvider",
)
"""What runs it, the first that is there; none is as sure as the last."""
VALID = 0.5


@dataclass(frozen=True)
class Raw:
    """What a model says, in its own axes and on its own grid."""

    normals: Float[np.ndarray, "h w 3"]
    known: Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Network:
    """A file that is ready to run."""

    session: Any
    image: str
    tokens: str | None
    normal: str
    mask: str | None
    size: tuple[int, int] | None
    """Rows and columns of the picture, where the file takes no others."""
    multiple_of: int

    @property
    def provider(self) -> str:
        """Return what runs it."""
        return self.session.get_providers()[0]

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """Return the size in which a picture of these sides is best seen."""
        if self.size is not None:
            return self.size
        step = self.multiple_of
        cells = TOKENS * (14 / step) ** 2
        rows = math.sqrt(cells * height / width)
        return step * max(1, round(rows)), step * max(1, round(cells / rows))

    def aspect_for(self, height: int, width: int) -> float:
        """Return the width that a picture has to be padded to, over its height."""
        if self.size is not None:
            return self.size[1] / self.size[0]
        return min(max(width / height, 1 / MOST_LONG), MOST_LONG)

    def run(self, picture: Float[np.ndarray, "3 h w"]) -> Raw:
        """Look at a picture, sRGB in 0..1, of a size from ``size_for``.

        Raises:
            Refused: when it fails, or what it says has another form.
        """
        feed: dict[str, np.ndarray] = {self.image: picture[None].astype(np.float32)}
        if self.tokens is not None:
            step = self.multiple_of
            count = (picture.shape[1] // step) * (picture.shape[2] // step)
            feed[self.tokens] = np.asarray(count, np.int64)
        wanted = [self.normal] + ([self.mask] if self.mask else [])
        try:
            normals, *mask = self._answers(wanted, feed)
        # onnxruntime's errors share no type of their own, and drivers add theirs
        except Exception as error:
            raise _unusable("it cannot be run", error) from error
        return _raw(normals, mask[0] if mask else None)

    def _answers(self, wanted: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Run the session; where the chosen provider fails, on the CPU from now on."""
        try:
            return self.session.run(wanted, feed)
        except Exception as error:
            if self.provider == PROVIDERS[-1]:
                raise
            log.warning("the prior does not run on %s (%s); on the CPU then", self.provider, error)
            self.session.set_providers([PROVIDERS[-1]])
            return self.session.run(wanted, feed)


@lru_cache(maxsize=1)
def opened(path: Path, multiple_of: int) -> Network:
    """Load a file; the last one stays loaded.

    Raises:
        Refused: when onnxruntime is missing, or the file is none that can be used.
    """
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    there = runtime.get_available_providers()
    providers = [provider for provider in PROVIDERS if provider in there]
    try:
        session = runtime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise _unusable("it is no ONNX file that can be loaded whole", error, path) from error
    return _understood(session, multiple_of)


def _runtime() -> Any:
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise Refused(
            "bad_request",
            "A prior needs onnxruntime, which the backend's Python does not have.",
            'Install it there: pip install "clone-normals[onnx]"; or leave the prior empty.',
        ) from error


def _understood(session: Any, multiple_of: int) -> Network:
    """Find the picture and the answers among a session's inputs and outputs."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    images = [one for one in inputs if one.type == "tensor(float)" and len(one.shape) == 4]
    tokens = [one.name for one in inputs if one.type == "tensor(int64)" and not one.shape]
    if len(images) != 1 or len(images) + len(tokens) != len(inputs) or len(tokens) > 1:
        found = ", ".join(f"{one.name} {one.type} {list(one.shape)}" for one in inputs)
        raise _unusable(f"it takes {found}, expected was one float picture (B, 3, H, W)")
    sides = images[0].shape[2:]
    fixed = (sides[0], sides[1]) if all(isinstance(side, int) for side in sides) else None
    names = [one.name for one in outputs]
    normal = next((name for name in names if name in ("normal", "normals")), None)
    mask = "mask" if "mask" in names else None
    if normal is None:  # by position: alone, or behind MoGe-2's points
        normal = names[0] if len(names) == 1 else names[1]
        mask = mask or (names[2] if len(names) > 2 else None)
    name = images[0].name
    return Network(session, name, tokens[0] if tokens else None, normal, mask, fixed, multiple_of)


def _raw(normals: np.ndarray, mask: np.ndarray | None) -> Raw:
    if normals.ndim == 4 and normals.shape[-1] != 3 and normals.shape[1] == 3:
        normals = normals.transpose(0, 2, 3, 1)
    if normals.ndim != 4 or normals.shape[0] != 1 or normals.shape[-1] != 3:
        raise _unusable(f"its normals have the shape {normals.shape}, not (1, H, W, 3)")
    found = normals[0].astype(np.float32)
    known = np.isfinite(found).all(-1) & (np.linalg.norm(found, axis=-1) > 1e-3)
    if mask is not None:
        said = mask.reshape(-1)
        if said.size != known.size:
            raise _unusable(f"its mask has the shape {mask.shape}, its normals {normals.shape}")
        known &= said.reshape(known.shape) > VALID
    return Raw(np.where(known[..., None], found, 0.0).astype(np.float32), known)


def _unusable(why: str, error: Exception | None = None, path: Path | None = None) -> Refused:
    # the machine's paths are nobody's business who asks over a network
    said = str(error or "").replace(str(path), "the file").strip().splitlines()
    detail = f" ({said[0][:200]})" if said else ""
    return Refused(
        "bad_request",
        f"The prior's file cannot be used: {why}{detail}.",
        "It has to be a normal model as one ONNX file; docs/guide/priors.md says of what form.",
    )
