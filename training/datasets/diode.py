"""DIODE (Vasiljevic et al. 2019): laser-scanned rooms and streets.

Confirmed by the data set's own devkit: ``<split>/<indoors|outdoor>/scene_*/scan_*/NAME.png``
(1024 × 768) with ``NAME_depth.npy`` (metres, one channel), ``NAME_depth_mask.npy`` (1 is valid)
and, from the archive *DIODE Normal*, normal maps; intrinsics fx 886.81, fy 927.06, cx 512, cy 384.

Assumed: the normals' file is called ``NAME_normal.npy`` and holds (H, W, 3), 0 where unknown. Their
axes are not documented, so they are read off the data: of the eight combinations of signs the one
is taken that agrees best with the differentiated depth. An estimate has square pixels; the
camera's are 4.5 % wider than high, which is left out.
"""

import itertools
from pathlib import Path

import numpy as np

from backend.files import read_picture
from training.cases import Case, Sample
from training.datasets.geometry import field_of_view, normals_of_depth, principal_point

FOCAL, CENTRE = (886.81, 927.06), (512.0, 384.0)
SIZE = (1024, 768)


def cases(root: Path) -> list[Case]:
    """List the pictures that have normals below a folder."""
    width, height = SIZE
    fov, principal = field_of_view(FOCAL[0], width), principal_point(*CENTRE, width, height)
    found = sorted(root.rglob("*_normal.npy"))
    return [
        Case(
            "diode",
            path.name.removesuffix("_normal.npy"),
            path.parent,
            "",
            (),
            fov,
            principal,
            read,
        )
        for path in found
    ]


def read(case: Case) -> Sample:
    """Read one picture with its normals."""
    base = case.folder / case.name
    picture = read_picture(base.with_name(f"{case.name}.png"))
    depth = np.load(base.with_name(f"{case.name}_depth.npy")).squeeze()
    valid = np.load(base.with_name(f"{case.name}_depth_mask.npy")).squeeze() > 0
    given = np.load(base.with_name(f"{case.name}_normal.npy")).astype(np.float32)
    length = np.linalg.norm(given, axis=-1, keepdims=True)
    unit = given / np.maximum(length, 1e-6)
    # on a smaller copy the camera is smaller, too
    scale = depth.shape[1] / SIZE[0]
    focal, centre = ((a * scale, b * scale) for a, b in (FOCAL, CENTRE))
    coarse, sure = normals_of_depth(depth, valid, focal, centre)
    mask = valid & (length[..., 0] > 0.5)
    return Sample(
        picture.pixels, picture.transfer, unit * _signs(unit, coarse, sure & mask), mask, None
    )


def _signs(given: np.ndarray, coarse: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return the signs of the axes with which given normals agree with those of the depth."""
    agreement = (given * coarse)[sure].sum(0)
    choices = [np.array(signs, np.float32) for signs in itertools.product((1, -1), repeat=3)]
    return max(choices, key=lambda signs: float((agreement * signs).sum()))
