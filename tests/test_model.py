import dataclasses

import pytest
import torch
from safetensors.torch import save_file

from backend.camera import camera_from_fov
from backend.config import EngineConfig, NetworkConfig
from backend.efficientnet import FrozenBatchNorm
from backend.encoder import ContextBlock
from backend.geometry import normalize
from backend.illumination import faint_lobe, neutral_kernel
from backend.model import Clone, Lighting, View, load_model, splat, turn
from backend.rasterizer.torch_engine import TorchRasterizer
from backend.refinement import fuse
from training.checkpoint import load_averaged

from .test_illumination import light

SMALL = EngineConfig(
    networks=NetworkConfig(decoder_widths=(16, 16, 16, 16), features=4, refinement_widths=(8, 16))
)

DEEP = dataclasses.replace(
    SMALL, networks=dataclasses.replace(SMALL.networks, context_depths=(2, 1, 0, 0))
)


def make_view(fov: float, height: int = 14, width: int = 19) -> View:
    g = torch.Generator().manual_seed(0)
    mask = torch.ones(height, width, dtype=torch.bool)
    mask[:2] = False
    rgb = torch.rand(height, width, 3, generator=g)
    return View(rgb, mask, camera_from_fov(width, height, fov), TorchRasterizer())


def make_model() -> Clone:
    torch.manual_seed(0)
    model = Clone(DEEP)
    for module in model.modules():  # past their birth, at which they do nothing
        if isinstance(module, ContextBlock):
            torch.nn.init.normal_(module.mix[2].weight, std=0.1)
        if isinstance(module, FrozenBatchNorm):
            for values in (module.weight, module.running_var):
                torch.nn.init.uniform_(values, 0.5, 2.0)
            for values in (module.bias, module.running_mean):
                torch.nn.init.normal_(values, std=0.2)
    return model


def make_lighting() -> Lighting:
    cpu = torch.device("cpu")
    kernel = neutral_kernel(SMALL.kernel, torch.Generator().manual_seed(0), cpu)
    return Lighting(light(), kernel, faint_lobe(cpu))


@pytest.mark.parametrize("fov", [0.0, 60.0])
def test_one_reprojection_reaches_every_learned_part(fov):
    view, model, lighting = make_view(fov), make_model(), make_lighting()
    for parameter in vars(lighting.kernel).values():
        parameter.requires_grad_()
    encoded = model(view)
    now = turn(encoded.encoding, view, lighting, SMALL, model, encoded.features)
    (now.rerendered - now.splatted.target)[view.mask].abs().mean().backward()
    for name, parameter in model.named_parameters():
        if "confidence" in name:
            continue
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name
    assert lighting.kernel.weights.grad.abs().max() > 0


def test_without_a_model_the_gaussians_normals_are_the_answer():
    view, model = make_view(50.0), make_model()
    encoding = model(view).encoding
    now = turn(encoding, view, make_lighting(), SMALL)
    assert now.refined is None
    torch.testing.assert_close(now.normals, now.splatted.normals)


def test_any_size_and_the_same_answer_twice():
    for size in ((8, 8), (9, 31), (33, 16)):
        view, model = make_view(40.0, *size), make_model()
        a, b = model(view), model(view)
        assert a.encoding.normals.shape == (*size, 3)
        assert torch.equal(a.encoding.normals, b.encoding.normals)


def test_the_gate_chooses_between_the_two_normals():
    a = normalize(torch.randn(5, 5, 3, generator=torch.Generator().manual_seed(0)))
    b = normalize(torch.randn(5, 5, 3, generator=torch.Generator().manual_seed(1)))
    torch.testing.assert_close(fuse(a, b, torch.ones(5, 5)), a)
    torch.testing.assert_close(fuse(a, b, torch.zeros(5, 5)), b)


def test_the_target_is_blurred_as_the_splats_are_and_carries_no_gradient():
    view, model = make_view(0.0), make_model()
    encoding = model(view).encoding
    splatted = splat(encoding, view)
    assert not splatted.target.requires_grad and splatted.albedo.requires_grad
    inside = view.rgb[view.mask]
    assert splatted.target[4:, 2:-2].std() < inside.std()


def test_weights_load_strictly_and_name_what_is_wrong(tmp_path):
    model = make_model()
    weights = {k: v.half() for k, v in model.state_dict().items()}
    save_file(weights, tmp_path / "whole.safetensors")
    loaded, view = load_model(tmp_path / "whole.safetensors", SMALL), make_view(50.0)
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    for name, values in vars(model.eval()(view).encoding).items():
        # folded, the same numbers are rounded in another order, layer after layer
        torch.testing.assert_close(
            getattr(loaded(view).encoding, name), values, atol=1e-4, rtol=1e-4
        )
    key = "gate.layers.0.weight"
    renamed = {("gate.novel" if k == key else k): v for k, v in weights.items()}
    save_file(renamed, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"missing: \['gate.layers.0.weight'\].*gate.novel"):
        load_model(tmp_path / "other.safetensors", SMALL)


def test_the_shipped_size_stays_below_eight_million_parameters():
    for depths in ((0, 0, 0, 0), (4, 3, 0, 0)):  # what ships, and what it may grow to
        networks = NetworkConfig(context_depths=depths)
        model = Clone(EngineConfig(networks=networks))
        assert sum(p.numel() for p in model.parameters()) < 8_000_000


def test_a_model_that_grows_answers_as_before(tmp_path):
    torch.manual_seed(0)
    before, view, path = Clone(SMALL).eval(), make_view(50.0), tmp_path / "young.safetensors"
    save_file(before.state_dict(), path)
    grown = load_averaged(path, DEEP, grow=True)
    assert len(grown.encoder.context[0]) == 2 and not before.encoder.context[0]
    assert torch.equal(grown(view).encoding.normals, before(view).encoding.normals)
    save_file({k: v for k, v in before.state_dict().items() if "heads" not in k}, path)
    with pytest.raises(RuntimeError, match="heads"):
        load_averaged(path, DEEP, grow=True)


def test_a_model_is_as_deep_as_its_weights(tmp_path):
    model, view, path = make_model(), make_view(50.0), tmp_path / "deep.safetensors"
    save_file(model.state_dict(), path)
    for loaded in (load_model(path, SMALL), load_averaged(path, SMALL)):
        assert [len(row) for row in loaded.encoder.context] == [2, 1, 0, 0]
        found = loaded(view).encoding.normals
        expected = model.eval()(view).encoding.normals
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    key = "encoder.context.0.0.norm.weight"
    save_file({k: v for k, v in model.state_dict().items() if k != key}, path)
    with pytest.raises(ValueError, match=key):
        load_model(path, SMALL)


def test_a_context_block_sees_seven_pixels_around_and_no_further():
    block = ContextBlock(8)
    torch.nn.init.normal_(block.mix[2].weight)
    planes = torch.randn(1, 8, 15, 15)
    other = planes.clone()
    other[..., 7, 7] += 1
    changed = (block(planes) != block(other)).any(1)[0]
    assert changed[4:11, 4:11].all() and changed.sum() == 49


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        EngineConfig().loop.patience = 3
