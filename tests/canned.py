"""Answers of the right shapes, as a backend gives them, without computing anything."""

import numpy as np

from shared.messages import Light, Report, StageTime
from shared.settings import EstimateSettings


def canned_arrays(picture: np.ndarray, settings: EstimateSettings) -> dict[str, np.ndarray]:
    """Return arrays of the right shapes: a relief read off the picture's brightness."""
    values = picture.astype(np.float32) / (255.0 if picture.dtype == np.uint8 else 1.0)
    values = np.nan_to_num(values, posinf=1.0, neginf=0.0).clip(0.0, 1.0)
    height, width = values.shape[:2]
    albedo = values[..., :3] * 0.5 + 0.25
    relief = values[..., :3].mean(-1)
    down, right = np.gradient(relief)
    normals = np.dstack([-12 * right, 12 * down, np.ones_like(relief)])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    ones = np.ones((height, width), np.float32)
    arrays = {
        "normals": normals,
        "depth": 1.0 + 0.1 * (1 - relief),
        "albedo": albedo,
        "shading": np.dstack([ones] * 3),
        "rerendered": albedo,
        "confidence": ones,
    } | canned_gaussians(normals, albedo, relief, settings)
    if settings.height:
        arrays |= {"height": 12 * (relief - relief.mean()), "occlusion": 0.5 + 0.5 * relief}
    return {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}


def canned_preview(picture: np.ndarray) -> np.ndarray:
    """Return the normal map of a picture as 8-bit RGB, its longest side at most 512."""
    every = -(-max(picture.shape[:2]) // 512)
    normals = canned_arrays(picture, EstimateSettings())["normals"][::every, ::every]
    return np.rint(255 * (normals * 0.5 + 0.5)).astype(np.uint8)


def canned_gaussians(
    normals: np.ndarray, albedo: np.ndarray, relief: np.ndarray, settings: EstimateSettings
) -> dict[str, np.ndarray]:
    """Place a Gaussian on each pixel of the working grid."""
    height, width = relief.shape
    scale = min(1.0, settings.size / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    v, u = np.meshgrid(np.arange(rows) + 0.5, np.arange(columns) + 0.5, indexing="ij")
    pick = (v / rows * height).astype(int), (u / columns * width).astype(int)
    x, y = u - settings.principal[0] * columns, settings.principal[1] * rows - v
    if settings.fov_degrees:
        depth = 1.0 + 0.1 * (0.5 - relief[pick])
        focal = columns / 2 / np.tan(np.radians(settings.fov_degrees) / 2)
        x, y, size = x / focal * depth, y / focal * depth, depth / focal
    else:
        pixel = width / columns  # the unit is a pixel of the picture
        x, y, depth = x * pixel, y * pixel, 10.0 * pixel * (1 - relief[pick])
        size = np.full_like(x, pixel)
    number = rows * columns
    thickness = np.stack([0.6 * size, 0.4 * size, 0.05 * size], -1)
    return {
        "means": np.stack([x, y, -depth], -1).reshape(number, 3),
        "quats": np.tile(np.array([1, 0, 0, 0]), (number, 1)),
        "scales": thickness.reshape(number, 3),
        "opacities": np.full(number, 0.9),
        "colours": albedo[pick].reshape(number, 3),
        "gaussian_normals": normals[pick].reshape(number, 3),
        "gaussian_confidence": np.linspace(0, 1, number),
    }


def canned_report(gaussians: int, determined: bool) -> Report:
    """Return a report with a sun from the upper left, toward the viewer."""
    sun = (-0.6, 0.64, 0.48)
    light = Light(determined, 60.0, sun, (1.2, 1.0, 0.8), ((0.5, 0.5, 0.5),) * 9)
    stages = (StageTime("encoding", 0.5), StageTime("fitting", 8.0))
    return Report("shading", "none", "torch", "fake", 100, gaussians, 0.082, 0.013, light, stages)
