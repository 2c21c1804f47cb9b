"""Splatting behind one protocol: ``rasterize(gaussians, features, camera) -> Rendering``."""

from backend.rasterizer.engines import choose, warm_up
from backend.rasterizer.protocol import Rasterizer, Rendering

__all__ = ["Rasterizer", "Rendering", "choose", "warm_up"]
