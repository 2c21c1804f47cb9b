"""What is called as a result but is the artist's own stays as it is, under a name beside it."""

import bpy
import pytest

from tests.blender.tools import PHOTO, estimate, names, pixels

EVERYTHING = ("add_mesh", "add_world", "add_gaussians", "add_card", "add_sun")
DATA = ("images", "objects", "meshes", "materials", "lights", "worlds")


def an_image(name):
    image = bpy.data.images.new(name, 8, 8)
    image.generated_color = (0.2, 0.4, 0.6, 1.0)
    return image


def a_mesh(name):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    return mesh


def an_object(name):
    thing = bpy.data.objects.new(name, a_mesh("MyMesh"))
    bpy.context.scene.collection.objects.link(thing)
    return thing


def a_material(name):
    return bpy.data.materials.new(name)


def a_world(name):
    return bpy.data.worlds.new(name)


OWN = {
    "photo_normal": an_image,
    "photo_albedo": an_image,
    "photo_sky": an_image,
    "photo_card": an_object,
    "photo_gaussians": a_mesh,
    "photo_surface": an_object,
    "photo relightable": a_material,
    "photo_sun": lambda name: bpy.data.lights.new(name, "SUN"),
    "photo_light": a_world,
}


def fingerprint(data):
    """Return what an estimate would change."""
    if isinstance(data, bpy.types.Image):
        return tuple(data.size), data.source, data.filepath_raw, pixels(data.name).tobytes()
    if isinstance(data, bpy.types.Object):
        return data.data.name, fingerprint(data.data)
    if isinstance(data, bpy.types.Mesh):
        return len(data.vertices), len(data.materials)
    if isinstance(data, bpy.types.Light):
        return data.energy, tuple(data.color)
    return sorted(node.name for node in data.node_tree.nodes) if data.node_tree else None


@pytest.mark.parametrize("name", OWN)
def test_what_the_artist_made_stays_and_makes_room(fake, make_image, name):
    make_image(PHOTO)
    chosen = bpy.context.scene.clone_normals
    for option in EVERYTHING:
        setattr(chosen, option, True)
    own = OWN[name](name)
    before = fingerprint(own)
    with fake():
        estimate()
        assert own.name == f"{name}.old" and fingerprint(own) == before
        made = names()
        assert any(name in getattr(bpy.data, kind) for kind in DATA)
        estimate()
    assert names() == made and own.name == f"{name}.old" and fingerprint(own) == before
