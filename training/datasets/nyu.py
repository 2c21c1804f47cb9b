"""NYU Depth v2 (Silberman et al. 2012): rooms seen by a Kinect, ``nyu_depth_v2_labeled.mat``.

Confirmed by public loaders and the documentation: a MATLAB 7.3 file (HDF5, so axes are reversed)
with ``images`` (N, 3, 640, 480), ``rawDepths`` and ``depths`` (N, 640, 480) in metres along the
axis, ``rawDepths`` as measured (0 is missing), ``depths`` with holes filled in. Intrinsics of the
colour camera from the toolbox's camera_params.m, less 1 for MATLAB's counting. The file has no
normals: they are differentiated from the measured depths and score inside the toolbox's usual
frame only. Kinect depth is coarse; figures on it compare methods and measure none.

Needs h5py (``pip install h5py``).
"""

from pathlib import Path

import numpy as np

from training.cases import Case, Sample
from training.datasets.geometry import field_of_view, normals_of_depth, principal_point

FILE = "nyu_depth_v2_labeled.mat"
FOCAL, CENTRE = (518.8579, 519.4696), (324.5824, 252.7362)
WIDTH, HEIGHT = 640, 480
FRAME = (slice(45, 471), slice(41, 601))
"""Rows and columns in which the registered depth is trusted."""


def cases(root: Path) -> list[Case]:
    """List the labelled pictures."""
    with _opened(root / FILE) as file:
        count = len(file["images"])
    fov, principal = field_of_view(FOCAL[0], WIDTH), principal_point(*CENTRE, WIDTH, HEIGHT)
    return [Case("nyu", f"{i:04d}", root, "", (), fov, principal, read) for i in range(count)]


def read(case: Case) -> Sample:
    """Read one picture with normals from its measured depth."""
    with _opened(case.folder / FILE) as file:
        picture = np.ascontiguousarray(file["images"][int(case.name)].transpose(2, 1, 0))
        depth = file["rawDepths"][int(case.name)].T.astype(float)
    normals, sure = normals_of_depth(depth, depth > 0, FOCAL, CENTRE)
    trusted = np.zeros_like(sure)
    trusted[FRAME] = True
    return Sample(picture, "srgb", normals, sure & trusted, None)


def _opened(path: Path):
    try:
        import h5py  # noqa: PLC0415  an extra that this reader alone needs
    except ImportError as problem:
        raise ValueError("NYU Depth v2 is an HDF5 file; install h5py to read it.") from problem
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path.name} in {path.parent}.")
    return h5py.File(path, "r")
