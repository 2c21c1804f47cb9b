"""Light stacks of one's own: read, framed, lit by known or found lights, and learned from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file

from backend.camera import camera_from_fov, view_rays
from backend.config import EngineConfig
from backend.conventions import flip_axes
from backend.geometry import normalize
from backend.image import linear_to_srgb
from backend.model import Clone
from training.ceiling import photometric_stereo
from training.checkpoint import load_averaged
from training.loader import lesson_of, plain_lesson
from training.packs import pack_path, read_pack, write_pack
from training.photometric import variable_projection
from training.render import Blends, StackOf, blends, stack
from training.scenes.random import Dice
from training.sources import SourceConfig
from training.stacks.__main__ import StacksConfig, run
from training.stacks.lights import found_lights
from training.stacks.packing import framed, pack_of, spread, square_around
from training.stacks.reading import read_stack, stack_folders
from training.train import TrainConfig
from training.train import run as train
from training.validation import ValidationConfig

from .scenes import sphere_normals

CPU = torch.device("cpu")
TOWARD = normalize(
    torch.tensor(
        [[0.0, -0.5, -1], [0.6, 0.1, -1], [-0.5, -0.2, -1], [0.1, 0.6, -1], [0.3, -0.9, -1]]
    )
)


def shaded(size: int = 72) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a painted sphere left of the middle under each light, its normals and mask."""
    normals, mask = sphere_normals(size, radius=0.6)
    paint = 0.4 + 0.3 * torch.sin(torch.arange(size) / 4.0)
    lit = torch.einsum("hwc,kc->khw", normals, TOWARD).clamp_min(0)
    pictures = (lit * paint * mask)[..., None] * torch.tensor([1.0, 0.8, 0.6])
    shifted = (values.roll(-8, d) for values, d in ((pictures, 2), (normals, 1), (mask, 1)))
    return tuple(shifted)


