"""Render ``cutout.png``: Blender's monkey, painted in stripes, on transparent ground.

Run inside an environment with bpy: ``python examples/render_cutout.py examples/cutout.png``.
"""

import math
import sys
from pathlib import Path

import bpy

SIZE = 512
SAMPLES = 128


def painted_clay() -> bpy.types.Material:
    """Make a matte material in two colours whose border does not follow the shape."""
    material = bpy.data.materials.new("painted clay")
    nodes, link = material.node_tree.nodes, material.node_tree.links.new
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Roughness"].default_value = 0.75
    wave = nodes.new("ShaderNodeTexWave")
    wave.inputs["Scale"].default_value = 1.3
    wave.inputs["Distortion"].default_value = 3.0
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.interpolation = "CONSTANT"
    ramp.color_ramp.elements[0].color = (0.75, 0.42, 0.24, 1.0)
    ramp.color_ramp.elements[1].color = (0.16, 0.34, 0.42, 1.0)
    ramp.color_ramp.elements[1].position = 0.6
    link(wave.outputs["Fac"], ramp.inputs["Fac"])
    link(ramp.outputs["Color"], surface.inputs["Base Color"])
    return material


def build_scene() -> None:
    """Put the monkey under a sun from the upper left and a gray sky."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_monkey_add(size=2.0, rotation=(-0.15, 0.0, 0.35))
    monkey = bpy.context.object
    monkey.modifiers.new("smooth", "SUBSURF").render_levels = 3
    for polygon in monkey.data.polygons:
        polygon.use_smooth = True
    monkey.data.materials.append(painted_clay())
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.data.angle = 3.0, 0.1
    sun.rotation_euler = (math.radians(50), math.radians(-30), 0.0)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0.0, -6.0, 0.0), (math.pi / 2, 0.0, 0.0)
    camera.data.angle = math.radians(28)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("sky")
    background = next(n for n in scene.world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.5, 0.55, 0.6, 1.0)
    background.inputs["Strength"].default_value = 0.5
    for thing in (sun, camera):
        scene.collection.objects.link(thing)
    scene.camera = camera


def render(path: Path) -> None:
    """Render the scene with transparent ground."""
    settings = bpy.context.scene.render
    settings.engine = "CYCLES"
    settings.film_transparent = True
    settings.resolution_x = settings.resolution_y = SIZE
    settings.image_settings.file_format = "PNG"
    settings.image_settings.color_mode = "RGBA"
    settings.filepath = str(path.resolve())
    bpy.context.scene.cycles.samples = SAMPLES
    bpy.context.scene.view_settings.view_transform = "Standard"
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    build_scene()
    render(Path(sys.argv[1]))
