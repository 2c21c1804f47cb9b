"""A folder as the batch command leaves it, and what opens it."""

import json
import sys
from dataclasses import asdict

import bpy
import numpy as np

from shared.settings import EstimateSettings
from tests.blender.conftest import MODULE
from tests.blender.tools import PHOTO, png
from tests.canned import canned_report

INSIDE = np.zeros(PHOTO.shape[:2], bool)
INSIDE[4:20, 5:30] = True
SETTINGS = EstimateSettings(size=32, height=True)


def module(name):
    return sys.modules[f"{MODULE}.{name}"]


def written(folder, name, arrays, determined=True, **extra):
    """Write files as ``backend.outputs`` does, and return the report."""
    albedo = arrays["albedo"]
    display = np.where(
        albedo <= 0.0031308, 12.92 * albedo, 1.055 * np.maximum(albedo, 1e-9) ** (1 / 2.4) - 0.055
    )
    exr = module("exr").encode
    splats = module("splats").Splats(
        *(arrays[part] for part in ("means", "gaussian_normals", "colours", "opacities")),
        *(arrays[part] for part in ("scales", "quats")),
    )
    files = {
        "_normal.exr": exr(arrays["normals"]),
        "_normal.png": png(arrays["normals"] / 2 + 0.5),
        "_albedo.png": png(display),
        "_depth.exr": exr(arrays["depth"]),
        "_confidence.png": png(arrays["confidence"]),
        "_height.exr": exr(arrays["height"]),
        "_occlusion.png": png(arrays["occlusion"]),
        "_gaussians.ply": module("ply").encode(splats),
    }
    for suffix, data in files.items():
        (folder / f"{name}{suffix}").write_bytes(data)
    report = asdict(canned_report(len(splats.means), determined))
    about = {"settings": asdict(SETTINGS), "outputs": [f"{name}{suffix}" for suffix in files]}
    path = folder / f"{name}_report.json"
    path.write_text(json.dumps({**report, **about, **extra}))
    return path


def changed(report, **fields):
    report.write_text(json.dumps(json.loads(report.read_text()) | fields))


def opened(*reports):
    files = [{"name": report.name} for report in reports]
    return bpy.ops.import_scene.clone_results(directory=str(reports[0].parent), files=files)
