"""Python that the headed Blender is told to run: what a mouse could do only with much effort."""

FRAME_ALL = """
for area in bpy.context.window_manager.windows[0].screen.areas:
    if area.type == "VIEW_3D":
        region = next(region for region in area.regions if region.type == "WINDOW")
        area.spaces.active.shading.type = "SOLID"
        area.spaces.active.shading.color_type = "TEXTURE"
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.view3d.view_axis(type="FRONT")
            bpy.ops.view3d.view_all()
"""
OPEN_SEQUENCE = """
from pathlib import Path
bpy.context.preferences.addons[MODULE].preferences.farm = "http://farm.local:8080"
folder = Path(bpy.app.tempdir)
for number in (1, 2):
    still = bpy.data.images.new("still", 64, 64)
    still.file_format, still.filepath_raw = "PNG", str(folder / f"shot_{number:04d}.png")
    still.save()
shot = bpy.data.images.load(str(folder / "shot_0001.png"))
shot.source = "SEQUENCE"
for area in bpy.context.window_manager.windows[0].screen.areas:
    if area.type == "IMAGE_EDITOR":
        area.spaces.active.image = shot
"""
CLOSE_PREFERENCES = """
with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
    bpy.ops.wm.window_close()
"""
OPEN_EVERY_PANEL = """
bpy.context.view_layer.objects.active = bpy.data.objects["plaster_gaussians"]
if bpy.app.version >= (5, 3):
    bpy.context.scene.clone_normals.show_as = "SPLATS"
panels = [cls for cls in bpy.types.Panel.__subclasses__() if cls.__module__.startswith(MODULE)]
panels = [cls for cls in panels if cls.is_registered and cls.bl_region_type == "UI"]
panels.sort(key=lambda cls: hasattr(cls, "bl_parent_id"))
names = {cls: cls.bl_rna.identifier for cls in panels}
for cls in reversed(panels):
    bpy.utils.unregister_class(cls)
for cls, name in names.items():  # by another name, since Blender remembers which ones are closed
    cls.bl_idname, cls.bl_options = name + "_open", set()
    if hasattr(cls, "bl_parent_id"):
        cls.bl_parent_id += "_open"
    bpy.utils.register_class(cls)
"""
SHOW_PREFERENCES = "bpy.ops.preferences.addon_show(module=MODULE)"