@pytest.fixture
def folder(tmp_path):
    """Write the sphere as a user would: five PNG, a mask, known lights."""
    pictures, _, mask = shaded()
    folder = tmp_path / "stacks" / "ball"
    folder.mkdir(parents=True)
    for index, picture in enumerate(pictures):
        pixels = (linear_to_srgb(picture) * 255).round().byte().numpy()
        Image.fromarray(pixels).save(folder / f"{index}.png")
    Image.fromarray(mask.numpy()).save(folder / "mask.png")
    wire = flip_axes(TOWARD).tolist()
    facts = {"directions": {f"{k}.png": wire[k] for k in range(len(wire))}}
    (folder / "lights.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Clone(EngineConfig()).eval()


def test_a_stack_tells_its_normals(folder, model):
    """Photometric stereo of the pack gives the sphere back, in the middle of its square."""
    read = read_stack(folder, 0.0, linear=False)
    pack, found = pack_of(read, 64, 16, model)
    assert found is None and pack.kind == "object" and pack.fov_degrees == 0
    torch.testing.assert_close(torch.tensor(pack.directions), TOWARD)
    lesson = plain_lesson([pack], 64)
    _, normals, mask = shaded()
    truth = framed(normals, square_around(mask, False), 64)
    inside = lesson.inside[0] & (lesson.single_lights[0].amin(0) > 0.02)
    assert inside.float().mean() > 0.1
    # the square of the lesson is the product's, tighter than the pack's: compare with the best
    found = photometric_stereo(lesson)[0]
    assert variable_projection(found[None], lesson, "square").loss < 0.01
    middle = found[inside].mean(0)
    assert middle[2] < -0.7 and abs(float(middle[0])) < 0.2
    assert float(truth[32, 32, 2]) < -0.99


@given(seed=st.integers(0, 1000), count=st.integers(5, 9))
def test_lights_are_found_by_true_normals_and_turn_with_wrong_ones(seed, count):
    g = torch.Generator().manual_seed(seed)
    normals, mask = sphere_normals(40)
    normals = normals[mask]
    turn = torch.linspace(0, 2 * torch.pi, count + 1)[:-1]
    height = 0.8 + torch.rand(count, generator=g)
    toward = normalize(torch.stack([turn.cos(), turn.sin(), -height], -1))
    strength = 0.5 + torch.rand(count, generator=g)
    paint = 0.2 + 0.8 * torch.rand(len(normals), 1, generator=g)
    light = paint * strength * (normals @ toward.T).clamp_min(0)
    found = found_lights(normals, light)
    assert ((found.directions * toward).sum(1) > 0.998).all() and found.unexplained < 0.05
    torch.testing.assert_close(found.strengths, strength / strength.mean(), atol=0.05, rtol=0.05)
    axis, _ = torch.linalg.qr(torch.randn(3, 3, generator=g))
    turned = found_lights(normals @ axis, light)
    torch.testing.assert_close(turned.directions, found.directions @ axis, atol=1e-2, rtol=1e-2)


def test_unknown_lights_of_unequal_strength_become_equal(folder, model, monkeypatch):
    (folder / "lights.json").write_text(json.dumps({"fov_degrees": 0}))
    read = read_stack(folder, 0.0, linear=False)
    uneven = torch.tensor([1.0, 0.4, 1.0, 0.6, 1.0])[:, None, None, None]
    _, normals, mask = shaded()
    seen = framed(normals, square_around(mask, False), 128)[None].expand(6, -1, -1, -1)
    pack = pack_of(read, 128, 16, model)[0]
    # a model that sees the truth, in the window in which it is asked
    window = plain_lesson([pack], 128)
    assert window.inside.any()

    def truth(_, lesson):
        inside = lesson.inside[0]
        rows, columns = inside.any(1).nonzero()[:, 0], inside.any(0).nonzero()[:, 0]
        y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
        middle = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
        radius = (rows[-1] - rows[0] + 2) / 2
        flat = torch.stack([(x - middle[1]) / radius, (y - middle[0]) / radius], -1)
        z = -(1 - flat.square().sum(-1)).clamp_min(0).sqrt()
        return normalize(torch.cat([flat, z[..., None]], -1)).expand(len(seen), -1, -1, -1)

    monkeypatch.setattr("training.stacks.packing.answer", truth)
    pack, found = pack_of(replace(read, pictures=read.pictures * uneven), 128, 16, model)
    assert found is not None
    assert ((found.directions * TOWARD).sum(1) > 0.99).all()
    expected = uneven.flatten() / uneven.mean()
    torch.testing.assert_close(found.strengths, expected, atol=0.05, rtol=0.05)
    plain = pack_of(replace(read, directions=TOWARD), 128, 16, model)[0]
    assert np.abs(pack.lights.astype(int) - plain.lights).mean() < 6


def test_perspective_keeps_the_middle_and_narrows_the_view(folder, model):
    read = read_stack(folder, 40.0, linear=False)
    pack = pack_of(read, 64, 16, model)[0]
    square = square_around(read.mask, centred=True)
    assert square.top + square.side // 2 == square.left + square.side // 2 == 36
    ours = view_rays(camera_from_fov(64, 64, pack.fov_degrees))[0, 0, 0]
    whole = view_rays(camera_from_fov(72, 72, 40.0))[0]
    edge = whole[0, 0] + (whole[1, 0] - whole[0, 0]) * (square.left - 0.5 + square.side / 128)
    torch.testing.assert_close(ours, edge, atol=1e-4, rtol=1e-3)


def test_lights_are_chosen_far_from_each_other():
    near = normalize(torch.tensor([[0.0, 0, -1], [0.01, 0, -1], [0.02, 0, -1], [1.0, 0, -1]]))
    assert spread(near, 2) == [0, 3] and spread(near, 9) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: Image.new("RGB", (9, 9)).save(f / "0.png"), "differ in size"),
        (lambda f: (f / "lights.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "lights.json").write_text('{"directions": {"0.png": [0, 0, 1]}}'), "1.png"),
        (lambda f: Image.new("L", (72, 72)).save(f / "mask.png"), "mask is empty"),
        (lambda f: Image.new("L", (9, 9), 255).save(f / "mask.png"), "another size"),
        (lambda f: (f / "0.png").write_bytes(b"no"), "not a picture"),
    ],
)
def test_what_is_wrong_with_a_stack_is_said_and_the_others_go_on(folder, change, complaint, caplog):
    good = folder.parent / "good"
    good.mkdir()
    for path in folder.iterdir():
        (good / path.name).write_bytes(path.read_bytes())
    change(folder)
    caplog.set_level("INFO")
    out = folder.parent.parent / "packs"
    assert run(StacksConfig(folder.parent, out, size=32)) == 1
    assert "ball was skipped" in caplog.text and complaint in caplog.text
    assert [path.name for path in out.glob("*.zip")] == ["good.zip"]


