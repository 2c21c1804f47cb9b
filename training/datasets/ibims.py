"""iBims-1 (Koch et al. 2018): rooms scanned by laser, ``ibims1_core_mat/*.mat``.

Confirmed by the benchmark's published evaluation code: each file holds a struct ``data`` with
``rgb`` (H, W, 3), ``depth`` (H, W), 0 where missing, ``mask_invalid`` and ``mask_transp`` (1 is
good) and ``calib``, a 3 × 3 matrix. Public code transposes ``calib`` before use, so the principal
point is taken from whichever side of the diagonal holds it. Assumed: depth runs along the axis, in
any unit, and pixel centres count as integers. There are no normals in it; they
are differentiated from the depth.
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from training.cases import Case, Sample
from training.datasets.geometry import field_of_view, normals_of_depth, principal_point


def cases(root: Path) -> list[Case]:
    """List the scenes below a folder."""
    return [_case(path) for path in sorted(root.rglob("*.mat"))]


def read(case: Case) -> Sample:
    """Read one scene with normals from its depth."""
    data = _data(case.folder / f"{case.name}.mat")
    depth = data["depth"].astype(float)
    known = (depth > 0) & (data["mask_invalid"] > 0) & (data["mask_transp"] > 0)
    normals, sure = normals_of_depth(depth, known, *_camera(data["calib"]))
    return Sample(np.ascontiguousarray(data["rgb"]), "srgb", normals, sure, None)


def _case(path: Path) -> Case:
    data = _data(path)
    height, width = data["depth"].shape
    focal, centre = _camera(data["calib"])
    fov, principal = field_of_view(focal[0], width), principal_point(*centre, width, height)
    return Case("ibims", path.stem, path.parent, "", (), fov, principal, read)


def _data(path: Path) -> np.void:
    return loadmat(path)["data"][0, 0]


def _camera(calib: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return focal lengths and principal point of a matrix that may be transposed."""
    whole = calib + calib.T
    return (float(calib[0, 0]), float(calib[1, 1])), (float(whole[0, 2]), float(whole[1, 2]))
