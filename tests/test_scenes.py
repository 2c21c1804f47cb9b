"""Procedural scenes: what holds for every kind, and the parts whose answers are known."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from backend.geometry import normalize
from backend.image import luminance
from training.ceiling import LEAST_LIGHTS, photometric_stereo
from training.photometric import lit_mask
from training.scenes import KINDS, generate
from training.scenes.generator import exposed
from training.scenes.heights import lit_over_depth
from training.scenes.jpeg import compressed
from training.scenes.noise import values, values_and_slopes, waves
from training.scenes.organic import lump, see_lump
from training.scenes.patterns import PATTERNS
from training.scenes.random import Dice
from training.scenes.reliefs import relief
from training.scenes.shading import light_directions, unlikeliness
from training.scenes.solids import TIP, Planes, Solids, World, first_hit, is_lit
from training.scenes.stages import stage
from training.scenes.surface import eye_at, look, see
from training.scenes.textures import RECIPES, texture

CPU = torch.device("cpu")
SIZE = 40
seeds = st.integers(0, 2**20)
# without shrinking: a failing scene is as telling as a smaller seed
few = settings(max_examples=4, phases=[Phase.explicit, Phase.generate])
each_kind = pytest.mark.parametrize("kind", KINDS)


def _arrays(lesson):
    return [values for values in vars(lesson).values() if isinstance(values, torch.Tensor)]


@each_kind
@given(seed=seeds)
@few
def test_every_kind_is_sound(kind, seed):
    scene = generate(kind, seed, 2, SIZE)
    lesson, normals = scene.lesson, scene.answer.normals
    for array in (*_arrays(lesson), normals):
        assert torch.isfinite(array.float()).all()
    assert lesson.picture.min() >= 0 and lesson.picture.max() <= 1
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(normals.shape[:-1]))
    facing = (normals * normalize(lesson.rays)).sum(-1)
    assert (facing[lesson.inside] < 1e-3).all()
    assert not lesson.single_lights.masked_select(~lesson.inside[:, None]).any()


@each_kind
def test_one_seed_is_one_scene(kind):
    one, again, other = (generate(kind, seed, 2, SIZE) for seed in (5, 5, 6))
    pairs = zip(_arrays(one.lesson), _arrays(again.lesson), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.equal(one.answer.normals, again.answer.normals)
    assert not torch.equal(one.lesson.picture, other.lesson.picture)


@each_kind
@given(seed=seeds)
@few
def test_lights_tell_the_normals(kind, seed):
    scene = generate(kind, seed, 2, SIZE)
    enough = (lit_mask(scene.lesson).sum(1) >= LEAST_LIGHTS) & scene.lesson.inside
    cosine = (photometric_stereo(scene.lesson) * scene.answer.normals).sum(-1).clamp(-1, 1)
    assert torch.rad2deg(cosine.acos())[enough].mean() < 3.0


def test_prints_are_flat_and_printed():
    scene = generate("print", 3, 8, SIZE)
    assert (scene.answer.normals == torch.tensor([0.0, 0.0, -1.0])).all()
    # the same albedo under every light: pictures differ by a factor alone
    lights = scene.lesson.single_lights.flatten(2)
    shares = lights / lights.sum(-1, keepdim=True)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))
    assert lights[:, 0].std(-1).median() > 0.03


def test_masked_things_on_black_are_common():
    scene = generate("organic", 3, 32, 24)
    outside = scene.lesson.picture * ~scene.lesson.inside[..., None]
    black = outside.flatten(1).amax(1) == 0
    assert 0.3 < black.float().mean() < 0.9


def test_slopes_of_waves_are_exact():
    dice = Dice(1, CPU)
    field = waves(dice, 2, 1.0, 0.2)
    points = dice.normal(2, 50, 3).requires_grad_()
    value, slope = values_and_slopes(field, points)
    (numeric,) = torch.autograd.grad(value.sum(), points)
    torch.testing.assert_close(slope, numeric, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(values(field, points), value)


@given(seed=seeds)
@few
def test_lumps_are_round_at_their_outline_and_true_to_their_depth(seed):
    dice = Dice(seed, CPU)
    eye = look(dice, 2, 96, 1.3, from_inside=False)
    surface = see_lump(lump(dice, 2), eye)
    inside = surface.inside.view(2, 1, 96, 96).float()
    core = -torch.nn.functional.max_pool2d(-inside, 3, 1, 1) > 0
    rim = ((inside > 0) & ~core).view(2, -1)
    steepness = (surface.normals * eye.directions).sum(-1).abs()
    # how steep a rim of one pixel is depends on how large the lump is in the picture
    assert steepness[rim].mean() < 0.75 * steepness[core.view(2, -1)].mean()
    # a step to the neighbour stays in the tangent plane, but at edges
    points, normals = surface.points.view(2, 96, 96, 3), surface.normals.view(2, 96, 96, 3)
    both = core.view(2, 96, 96)
    step = points[:, :, 1:] - points[:, :, :-1]
    middle = normalize(normals[:, :, 1:] + normals[:, :, :-1])
    off = ((step * middle).sum(-1).abs() / step.norm(dim=-1))[both[:, :, 1:] & both[:, :, :-1]]
    assert off.quantile(0.8) < 0.05


def test_shadows_over_depth_are_those_of_rays():
    """A ball before a wall, seen so that its shadow's caster is seen too."""
    size = 96
    ball = Solids("ball", torch.zeros(1, 1, 3), torch.eye(3)[None, None], torch.ones(1, 1, 3) * 0.4)
    wall = Planes(torch.tensor([[[0.0, 0.0, -1.0]]]), torch.tensor([[-0.4]]))
    world = World((ball,), wall)
    for width, slope in ((1.0, 0.0), (0.0, 0.5)):
        eye = eye_at(size, torch.tensor([width]), torch.tensor([slope]), torch.tensor([2.0]))
        surface = see(world, eye)
        directions = light_directions(Dice(0, CPU), 1)
        lifted = surface.points + 2e-3 * surface.normals
        true = is_lit(world, lifted, directions)
        found = lit_over_depth(
            eye, surface.points, surface.normals, surface.inside, directions, 0.5, torch.inf
        )
        front = (directions @ surface.normals.mT) > 0.05
        assert (true != found)[front].float().mean() < 0.02
        assert (~true)[front].float().mean() > 0.05


