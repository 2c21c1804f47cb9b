"""What of a picture is worked on: the object, cut out, and the grid of Gaussians over it."""

from dataclasses import dataclass, replace

import torch

from backend.camera import Camera, camera_from_fov, cropped, resized
from backend.image import Box, Picture, crop, object_box, resize_picture
from backend.model import View
from backend.rasterizer import choose
from shared.settings import EstimateSettings, LightFrom


@dataclass(frozen=True)
class Work:
    """The part of a picture that is worked on, at full resolution and as a view on the grid."""

    part: Picture
    box: Box
    camera: Camera
    """Of the part, at full resolution."""
    view: View
    light_from: LightFrom

    @property
    def seen(self) -> Picture:
        """The part as the grid has it."""
        view = self.view
        return replace(self.part, rgb=view.rgb, mask=view.mask, hints=view.hints)

    @property
    def whole(self) -> View:
        """The part at full resolution, without what was painted."""
        device, part = self.view.rgb.device, self.part
        rgb, mask, camera = part.rgb.to(device), part.mask.to(device), self.camera.to(device)
        return View(rgb, mask, camera, self.view.rasterize)


def prepare(picture: Picture, settings: EstimateSettings, device: torch.device) -> Work:
    """Cut the object out and lay the grid of Gaussians over it."""
    box = object_box(picture.mask)
    part = crop(picture, box)
    height, width = picture.mask.shape
    whole = camera_from_fov(width, height, settings.fov_degrees, settings.principal)
    camera = cropped(whole, box.left, box.top, box.width, box.height)
    small = resize_picture(part, settings.size)
    grid = resized(camera, small.mask.shape[1], small.mask.shape[0])
    hints = None if small.hints is None else small.hints.to(device)
    seen, inside = small.rgb.to(device), small.mask.to(device)
    view = View(seen, inside, grid.to(device), choose(device), hints)
    return Work(part, box, camera, view, settings.light_from)
