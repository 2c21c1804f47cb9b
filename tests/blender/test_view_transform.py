"""Pictures saved through Blender's view transforms come back as the light they show."""

import bpy
import numpy as np
import pytest

from tests.blender.tools import estimate

GREYS = np.logspace(-7, 1.5, 64, base=2.0).astype(np.float32)


def saved(make_image, light, path, depth="8", scene=None):
    """Save linear light as an artist does, and open the file."""
    image = make_image(light, "light", is_float=True)
    scene = scene or bpy.context.scene
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", depth
    scene.render.dither_intensity = 0.0
    image.save_render(str(path), scene=scene)
    bpy.data.images.remove(image)
    return bpy.data.images.load(str(path))


def sent(fake, image, encoding):
    chosen = bpy.context.scene.clone_normals
    chosen.add_card = chosen.add_gaussians = chosen.add_sun = False
    chosen.encoding = encoding
    with fake() as backend:
        estimate(image.name)
    assert backend.seen.submits[0].transfer == "linear"
    assert backend.seen.arrays[0]["picture"].dtype == np.float32
    return backend.seen.arrays[0]["picture"][..., :3]


def ramp(values=GREYS):
    return np.broadcast_to(values[None, :, None], (8, len(values), 3)).copy()


@pytest.mark.parametrize("transform", ["AgX", "Filmic", "Standard"])
def test_greys_come_back_within_one_percent(fake, make_image, tmp_path, transform):
    bpy.context.scene.view_settings.view_transform = transform
    greys = GREYS[GREYS < 1.0] if transform == "Standard" else GREYS
    image = saved(make_image, ramp(greys), tmp_path / "a.png", "16")
    np.testing.assert_allclose(sent(fake, image, transform), ramp(greys), rtol=0.01)


@pytest.mark.parametrize("transform", ["AgX", "Filmic", "Standard"])
def test_eight_bit_greys_come_back_to_half_a_code(fake, make_image, tmp_path, transform):
    scene = bpy.context.scene
    scene.view_settings.view_transform = transform
    light = ramp(GREYS[GREYS < 1.0])
    image = saved(make_image, light, tmp_path / "a.png")
    assert not image.is_float
    again = saved(make_image, sent(fake, image, transform), tmp_path / "b.png")
    values = [np.array(item.pixels[:]) * 255 for item in (image, again)]
    np.testing.assert_allclose(*values, atol=0.51)


def test_a_choice_counts_whatever_space_the_bytes_were_opened_in(fake, make_image):
    codes = np.linspace(0, 1, 64, dtype=np.float32)
    image = make_image(ramp(codes), colorspace="Filmic Log")
    assert not image.is_float
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(sent(fake, image, "Standard"), ramp(light), atol=0.01)


def test_the_scenes_own_look_exposure_gamma_and_curves(fake, make_image, tmp_path):
    view = bpy.context.scene.view_settings
    view.view_transform, view.look = "AgX", "AgX - Punchy"
    view.exposure, view.gamma = 0.7, 1.2
    greys = GREYS[(GREYS > 2**-5) & (GREYS < 1.0)]
    image = saved(make_image, ramp(greys), tmp_path / "a.png", "16")
    np.testing.assert_allclose(sent(fake, image, "SCENE"), ramp(greys), rtol=0.01)
    view.exposure = 1.7
    np.testing.assert_allclose(sent(fake, image, "SCENE"), ramp(greys) / 2, rtol=0.01)
    view.use_curve_mapping = True
    for height in (0.5, 0.6):  # the second time only the curve is another
        view.curve_mapping.curves[0].points.new(0.4, height)
        view.curve_mapping.update()
        bent = saved(make_image, ramp(greys), tmp_path / f"{height}.png", "16")
        np.testing.assert_allclose(sent(fake, bent, "SCENE"), ramp(greys), rtol=0.01)
    assert [scene.name for scene in bpy.data.scenes] == [bpy.context.scene.name]


@pytest.mark.parametrize(
    ("transform", "mean", "worst"),
    [("AgX", 0.07, 0.55), ("Filmic", 0.001, 0.001), ("Standard", 0.001, 0.001)],
)
def test_saturated_colors_come_back(fake, make_image, tmp_path, transform, mean, worst):
    bpy.context.scene.view_settings.view_transform = transform
    random = np.random.default_rng(5)
    brightest = random.uniform(0.05, 0.9, (32, 32, 1))
    others = random.uniform(0.1, 1.0, (32, 32, 3))
    colors = (brightest * others / others.max(-1, keepdims=True)).astype(np.float32)
    image = saved(make_image, colors, tmp_path / "a.png", "16")
    off = np.abs(sent(fake, image, transform) - colors).max(-1) / brightest[..., 0]
    assert off.mean() < mean and off.max() < worst


def test_light_and_data_are_left_alone(fake, make_image):
    light = make_image(ramp(), "light", is_float=True)
    np.testing.assert_array_equal(sent(fake, light, "AgX"), ramp())


def test_an_image_whose_color_space_names_the_transform(fake, make_image, tmp_path):
    bpy.context.scene.view_settings.view_transform = "AgX"
    light = ramp(GREYS[(GREYS > 0.05) & (GREYS < 1.0)])
    image = saved(make_image, light, tmp_path / "a.png")
    image.colorspace_settings.name = "AgX Base sRGB"
    np.testing.assert_allclose(sent(fake, image, "IMAGE"), light, rtol=0.03)


def test_what_the_scene_does_comes_back_whatever_srgb_is_called(fake, make_image, tmp_path):
    image = saved(make_image, ramp(GREYS[GREYS < 1.0]), tmp_path / "a.png")
    image.colorspace_settings.name = srgb_name()
    again = saved(make_image, sent(fake, image, "SCENE"), tmp_path / "b.png")
    again.colorspace_settings.name = srgb_name()
    values = [np.array(item.pixels[:]) * 255 for item in (image, again)]
    np.testing.assert_allclose(*values, atol=0.51)


def test_standard_comes_back_also_where_no_view_is_called_so(fake, make_image):
    image = make_image(np.full((8, 8, 3), 128 / 255), "grey", colorspace=srgb_name())
    np.testing.assert_allclose(sent(fake, image, "Standard"), 0.21586, rtol=0.001)


def srgb_name():
    """Return what this color management calls sRGB."""
    names = bpy.types.ColorManagedInputColorspaceSettings.bl_rna.properties["name"].enum_items
    return next(name for name in ("sRGB", "sRGB - Texture") if name in names)


def test_white_is_not_brighter_than_the_transform_can_tell(fake, make_image):
    image = make_image(np.ones((8, 8, 3), np.float32), "white")
    np.testing.assert_allclose(sent(fake, image, "Standard"), 1.0, rtol=0.01)