def test_cones_are_hit_on_their_surface():
    dice = Dice(2, CPU)
    cone = Solids("cone", torch.zeros(1, 1, 3), torch.eye(3)[None, None], torch.ones(1, 1, 3))
    world = World((cone,), Planes(torch.tensor([[[0.0, 0.0, 1.0]]]), torch.tensor([[-1e5]])))
    origins = 4 * dice.direction(1, 500)
    directions = normalize(0.5 * dice.normal(1, 500, 3) - origins)
    hit = first_hit(world, origins, directions)
    found = hit.distances < 10
    points = (origins + hit.distances[..., None] * directions)[found]
    radius = (1 + TIP) / 2 - (1 - TIP) / 2 * points[:, 2]
    gap = torch.maximum(points[:, :2].norm(dim=-1) - radius, points[:, 2].abs() - 1)
    assert found.float().mean() > 0.5
    torch.testing.assert_close(gap, torch.zeros_like(gap), atol=1e-4, rtol=0)


def test_reliefs_are_as_steep_as_real_ones():
    normals = relief(Dice(0, CPU), 64, 64).surface.normals
    tilt = torch.rad2deg((-normals[..., 2]).clamp(-1, 1).acos()).mean(1)
    assert 9 < tilt.mean() < 19 and tilt.min() < 5 and tilt.max() > 22


