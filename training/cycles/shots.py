"""Photographs and single-light pictures of a stage, as arrays."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import bpy
import numpy as np
import OpenEXR
from mathutils import Matrix, Vector

from training.cycles import lamps
from training.cycles.materials import coat_matte
from training.cycles.placing import Stage
from training.packs import Pack, SecondView

OPENCV = np.diag([1.0, -1.0, -1.0])
"""From Blender's camera axes to OpenCV's."""
SOLID = 0.95
"""Alpha from which a pixel is surface."""


@dataclass(frozen=True)
class Quality:
    """How scenes are rendered."""

    size: int = 160
    samples: int = 12
    light_samples: int = 4
    threads: int = 1


@dataclass(frozen=True)
class Shot:
    """One rendering; linear light."""

    rgb: np.ndarray
    alpha: np.ndarray
    normals: np.ndarray
    """World space; what the renderer shades with."""


@dataclass(frozen=True)
class Photographed:
    """A scene's pack and what only scores."""

    pack: Pack
    normals: np.ndarray
    """(H, W, 3), OpenCV camera; 0 outside."""


def photograph(
    dice: Random, stage: Stage, hdris: tuple[Path, ...], quality: Quality, second: bool
) -> Photographed:
    """Render everything a pack holds; leaves the scene coated and dark."""
    set_up(quality)
    scene, camera = bpy.context.scene, stage.camera
    scene.camera = camera
    bpy.context.view_layer.update()
    turn = camera.matrix_world.to_3x3().normalized()
    worth_seeing = lamps.photographic_world(dice, hdris, turn, indoors=stage.kind == "room")
    shown = worth_seeing and stage.open_air
    picture, exposure = _developed(dice, _picture(quality, transparent=not shown), None)
    view = _second_view(dice, stage, quality, exposure) if second else None
    directions = lamps.sun_directions(dice)
    singles = _single_lights(stage, directions, turn, quality)
    inside = singles[0].alpha > SOLID
    normals = singles[0].normals @ np.asarray(turn) @ OPENCV
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    flat = camera.data.type == "ORTHO"
    pack = Pack(
        kind=stage.kind,
        picture=picture,
        lights=np.stack([encoded(shot.rgb) for shot in singles]),
        inside=inside,
        directions=directions,
        fov_degrees=0.0 if flat else math.degrees(camera.data.angle),
        ortho_width=camera.data.ortho_scale if flat else 0.0,
        view=view,
    )
    return Photographed(pack, (normals * inside[..., None]).astype(np.float32))


def set_up(quality: Quality) -> None:
    """Prepare Cycles and its output."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = quality.size
    scene.render.threads_mode, scene.render.threads = "FIXED", quality.threads
    scene.render.use_persistent_data = True
    scene.cycles.device = "CPU"
    scene.view_layers[0].use_pass_normal = True
    output = scene.render.image_settings
    output.media_type = "MULTI_LAYER_IMAGE"
    output.file_format, output.color_depth = "OPEN_EXR_MULTILAYER", "32"


def _picture(quality: Quality, transparent: bool) -> Shot:
    """Render with everything: all lights, indirect light, gloss; denoised."""
    scene = bpy.context.scene
    scene.render.film_transparent = transparent
    scene.cycles.samples, scene.cycles.max_bounces = quality.samples, 3
    scene.cycles.use_denoising = True
    return rendered()


def _single_lights(
    stage: Stage, directions: tuple[tuple[float, ...], ...], turn: Matrix, quality: Quality
) -> list[Shot]:
    """Coat everything matte and light it by one sun after another, direct light only.

    Walls cast no shadow: a room would otherwise stay dark.
    """
    scene = bpy.context.scene
    scene.render.film_transparent = True
    scene.cycles.samples, scene.cycles.max_bounces = quality.light_samples, 0
    scene.cycles.use_denoising = False
    coat_matte()
    lamps.darkness()
    for wall in stage.walls:
        wall.visible_shadow = False
    sun = lamps.sun()
    shots = []
    for direction in directions:
        lamps.point(sun, direction, turn)
        shots.append(rendered())
    return shots


def _second_view(dice: Random, stage: Stage, quality: Quality, exposure: float) -> SecondView:
    """Walk a few degrees around the target and take the picture again."""
    camera = stage.camera
    first = camera.matrix_world.copy()
    axis = Vector((dice.uniform(-0.5, 0.5), dice.uniform(-0.5, 0.5), 1)).normalized()
    angle = math.radians(dice.uniform(4, 14)) * dice.choice([-1, 1])
    target = Matrix.Translation(stage.target)
    walk = target @ Matrix.Rotation(angle, 4, axis) @ target.inverted()
    camera.matrix_world = walk @ first
    bpy.context.view_layer.update()
    shot = _picture(quality, transparent=True)
    relative = np.asarray(camera.matrix_world.inverted() @ first)
    camera.matrix_world = first
    bpy.context.view_layer.update()
    rotation = OPENCV @ relative[:3, :3] @ OPENCV
    return SecondView(
        picture=_developed(dice, shot, exposure)[0],
        inside=shot.alpha > SOLID,
        rotation=tuple(tuple(map(float, row)) for row in rotation),
        translation=tuple(map(float, OPENCV @ relative[:3, 3])),
    )


def rendered() -> Shot:
    """Render the scene as it stands."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shot.exr"
        bpy.context.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        channels: dict[str, np.ndarray] = {}
        for part in OpenEXR.File(str(path)).parts:
            channels |= {name: channel.pixels for name, channel in part.channels.items()}
    combined = channels["ViewLayer.Combined"]
    normals = np.stack([channels[f"ViewLayer.Normal.{axis}"] for axis in "XYZ"], axis=-1)
    return Shot(combined[..., :3], combined[..., 3], normals)


def _developed(dice: Random, shot: Shot, exposure: float | None) -> tuple[np.ndarray, float]:
    """Expose a picture so that its brightest twentieth is at 0.4 to 1.2 of white, and encode it."""
    if exposure is None:
        solid = shot.rgb[shot.alpha > SOLID]
        bright = float(np.quantile(solid.mean(-1), 0.95)) if len(solid) else 1.0
        exposure = dice.uniform(0.4, 1.2) / max(bright, 1e-4)
    return encoded(shot.rgb * exposure), exposure


def encoded(linear: np.ndarray) -> np.ndarray:
    """Encode linear light as 8-bit sRGB."""
    clipped = np.clip(np.nan_to_num(linear), 0, 1)
    srgb = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.round(srgb * 255).astype(np.uint8)
