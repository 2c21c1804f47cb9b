"""Files of a mesh library, written by its description, for tests."""

from pathlib import Path

import numpy as np

UNIT = 32767
CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / np.sqrt(3)
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
FACES = np.array([face for a, b, c, d in SIDES for face in ((a, b, c), (a, c, d))])


def bytes_of(words: np.ndarray) -> np.ndarray:
    """Split 16-bit words into a row of low and one of high bytes."""
    return np.stack([words & 255, words >> 8]).astype(np.uint8)


def ordered(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices in the order of first use, and the faces in those numbers."""
    order = list(dict.fromkeys(faces.ravel().tolist()))
    number = {vertex: place for place, vertex in enumerate(order)}
    return np.array(order), np.vectorize(number.get)(faces)


def coded_faces(faces: np.ndarray) -> np.ndarray:
    """Write each index as how far it lies back from the next new one; 0 is that one."""
    seen, back = 0, []
    for index in faces.ravel().tolist():
        back.append(0 if index == seen else seen - index)
        seen += index == seen
    return np.array(back)


def write_cubes(path: Path, held_out: dict[str, bool]) -> None:
    """Write a file of cubes in two parts, each as wide as its place in the list says."""
    order, faces = ordered(FACES)
    steps, starts = [], []
    for place in range(len(held_out)):
        whole = np.round(CUBE[order] * [1 / (place + 1), 1, 1] * UNIT).astype(np.int64)
        steps.append(np.diff(whole, axis=0, prepend=0).T & 65535)
        starts.append(place * len(order))
    count, sides = len(held_out), len(faces)
    np.savez_compressed(
        path,
        vertices=bytes_of(np.concatenate(steps, axis=1)),
        faces=bytes_of(np.tile(coded_faces(faces), count)),
        material=np.tile((np.arange(sides) >= sides // 2).astype(np.uint8), count),
        colors=np.tile(np.array([[200, 40, 40], [40, 200, 40]], np.uint8), (count, 1)),
        vertex_start=np.array(starts), vertex_stop=np.array(starts) + len(order),
        face_start=np.arange(count) * sides, face_stop=np.arange(1, count + 1) * sides,
        color_start=np.arange(count) * 2, color_stop=np.arange(1, count + 1) * 2,
        name=np.array(list(held_out)), held_out=np.array(list(held_out.values())),
    )  # fmt: skip
