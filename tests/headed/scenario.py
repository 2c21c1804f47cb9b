"""Inside the headed Blender: install the add-on, show an image, and report what is on the screen.

    scenario.py ZIP RUN_DIR STATE_FILE COMMAND_FILE

Clicks come from outside, by a real mouse; this only sets the stage and keeps STATE_FILE up to date.
A line of Python in COMMAND_FILE is run once, for what a mouse could do only with much effort.
"""

import json
import os
import sys
import zlib
from pathlib import Path

import bpy
import numpy as np

MODULE = "bl_ext.user_default.clone_normals"
TAB = "CLONE Normals"
ZIP, RUN_DIR, STATE, COMMAND = sys.argv[1:5]


def picture(height: int = 480, width: int = 640) -> bpy.types.Image:
    """Make a picture with relief: a lit plaster of round bumps."""
    y, x = np.mgrid[0:height, 0:width] / 80.0 * np.pi
    relief = np.sin(x) * np.sin(y)
    down, right = np.gradient(relief)
    shade = (0.55 - 9 * right + 4 * down).clip(0.05, 1)
    values = np.ones((height, width, 4), np.float32)
    values[..., :3] = shade[..., None] * (0.9, 0.75, 0.6)
    image = bpy.data.images.new("plaster", width, height)
    image.pixels.foreach_set(values.reshape(-1))
    image.pack()
    return image


def install() -> None:
    """Install the zip as a person would from disk."""
    bpy.ops.extensions.package_install_files(
        filepath=ZIP, repo="user_default", enable_on_install=True
    )
    preferences = bpy.context.preferences
    preferences.view.show_splash = False
    preferences.addons[MODULE].preferences.run_dir = RUN_DIR
    preferences.addons[MODULE].preferences.start_automatically = False


def set_stage() -> None:
    """Show an Image Editor and a 3D View side by side, both with their side panel."""
    window = bpy.context.window_manager.windows[0]
    big = max(window.screen.areas, key=lambda area: area.width * area.height)
    region = next(region for region in big.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=big, region=region):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.5)
    views = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    left = min(views, key=lambda area: area.x)
    left.ui_type = "IMAGE_EDITOR"
    left.spaces.active.image = bpy.context.scene.clone_normals.image = picture()
    for area in (left, *views):
        area.spaces.active.show_region_ui = True
    for name in ("Cube", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.ed.undo_push(message="Stage")
    bpy.app.timers.register(report, first_interval=0.5)


def panels() -> list[dict]:
    """Return where the side panels are, in pixels from the screen's upper left, tab selected."""
    window = bpy.context.window_manager.windows[0]
    found = []
    for area in window.screen.areas:
        for region in area.regions:
            if region.type != "UI" or area.type not in {"IMAGE_EDITOR", "VIEW_3D"}:
                continue
            if region.active_panel_category != TAB:
                try:
                    region.active_panel_category = TAB
                except (AttributeError, TypeError):
                    pass  # not possible before it has been drawn once
                area.tag_redraw()
            top = window.height - region.y - region.height
            tab = region.active_panel_category
            found.append({"area": area.type, "left": region.x, "top": top, "tab": tab})
            found[-1] |= {"width": region.width, "height": region.height}
    return found


def shown_image() -> str:
    """Return the name of what the Image Editor shows."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    shown = [area.spaces.active.image for area in areas if area.type == "IMAGE_EDITOR"]
    return shown[0].name if shown and shown[0] else ""


def shown_zoom() -> int:
    """Return how large the Image Editor shows its picture, in percent."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    return next(
        (
            round(area.spaces.active.zoom_percentage)
            for area in areas
            if area.type == "IMAGE_EDITOR"
        ),
        0,
    )


def shown_digest() -> int:
    """Return a number that changes with the file that is packed into the shown image."""
    image = bpy.data.images.get(shown_image())
    return zlib.crc32(image.packed_file.data) if image and image.packed_file else 0


def report() -> float:
    """Write the state, run a command, and come again."""
    command = Path(COMMAND)
    if command.exists():
        text = command.read_text()
        command.unlink()
        exec(text, {"bpy": bpy, "MODULE": MODULE})
    now = sys.modules[f"{MODULE}.session"].current
    state = {
        "phase": now.phase,
        "fraction": now.fraction,
        "trouble": str(now.trouble or ""),
        "connected": now.connected,
        "shown": shown_image(),
        "digest": shown_digest(),
        "zoom": shown_zoom(),
        "images": [image.name for image in bpy.data.images],
        "objects": [thing.name for thing in bpy.data.objects],
        "panels": panels(),
    }
    Path(STATE + ".new").write_text(json.dumps(state))
    os.replace(STATE + ".new", STATE)
    return 0.2


install()
bpy.app.timers.register(set_stage, first_interval=1.0)
