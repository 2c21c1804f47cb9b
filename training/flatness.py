"""Flat printed pictures must come out flat: an albedo edge is not geometry."""

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from backend.image import decode_picture
from backend.model import Clone
from shared.settings import EstimateSettings
from training.metrics import angular_error
from training.scoring import run_engine, wire_normals


def mean_tilts(settings: EstimateSettings, model: Clone | None) -> dict[str, float]:
    """Return the mean tilt, in degrees, found in pictures of flat things facing the camera."""
    pictures = {
        "page": skimage.data.page(),
        "text": skimage.data.text(),
        "poster": poster(),
    }
    return {name: _tilt(pixels, settings, model) for name, pixels in pictures.items()}


def poster() -> np.ndarray:
    """Draw a poster: flat colours, hard edges, large type."""
    sheet = Image.new("RGB", (360, 480), (238, 226, 204))
    draw = ImageDraw.Draw(sheet)
    draw.ellipse((60, 90, 300, 330), fill=(196, 62, 44))
    draw.rectangle((0, 300, 360, 360), fill=(32, 58, 96))
    draw.polygon([(180, 60), (330, 420), (30, 420)], outline=(20, 20, 20), width=6)
    draw.text((40, 380), "NORMAL", fill=(20, 20, 20), font=ImageFont.load_default(size=64))
    return np.asarray(sheet)


def _tilt(pixels: np.ndarray, settings: EstimateSettings, model: Clone | None) -> float:
    result = run_engine(decode_picture(pixels, "srgb"), settings, model)
    normals = wire_normals(result.maps.normals)
    facing = np.broadcast_to(np.array([0, 0, 1], np.float32), normals.shape)
    return float(angular_error(normals, facing).mean())
