"""The recovered sky lights surfaces as the harmonics say."""

import numpy as np
import pytest

from tests.staging import staged

NORMALS = np.array([
    (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, -1), (0.6, 0, 0.8), (-0.48, 0.64, 0.6),
])  # fmt: skip


def soft_light(seed: int) -> np.ndarray:
    """Ambient harmonics of a sky that is nowhere dark."""
    random = np.random.default_rng(seed)
    bands = np.array([1.0] + [0.25] * 3 + [0.03] * 5)[:, None]
    return bands * np.vstack([np.ones(3), random.uniform(-1, 1, (8, 3))]) + 0.0


def irradiance(sky, normals):
    """What a diffuse surface of albedo 1 shows under it, by adding up the sky's pixels."""
    environment = staged("environment")
    directions = environment.to_camera(environment.sky_directions()).reshape(-1, 3)
    cosine = (normals @ directions.T).clip(min=0.0)
    return cosine @ (environment.solid_angles().reshape(-1, 1) * sky.reshape(-1, 3)) / np.pi


@pytest.mark.parametrize("seed", range(4))
def test_sky_causes_the_irradiance(seed):
    environment, ambient = staged("environment"), soft_light(seed)
    sky = environment.environment(ambient)
    assert sky.shape == (64, 128, 3) and sky.dtype == np.float32
    expected = environment.harmonics(NORMALS) @ ambient
    np.testing.assert_allclose(irradiance(sky, NORMALS), expected, rtol=0.01)


def test_sky_with_black_in_it_still_causes_the_irradiance():
    """One strong lamp: its harmonics ask for less than nothing on the other side."""
    environment = staged("environment")
    lamp = np.array([0.48, 0.64, 0.6])
    spot = environment.to_camera(environment.sky_directions()) @ lamp > 0.9
    true = np.where(spot[..., None], [20.0, 10.0, 5.0], 0.1)
    directions = NORMALS
    sphere = np.random.default_rng(0).normal(size=(4000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    ambient = np.linalg.lstsq(environment.harmonics(sphere), irradiance(true, sphere), rcond=None)[
        0
    ]
    sky = environment.environment(ambient)
    assert (sky >= 0).all() and (sky == 0).any()
    expected = (environment.harmonics(directions) @ ambient).clip(min=0)
    np.testing.assert_allclose(irradiance(sky, directions), expected, atol=0.06 * expected.max())


def test_up_in_the_picture_is_up_in_the_sky_and_the_viewer_is_at_its_back():
    environment = staged("environment")
    above = np.zeros((9, 3))
    above[0], above[1] = 1.0, 0.5
    sky = environment.environment(above)[..., 0]
    assert sky[0].mean() > 3 * sky[-1].mean()
    toward_viewer = np.zeros((9, 3))
    toward_viewer[0], toward_viewer[2] = 1.0, 0.5
    sky = environment.environment(toward_viewer)[..., 0]
    brightest = np.unravel_index(sky.argmax(), sky.shape)
    np.testing.assert_allclose(environment.sky_directions()[brightest], (0, -1, 0), atol=0.06)


def test_pixels_cover_the_whole_sky():
    environment = staged("environment")
    assert environment.solid_angles().sum() == pytest.approx(4 * np.pi)


def test_mean_over_surfaces_that_face_the_viewer():
    environment, ambient = staged("environment"), soft_light(1)
    sphere = np.random.default_rng(0).normal(size=(200_000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    sphere[:, 2] = abs(sphere[:, 2])
    expected = (environment.harmonics(sphere) @ ambient).mean(0)
    np.testing.assert_allclose(environment.facing_average(ambient), expected, rtol=5e-3)