def test_an_empty_folder_is_no_stack(tmp_path):
    assert stack_folders(tmp_path) == [] and run(StacksConfig(tmp_path, tmp_path / "out")) == 2


def test_packs_of_any_number_of_lights_share_a_batch(folder, model, tmp_path):
    """Dark lights fill up; loss and gradient stay those of the lights that are there."""
    pack = pack_of(read_stack(folder, 0.0, linear=False), 48, 16, model)[0]
    few = replace(pack, lights=pack.lights[:3], directions=pack.directions[:3])
    both = plain_lesson([pack, few], 32)
    assert both.single_lights.shape[:2] == (2, 5)
    alone = plain_lesson([few], 32)
    normals = normalize(torch.randn(1, 32, 32, 3) - torch.tensor([0, 0, 2.0])).requires_grad_()
    again = normals.detach().expand(2, -1, -1, -1).clone().requires_grad_()
    one = variable_projection(normals, alone)
    two = variable_projection(again, both)
    torch.testing.assert_close(one.residual[0], two.residual[1])
    lesson = lesson_of([pack, few], 32, Dice(1, CPU))
    assert torch.isfinite(lesson.picture).all() and lesson.single_lights.shape[1] == 5


def test_a_model_is_taught_by_stacks_from_exported_weights(folder, model, tmp_path):
    weights = tmp_path / "weights.safetensors"
    save_file({name: value.half() for name, value in model.state_dict().items()}, weights)
    out = tmp_path / "packs"
    assert run(StacksConfig(folder.parent, out, size=48)) == 0
    few = read_pack(out / "ball.zip")
    write_pack(
        pack_path(out, 7), replace(few, lights=few.lights[1:], directions=few.directions[1:])
    )
    config = TrainConfig(
        tmp_path / "run", steps=2, start=weights, validate_every=100, device="cpu",
        source=SourceConfig(packs=(out,), procedural_share=0.5, batch=2, sizes=(32,)),
        validation=ValidationConfig(size=32, scenes=1),
    )  # fmt: skip
    assert train(config).progress.step == 2
    before = load_averaged(weights, EngineConfig()).state_dict()
    after = load_averaged(config.out / "checkpoint.safetensors", EngineConfig()).state_dict()
    name = next(name for name in before if name.startswith("encoder") and before[name].ndim == 4)
    moved = (before[name] - after[name]).abs().max()
    assert 0 < moved < 0.1


def test_blender_is_asked_for_assets_and_stacks(tmp_path):
    """A stand-in for Blender's Python notes what it is told and fails."""
    blender = tmp_path / "python"
    blender.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked; exit 3\n')
    blender.chmod(0o755)
    config = Blends(tmp_path / "assets", tmp_path / "out", views=2, python=blender, hdris=tmp_path)
    assert blends(config) == 3
    assert stack(StackOf(tmp_path / "demo", seed=1_000_005, python=blender)) == 3
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert first.endswith(
        f"blends {tmp_path}/assets {tmp_path}/out 2 --size 160 --hdris {tmp_path}"
    )
    assert second.endswith(f"stack {tmp_path}/demo 1000005 8 2 --size 160")
