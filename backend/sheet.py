"""Contact sheets: pictures side by side with captions, for people who would rather look."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from backend.camera import Camera, camera_from_fov
from backend.gaussians import Gaussians
from backend.geometry import rotations
from backend.outputs import encode_normals, encode_srgb
from backend.rasterizer import Rasterizer

CELL = 320
CAPTION = 26
MARGIN = 8
GROUND = (24, 24, 26)


@dataclass(frozen=True)
class Panel:
    """One captioned picture: (H, W) or (H, W, 3) display values in 0..1."""

    caption: str
    pixels: np.ndarray


def contact_sheet(panels: list[Panel], columns: int, cell: int = CELL) -> Image.Image:
    """Lay panels out in rows of equal cells, ``cell`` pixels wide and high."""
    rows = -(-len(panels) // columns)
    step_x, step_y = cell + MARGIN, cell + CAPTION + MARGIN
    sheet = Image.new("RGB", (columns * step_x + MARGIN, rows * step_y + MARGIN), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=15)
    for index, panel in enumerate(panels):
        x = MARGIN + index % columns * step_x
        y = MARGIN + index // columns * step_y
        draw.text((x + 2, y + 3), panel.caption, fill=(225, 225, 225), font=font)
        picture = _fitted(panel.pixels, cell)
        left, top = (cell - picture.width) // 2, (cell - picture.height) // 2
        sheet.paste(picture, (x + left, y + CAPTION + top))
    return sheet


def result_panels(picture: np.ndarray, arrays: Mapping[str, np.ndarray]) -> list[Panel]:
    """Show a result's maps; ``picture`` holds display values."""
    return [
        Panel("picture", picture),
        Panel("normals", encode_normals(arrays["normals"])),
        Panel("albedo", encode_srgb(arrays["albedo"])),
        Panel("shading", encode_srgb(arrays["shading"] * 0.5)),
        Panel("re-rendered", encode_srgb(arrays["rerendered"])),
        Panel("depth, near is bright", _depth_image(arrays["depth"], arrays["confidence"] > 0)),
        Panel("confidence", arrays["confidence"]),
    ]


def side_view(
    arrays: Mapping[str, np.ndarray], rasterize: Rasterizer, degrees: float = 35.0
) -> np.ndarray:
    """Splat the Gaussians as seen from the right, (CELL, CELL, 3) display values."""
    gaussians = Gaussians(
        *(torch.from_numpy(arrays[name]) for name in ("means", "quats", "scales", "opacities"))
    )
    colours = torch.from_numpy(arrays["colours"])
    camera = _side_camera(gaussians, degrees)
    with torch.no_grad():
        rendering = rasterize(gaussians, colours, camera)
    return encode_srgb(rendering.features.numpy())


def _side_camera(gaussians: Gaussians, degrees: float) -> Camera:
    """Look at the middle of a cloud given in wire axes, turned about the vertical."""
    low, high = gaussians.means.quantile(0.01, 0), gaussians.means.quantile(0.99, 0)
    centre, size = (low + high) / 2, float((high - low).max())
    half = torch.deg2rad(torch.tensor(degrees / 2))
    turned = rotations(torch.stack([half.cos(), torch.tensor(0.0), -half.sin(), torch.tensor(0.0)]))
    to_opencv = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    viewmat = torch.eye(4)
    viewmat[:3, :3] = to_opencv @ turned
    viewmat[:3, 3] = torch.tensor([0.0, 0.0, 2.6 * size]) - viewmat[:3, :3] @ centre
    camera = camera_from_fov(CELL, CELL, 28.0)
    return Camera(camera.intrinsics, viewmat, CELL, CELL)


def _depth_image(depth: np.ndarray, inside: np.ndarray) -> np.ndarray:
    near, far = np.quantile(depth[inside], [0.01, 0.99]) if inside.any() else (0.0, 1.0)
    return np.where(inside, 1 - (depth - near) / max(1e-6, far - near), 0.0).clip(0.0, 1.0)


def _fitted(pixels: np.ndarray, cell: int) -> Image.Image:
    values = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    picture = Image.fromarray((values[..., :3].clip(0, 1) * 255 + 0.5).astype(np.uint8))
    scale = cell / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)
