"""Google Scanned Objects (Downs et al. 2022), as our own renders of them.

The data set is meshes (``<object>/meshes/model.obj``) and no pictures, so the pictures are ours:
``python -m training.render blends --blends GSO --out PACKS`` photographs every mesh below GSO, and
this reads PACKS: ``*.zip`` with the photograph, ``answers/*.png`` with the normals that Cycles
shaded with.
Not confirmed: that Blender finds a mesh's texture by itself; without it the object is gray.
"""

from pathlib import Path

import numpy as np

from training.cases import Case, Sample
from training.packs import pack_paths, read_answer, read_pack


def cases(root: Path) -> list[Case]:
    """List the renders in a folder."""
    return [
        Case("gso", path.stem, root, "", (), read_pack(path).fov_degrees, (0.5, 0.5), read)
        for path in pack_paths(root)
    ]


def read(case: Case) -> Sample:
    """Read one render."""
    path = case.folder / f"{case.name}.zip"
    pack = read_pack(path)
    normals = read_answer(path) * np.array([1, -1, -1], np.float32)
    return Sample(pack.picture, "srgb", normals, pack.inside, pack.inside)
