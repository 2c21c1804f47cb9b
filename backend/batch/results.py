"""The files of one picture."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from backend.batch.config import Output
from backend.conventions import flip_axes
from backend.files import PictureFile
from backend.large import Band
from backend.outputs import (
    encode_normals,
    encode_srgb,
    image_rows,
    write_gaussians,
    write_image,
    write_layers,
    write_spz,
)
from backend.rasterizer import choose
from backend.sheet import Panel, contact_sheet, result_panels, side_view
from backend.whole_files import whole_file

FULL_SIZE: Mapping[Output, tuple[str, Callable[[Band], np.ndarray]]] = {
    "normal": ("_normal.png", lambda band: encode_normals(flip_axes(band.normals).numpy())),
    "normal_exr": ("_normal.exr", lambda band: flip_axes(band.normals).numpy()),
    "albedo": ("_albedo.png", lambda band: encode_srgb(band.albedo.numpy())),
}
"""What a large picture gets at its own size, file by file and row by row."""
SHOWN = 1024
"""Pixels a side of a picture that a contact sheet is made from."""


def write_outputs(
    folder: Path,
    name: str,
    file: PictureFile,
    arrays: Mapping[str, np.ndarray],
    outputs: tuple[Output, ...],
) -> tuple[str, ...]:
    """Write the chosen outputs of one picture, and height where there is one; return their names.

    ``arrays`` are those of ``shared.messages.Result``. A .blend is made later, from these files.
    """

    def image(pixels: np.ndarray, linear: bool = True) -> Callable[[Path], object]:
        return lambda path: write_image(path, pixels, linear)

    writers: dict[Output, tuple[str, Callable[[Path], object]]] = {
        "normal": ("_normal.png", image(encode_normals(arrays["normals"]))),
        "normal_exr": ("_normal.exr", image(arrays["normals"])),
        "gaussians": ("_gaussians.ply", lambda path: write_gaussians(path, arrays)),
        "spz": ("_gaussians.spz", lambda path: write_spz(path, arrays)),
        "albedo": ("_albedo.png", image(encode_srgb(arrays["albedo"]), linear=False)),
        "depth": ("_depth.exr", image(arrays["depth"])),
        "shading": ("_shading.exr", image(arrays["shading"])),
        "confidence": ("_confidence.png", image(arrays["confidence"])),
        "sheet": ("_sheet.png", lambda path: _write_sheet(path, file, arrays)),
        "exr": ("_maps.exr", lambda path: write_layers(path, arrays)),
    }
    chosen = [writers[output] for output in outputs if output in writers]
    if "height" in arrays:
        chosen.append(("_height.exr", image(arrays["height"])))
        chosen.append(("_occlusion.png", image(arrays["occlusion"])))
    for suffix, write in chosen:
        write(folder / f"{name}{suffix}")
    return tuple(f"{name}{suffix}" for suffix, _ in chosen)


def write_bands(
    folder: Path,
    name: str,
    size: tuple[int, int],
    bands: Iterable[Band],
    outputs: tuple[Output, ...],
) -> tuple[str, ...]:
    """Write the chosen outputs of ``FULL_SIZE`` as their rows come; return their names."""
    names = {output: f"{name}{FULL_SIZE[output][0]}" for output in outputs if output in FULL_SIZE}
    with ExitStack() as files:
        writers = {
            output: files.enter_context(
                image_rows(folder / file, (*size, 3), linear=output != "albedo")
            )
            for output, file in names.items()
        }
        for band in bands:
            for output, write in writers.items():
                write(band.top, FULL_SIZE[output][1](band))
    return tuple(names.values())


def display(file: PictureFile) -> np.ndarray:
    """Return a picture file as display values, (H, W, 3) in 0..1, alpha over black."""
    values = file.pixels
    if values.dtype in (np.uint8, np.uint16):
        values = values.astype(np.float32) / np.iinfo(values.dtype).max
    channels = values.shape[2]
    colour = values[..., : channels - 1] if channels in (2, 4) else values
    colour = colour * values[..., -1:] if channels in (2, 4) else colour
    colour = np.repeat(colour, 3, axis=-1) if colour.shape[-1] == 1 else colour
    return encode_srgb(np.nan_to_num(colour)) if file.transfer == "linear" else colour


def _write_sheet(path: Path, file: PictureFile, arrays: Mapping[str, np.ndarray]) -> None:
    every = max(1, max(file.pixels.shape[:2]) // SHOWN)
    shown = display(PictureFile(file.pixels[::every, ::every], file.transfer))
    view = side_view(arrays, choose(torch.device("cpu")))
    panels = [*result_panels(shown, arrays), Panel("Gaussians from the side", view)]
    with whole_file(path) as temporary:
        contact_sheet(panels, columns=4).save(temporary)