@pytest.mark.parametrize("relief", [True, False])
def test_pictures_of_reliefs_are_lit_from_above_and_others_rather_so(relief):
    dice = Dice(0, CPU)
    directions = light_directions(dice, 500)
    likeliest = unlikeliness(dice, directions, relief).argmin(1)
    x, y, z = directions[torch.arange(500), likeliest].unbind(-1)
    aside = torch.rad2deg(torch.atan2(x, -y)).abs()
    assert ((aside < 70).all() and aside.median() < 30) if relief else aside.max() > 120
    assert aside.mean() < 60 and -z.max() < 0.4 and -z.min() > 0.8


@pytest.mark.parametrize("kind", PATTERNS, ids=lambda kind: kind.make.__name__)
def test_patterns_have_relief_and_paint_in_range(kind):
    dice = Dice(0, CPU)
    across = 6 * dice.uniform(3, 1, 1) + torch.linspace(0, 5, 48).expand(3, 48, 48)
    pattern = kind.make(dice, across, across.mT)
    assert torch.isfinite(pattern.height).all() and (pattern.height.flatten(1).std(1) > 1e-3).all()
    assert pattern.cells.min() >= 0 and pattern.cells.max() <= 1


def test_compression_loses_little_at_high_quality_and_more_at_low():
    picture = generate("pile", 1, 1, SIZE).lesson.picture
    losses = [
        (compressed(picture, torch.tensor([quality])) - picture).abs().mean()
        for quality in (98.0, 60.0, 10.0)
    ]
    assert losses[0] < losses[1] < losses[2] < 0.2
    gray = picture.mean(-1, keepdim=True).expand_as(picture)
    assert (compressed(gray, torch.tensor([100.0])) - gray).abs().max() < 0.02


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.make.__name__)
def test_materials_tile_and_are_as_steep_as_real_ones(recipe):
    size, tilts = 128, []
    for seed in range(4):
        made = texture(Dice(seed, CPU), size, recipe)
        assert torch.isfinite(made.height).all()
        assert made.albedo.min() > 0 and made.albedo.max() < 1
        for field in (made.height, luminance(made.albedo)):
            inner = (field[1:] - field[:-1]).abs().mean(1)
            across = (field[0] - field[-1]).abs().mean()
            assert across <= inner.max() * 1.5
        seen = F.avg_pool2d(made.height[None, None], 2)[0, 0] * size / 2
        down, right = torch.gradient(seen, dim=(0, 1))
        tilts.append(float(torch.rad2deg(torch.hypot(down, right).atan()).mean()))
    assert 0.5 * recipe.tilt < sum(tilts) / len(tilts) < 2 * recipe.tilt


def test_paint_follows_the_relief_of_materials_and_not_of_prints():
    """What lies deep has another color than what stands out."""
    told = []
    for seed in range(24):
        told.append(_seam(_shot("relief", seed)))
    flat = [_seam(_shot("print", seed)) for seed in range(6)]
    assert sum(told) / len(told) > 0.15 and max(flat) == 0


def _shot(kind, seed):
    dice = Dice(seed, CPU)
    return exposed(dice, stage(kind, dice, 1, 64))


def _seam(shot):
    """Correlate how much the paint and the normals change from pixel to pixel."""
    albedo = luminance(shot.lights[0].amax(0)).clamp_min(1e-3).log()
    bend = (shot.normals[0, :, 1:] - shot.normals[0, :, :-1]).norm(dim=-1)
    step = (albedo[:, 1:] - albedo[:, :-1]).abs()
    if not bend.any():
        return 0.0
    return float(torch.corrcoef(torch.stack([bend.flatten(), step.flatten()]))[0, 1])


def test_what_lies_deep_in_a_material_sees_less_of_the_sky():
    told = []
    for seed in range(12):
        set_up = stage("relief", Dice(seed, CPU), 1, 64)
        depth, sky = set_up.surface.points[0, :, 2], set_up.sky[0]
        told.append(float(torch.corrcoef(torch.stack([depth, sky]))[0, 1]))
    assert sum(told) / len(told) < -0.3
