"""DiLiGenT (Shi et al. 2016): ten objects, each under 96 lights.

Confirmed by public loaders: a folder ``<object>PNG`` each, with ``filenames.txt``, 16-bit pictures
of linear light, ``light_directions.txt``, ``light_intensities.txt`` (red, green, blue a line),
``mask.png`` and ``Normal_gt.mat`` (key ``Normal_gt``); axes x right, y up, z toward the viewer.
One picture is scored: the mean over all lights, each divided by its intensity, exposed so that its
brightest parts are white. Assumed: orthographic (the objects, 20 cm large, stood 1.5 m from a 50 mm
lens; how the pictures were cropped is not documented).
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from backend.files import read_mask, read_picture
from training.cases import Case, Sample

BRIGHT = 0.99
"""Share of the object that is not brighter than white."""


def cases(root: Path) -> list[Case]:
    """List the objects below a folder."""
    found = sorted(path.parent for path in root.rglob("Normal_gt.mat"))
    middle = (0.5, 0.5)
    return [
        Case("diligent", folder.name.removesuffix("PNG"), folder, "", (), 0.0, middle, read)
        for folder in found
    ]


def read(case: Case) -> Sample:
    """Read one object under the mean of its lights."""
    names = (case.folder / "filenames.txt").read_text().split()
    strengths = np.loadtxt(case.folder / "light_intensities.txt", ndmin=2)
    mask = read_mask(case.folder / "mask.png") > 0
    mean = np.zeros((*mask.shape, 3), np.float32)
    for name, strength in zip(names, strengths, strict=True):
        pixels = read_picture(case.folder / name).pixels
        mean += pixels[..., :3] / np.iinfo(pixels.dtype).max / strength / len(names)
    white = max(float(np.quantile(mean[mask].max(-1), BRIGHT)), 1e-6)
    normals = loadmat(case.folder / "Normal_gt.mat")["Normal_gt"].astype(np.float32)
    picture = (mean / white).clip(0, 1).astype(np.float32)
    return Sample(picture, "linear", normals, mask, mask)
