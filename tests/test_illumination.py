import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend.config import KernelConfig, LightConfig
from backend.geometry import normalize
from backend.illumination import (
    Illumination,
    ModulationKernel,
    faint_lobe,
    gloss,
    harmonics,
    irradiance,
    modulation,
    neutral_kernel,
)
from backend.light_solve import Observations, solve_light, to_gauge

from .scenes import sphere_normals

CONFIG = KernelConfig()
CPU = torch.device("cpu")


def light(direction=(-0.4, -0.5, -0.75), sun=0.8) -> Illumination:
    ambient = torch.zeros(9, 3)
    ambient[0], ambient[1], ambient[2] = 0.5, -0.1, -0.05
    colour = sun * torch.tensor([1.0, 0.9, 0.8])
    return Illumination(ambient, normalize(torch.tensor(direction)), colour)


def test_harmonics_are_orthogonal_over_the_sphere():
    g = torch.Generator().manual_seed(0)
    normals = normalize(torch.randn(200_000, 3, generator=g))
    basis = harmonics(normals)
    gram = basis.T @ basis / len(normals)
    scale = gram.diagonal().sqrt()
    torch.testing.assert_close(gram / scale / scale[:, None], torch.eye(9), atol=0.02, rtol=0)


@given(st.floats(0.1, 5.0))
def test_shading_is_linear_in_the_light(factor):
    normals, _ = sphere_normals(16)
    ones = torch.ones(16, 16, 2)
    one = irradiance(normals, light(), ones)
    scaled = Illumination(
        light().ambient * factor, light().sun_direction, light().sun_colour * factor
    )
    torch.testing.assert_close(irradiance(normals, scaled, ones), one * factor)


def test_a_neutral_kernel_changes_nothing():
    kernel = neutral_kernel(CONFIG, torch.Generator().manual_seed(0), CPU)
    positions = torch.rand(50, 2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(modulation(kernel, positions, CONFIG), torch.ones(50, 2))


@given(st.integers(0, 1000), st.floats(0.1, 1e4))
def test_the_kernel_keeps_its_bounds_whatever_its_parameters(seed, size):
    g = torch.Generator().manual_seed(seed)
    kernel = ModulationKernel(
        *(size * torch.randn(shape, generator=g) for shape in ((2, 8), (8, 2), (8,), (8, 2), (8,)))
    )
    values = modulation(kernel, torch.rand(100, 2, generator=g), CONFIG)
    assert (values - 1).abs().max() <= CONFIG.largest_sum + 1e-5


def test_the_kernel_has_a_gradient_at_neutral():
    kernel = neutral_kernel(CONFIG, torch.Generator().manual_seed(0), CPU)
    kernel.weights.requires_grad_()
    modulation(kernel, torch.rand(50, 2), CONFIG).square().sum().backward()
    assert (kernel.weights.grad.abs() > 0).all()


def test_gloss_peaks_where_the_surface_mirrors_the_sun():
    normals, _ = sphere_normals(64)
    rays = torch.tensor([0.0, 0.0, 1.0]).expand(64, 64, 3)
    highlight = gloss(normals, rays, light(), faint_lobe(CPU), torch.ones(64, 64, 2))[..., 0]
    peak = normals.flatten(0, 1)[highlight.flatten().argmax()]
    half = normalize(light().sun_direction - rays[0, 0])
    assert (peak * half).sum() > 0.99


def observe(truth: Illumination, shadow: bool = False) -> Observations:
    normals, mask = sphere_normals(64)
    inside = normals[mask]
    ones = torch.ones(len(inside), 2)
    albedo = torch.tensor([0.7, 0.6, 0.5]).expand(len(inside), 3)
    radiance = albedo * irradiance(inside, truth, ones)
    if shadow:
        radiance = torch.where(
            (inside[:, :1] > 0.5) & (inside[:, 1:2] > 0.2), radiance * 0.3, radiance
        )
    return Observations(inside, albedo, radiance, ones)


@pytest.mark.parametrize(
    "direction", [(-0.4, -0.5, -0.75), (0.9, 0.1, -0.3), (0.0, -1.0, -0.1), (0.1, 0.0, -1.0)]
)
def test_the_sun_is_found_on_a_sphere(direction):
    truth = light(direction)
    solution = solve_light(observe(truth), LightConfig())
    error = (solution.light.sun_direction @ truth.sun_direction).clamp(-1, 1).acos().rad2deg()
    assert solution.determined and solution.residual < 0.02
    assert error < 8.0


def test_a_cast_shadow_does_not_carry_the_sun_away():
    truth = light()
    found = solve_light(observe(truth, shadow=True), LightConfig()).light.sun_direction
    assert (found @ truth.sun_direction).clamp(-1, 1).acos().rad2deg() < 12.0


def test_on_a_flat_picture_the_light_is_undetermined():
    normals, mask = sphere_normals(64)
    shallow = normalize(normals[mask] * torch.tensor([0.15, 0.15, 1.0]))
    ones = torch.ones(len(shallow), 2)
    albedo = torch.full((len(shallow), 3), 0.5)
    seen = Observations(shallow, albedo, albedo * irradiance(shallow, light(), ones), ones)
    solution = solve_light(seen, LightConfig())
    assert not solution.determined
    assert torch.isfinite(solution.light.ambient).all()


def test_a_pattern_that_repeats_is_looked_at_everywhere():
    """Corrugated in 16 pixels of 256: every 16th pixel of a row has the same slope."""
    down, across = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    slopes = [
        0.8 * torch.sin(2 * torch.pi * across / 16),
        0.8 * torch.sin(2 * torch.pi * down / 23),
    ]
    normals = normalize(torch.stack([*slopes, -torch.ones(256, 256)], -1)).reshape(-1, 3)
    albedo, ones = torch.full((256 * 256, 3), 0.5), torch.ones(256 * 256, 2)
    truth = light((0.6, -0.5, -0.6))
    lit = irradiance(normals, truth, ones)
    found = solve_light(Observations(normals, albedo, albedo * lit, ones), LightConfig()).light
    assert (irradiance(normals, found, ones) - lit).abs().mean() < 0.03


def test_the_sun_is_never_negative():
    seen = observe(light(sun=0.0))
    assert (solve_light(seen, LightConfig()).light.sun_colour >= 0).all()


def test_gauge_fixes_the_mean_irradiance():
    normals, mask = sphere_normals(32)
    gauged, level = to_gauge(light(), normals[mask])
    mean = irradiance(normals[mask], gauged, torch.ones(int(mask.sum()), 2)).mean(0)
    torch.testing.assert_close(mean, torch.ones(3))
    before = irradiance(normals[mask], light(), torch.ones(int(mask.sum()), 2)).mean(0)
    torch.testing.assert_close(level, before)


def test_black_pixels_have_the_priors_light():
    normals = torch.tensor([[0.0, 0.0, -1.0]] * 5)
    black = torch.zeros(5, 3)
    solution = solve_light(Observations(normals, black, black, torch.ones(5, 2)), LightConfig())
    assert all(torch.isfinite(value).all() for value in vars(solution.light).values())
