"""A library of meshes on disk: one compressed file of arrays a source, each of many meshes.

Numpy alone, for Blender's environment and torch's. Arrays of a file, for meshes 0, 1, …:

``name``, ``held_out``: of each mesh. Those held out are seen by validation scenes alone.
``vertices`` uint8 (2, 3, N): low and high bytes of the int16 difference to the mesh's vertex
before, in 1/32767. +Z is up; the farthest vertex lies about 1 from the middle.
``faces`` uint8 (2, 3M): low and high bytes of ``h − index``, where h is how many distinct vertices
of the mesh came before; 0 is the next new one.
``material`` (M): the part that a face belongs to. ``colors`` uint8 (K, 3): sRGB of the parts.
``vertex_start``, ``vertex_stop``, ``face_start``, ``face_stop``, ``color_start``, ``color_stop``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

UNIT = 32767
WEIGHTS = {
    "pybullet_random": 0.4, "object_sim": 0.7, "threedscans": 1.2, "odedstein": 1.2,
    "makehuman": 1.5, "base_meshes": 3.0, "infinigen": 3.0, "quaternius": 3.0, "sweethome3d": 3.0,
}  # fmt: skip
"""How often sources of these names are drawn from; others 1."""
ENOUGH = 16
"""Meshes of a source from which on it has its full weight."""
FIGURES = (
    "makehuman/|threedscans/(?!column)|odedstein/(cat|demos|goat|hand|human|koala|penguin|skull)"
    "|deer$|deer_head|horse2$|siamesecat|bulldog$"
)
"""Sources and names of statues, people and animals."""


@dataclass(frozen=True)
class Mesh:
    """A shape of triangles, +Z up."""

    name: str
    vertices: np.ndarray
    """(N, 3) float32."""
    faces: np.ndarray
    """(M, 3) int32."""
    parts: np.ndarray
    """(M,) int32: the part each face belongs to."""
    colors: np.ndarray
    """(K, 3) uint8 sRGB of the parts; none when the source has none."""


@dataclass(frozen=True)
class Source:
    """One file of the library, and which of its meshes may be used."""

    stem: str
    arrays: dict[str, np.ndarray]
    names: tuple[str, ...]
    usable: tuple[int, ...]

    def mesh(self, index: int) -> Mesh:
        """Decode a mesh."""
        table = self.arrays
        first, last = int(table["vertex_start"][index]), int(table["vertex_stop"][index])
        steps = _words(table["vertices"][:, :, first:last]).view(np.int16)
        vertices = np.cumsum(steps, axis=1, dtype=np.int16).T / np.float32(UNIT)
        first, last = int(table["face_start"][index]), int(table["face_stop"][index])
        back = _words(table["faces"][:, 3 * first : 3 * last]).astype(np.int32)
        new = back == 0
        faces = (np.cumsum(new, dtype=np.int32) - new - back).reshape(-1, 3)
        colors = table["colors"][int(table["color_start"][index]) : int(table["color_stop"][index])]
        parts = table["material"][first:last].astype(np.int32)
        return Mesh(self.names[index], vertices, faces, parts, colors)


@dataclass(frozen=True)
class Library:
    """Meshes to draw from."""

    sources: tuple[Source, ...]

    def draw(self, dice: Random) -> Mesh:
        """Draw a source by its weight, or less often when few of its meshes are left; then one."""
        weights = [
            WEIGHTS.get(source.stem, 1.0) * min(1.0, len(source.usable) / ENOUGH)
            for source in self.sources
        ]
        source = dice.choices(self.sources, weights)[0]
        return source.mesh(dice.choice(source.usable))

    def only(self, wanted: Callable[[str], bool]) -> "Library":
        """Keep the meshes whose source/name is wanted."""
        kept = (
            Source(
                source.stem, source.arrays, source.names,
                tuple(i for i in source.usable if wanted(f"{source.stem}/{source.names[i]}")),
            )
            for source in self.sources
        )  # fmt: skip
        return Library(tuple(source for source in kept if source.usable))

    def named(self, pattern: str, kept: bool = True) -> "Library":
        """Keep, or leave out, what holds a regular expression in source/name, in any case."""
        found = re.compile(pattern, re.IGNORECASE)
        return self.only(lambda path: bool(found.search(path)) == kept)


def read_library(folder: Path, held_out: bool) -> Library:
    """Open the meshes of a folder that validation alone sees, or all the others.

    Raises:
        FileNotFoundError: when there are none.
    """
    sources = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file.items())
        usable = tuple(np.flatnonzero(arrays["held_out"].astype(bool) == held_out).tolist())
        names = tuple(str(name) for name in arrays["name"])
        sources += [Source(path.stem, arrays, names, usable)] if usable else []
    if not sources:
        raise FileNotFoundError(
            f"There are no meshes (.npz) in {folder}; "
            "training/mesh_library.py says how they are stored."
        )
    return Library(tuple(sources))


def _words(pairs: np.ndarray) -> np.ndarray:
    return pairs[0].astype(np.uint16) | (pairs[1].astype(np.uint16) << 8)
