"""The demo's part inside Blender: install the extension, press the button, render the results.

Started by ``demo.py`` in an environment with bpy, its options as JSON.
"""

import atexit
import json
import logging
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

# before bpy is imported: nothing of the person's own Blender is read or written
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="clone-demo-")
atexit.register(shutil.rmtree, os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)

import bpy
import mathutils

MODULE = "bl_ext.user_default.clone_normals"
RENDER_SIDE = 640
SAMPLES = 32


def install(zip_path: Path, run_dir: Path) -> None:
    """Install the extension as *Install from Disk* does, and point it at the running backend."""
    bpy.ops.preferences.addon_enable(module="bl_pkg")
    bpy.ops.extensions.package_install_files(
        filepath=str(zip_path), repo="user_default", enable_on_install=True
    )
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.run_dir = str(run_dir)
    preferences.start_automatically = False


def estimate(picture: Path, options: dict[str, str]) -> str:
    """Load a picture and press *Estimate Normals*; return the name its results begin with."""
    bpy.ops.wm.read_homefile(use_empty=True)
    image = bpy.data.images.load(str(picture))
    chosen = bpy.context.scene.clone_normals
    chosen.steps, chosen.size = int(options["steps"]), int(options["size"])
    if fov := float(options["fov"]):
        chosen.projection, chosen.fov = "FOV", math.radians(fov)
    bpy.ops.image.clone_estimate_normals(image_name=image.name)
    return picture.stem


def look_at(thing: bpy.types.Object, turn_degrees: float) -> None:
    """Place the scene's camera before an object, turned about the vertical."""
    scene = bpy.context.scene
    if scene.camera is None:
        camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        camera.data.type = "ORTHO"
        scene.collection.objects.link(camera)
        scene.camera = camera
    corners = [thing.matrix_world @ mathutils.Vector(corner) for corner in thing.bound_box]
    low = [min(corner[axis] for corner in corners) for axis in range(3)]
    high = [max(corner[axis] for corner in corners) for axis in range(3)]
    centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    turn = math.radians(turn_degrees)
    scene.camera.data.ortho_scale = 1.05 * max(high[0] - low[0], high[2] - low[2])
    scene.camera.location = (
        centre[0] + 5 * math.sin(turn), centre[1] - 5 * math.cos(turn), centre[2],
    )  # fmt: skip
    scene.camera.rotation_euler = (math.pi / 2, 0.0, turn)


def light_from(elevation_degrees: float, azimuth_degrees: float) -> None:
    """Replace every light by one sun: the card is relit, not played back."""
    for thing in [o for o in bpy.context.scene.objects if o.type == "LIGHT"]:
        thing.hide_render = True
    sun = bpy.data.objects.new("demo sun", bpy.data.lights.new("demo sun", "SUN"))
    sun.data.energy, sun.data.angle = 4.0, 0.05
    elevation, azimuth = math.radians(elevation_degrees), math.radians(azimuth_degrees)
    sun.rotation_euler = (math.pi / 2 - elevation, 0.0, azimuth)
    bpy.context.scene.collection.objects.link(sun)


def render(path: Path, only: bpy.types.Object) -> None:
    """Render one object on a transparent ground with Cycles."""
    scene = bpy.context.scene
    for thing in scene.objects:
        if thing.type in {"MESH", "POINTCLOUD"}:
            thing.hide_render = thing is not only
    scene.render.engine = "CYCLES"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = False
    scene.render.film_transparent = True
    scene.render.resolution_x = scene.render.resolution_y = RENDER_SIDE
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    for thing in scene.objects:
        thing.hide_render = False


def main(options: dict[str, str]) -> None:
    """Do the job of the demo inside Blender."""
    logging.basicConfig(level=logging.INFO, format="  %(message)s", stream=sys.stdout)
    folder = Path(options["out"]).resolve()
    install(Path(options["zip_path"]), Path(options["run_dir"]))
    name = estimate(Path(options["picture"]).resolve(), options)
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{name}.blend"))
    cloud, card = (bpy.data.objects[f"{name}_{what}"] for what in ("gaussians", "card"))
    look_at(cloud, 35.0)
    render(folder / f"{name}_cloud.png", only=cloud)
    look_at(card, 0.0)
    light_from(25.0, 60.0)
    render(folder / f"{name}_relit.png", only=card)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
