"""The exported networks: the same numbers as in torch, and a runner that never loads it."""

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from backend import __version__, multiscale
from backend.camera import camera_from_fov
from backend.classical import inflate
from backend.image import decode_picture, object_box, srgb_to_linear
from backend.model import WEIGHTS, shipped_model
from backend.outline import GRID
from backend.work import prepare
from benchmarks.feed_forward import apart_on_one_grid
from examples import onnx_estimate
from shared.settings import EstimateSettings
from training.feed_forward import NAMES, FeedForward
from training.metrics import angular_error
from training.onnx_export import INPUTS, OnnxConfig, run
from training.scenes import generate
from training.scoring import run_engine, wire_normals

from .scenes import sphere_picture

ROOT = Path(__file__).parent.parent
WITHOUT_TORCH = (
    "import runpy, sys\n"
    "sys.modules['torch'] = None\n"  # from here on importing it fails
    "runner = sys.argv.pop(1)\n"
    "sys.argv[0] = runner\n"
    "runpy.run_path(runner, run_name='__main__')\n"
    "loaded = {name.split('.')[0] for name in sys.modules}\n"
    "ours = {'backend', 'shared', 'scipy', 'jaxtyping'} & loaded\n"
    "assert not ours, ours\n"
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """Export in a process of its own, as a user does: array shapes are not checked there."""
    path = tmp_path_factory.mktemp("onnx") / "clone.onnx"
    command = [sys.executable, "-m", "training.onnx_export", "--out", str(path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == f"{path}: {path.stat().st_size / 1e6:.1f} MB\n"
    return path


@pytest.fixture(scope="module")
def session(exported) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])


def fed(height: int, width: int, fov: float) -> dict[str, torch.Tensor]:
    """Return noise with a round hole in its mask, on a grid."""
    generator = torch.Generator().manual_seed(height * width)
    intrinsics = camera_from_fov(width, height, fov, (0.45, 0.6)).intrinsics
    if fov == 0:
        intrinsics[0, 0] = intrinsics[1, 1] = math.inf
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    mask = (u - width / 2) ** 2 + (v - height / 2) ** 2 > 6
    picture = torch.rand(height, width, 3, generator=generator)
    return dict(zip(INPUTS, (picture, mask, inflate(mask, GRID), intrinsics), strict=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("height", "width", "fov"),
    [
        (8, 8, 0.0), (9, 31, 40.0), (37, 101, 0.0), (96, 128, 45.0), (128, 128, 70.0),
        (160, 70, 0.0), (255, 256, 60.0),
    ],
)  # fmt: skip
def test_the_graph_says_what_the_modules_say(session, height, width, fov):
    inputs = fed(height, width, fov)
    model = shipped_model(torch.device("cpu"))
    assert model is not None
    with torch.no_grad():
        expected = FeedForward(model).eval()(*inputs.values())
    found = session.run(list(NAMES), {name: values.numpy() for name, values in inputs.items()})
    for name, one, other in zip(NAMES, expected, found, strict=True):
        np.testing.assert_allclose(other, one.numpy(), atol=5e-5, rtol=1e-5, err_msg=name)
    inside = inputs["mask"].numpy()
    assert angular_error(found[0], expected[0].numpy())[inside].max() < 0.001
    np.testing.assert_allclose(np.linalg.norm(found[0][inside], axis=-1), 1.0, atol=1e-5)
    assert not found[0][~inside].any()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_file_says_what_it_is_and_not_where_it_was_made(exported):
    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert told["version"] == __version__ and told["license"] == "Apache-2.0"
    assert told["weights_sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    for kind, values in (("input", model.graph.input), ("output", model.graph.output)):
        assert {f"{kind}.{v.name}" for v in values} == {k for k in told if k.startswith(kind)}
    content = exported.read_bytes()
    assert len(content) < 2.1 * WEIGHTS.stat().st_size  # which are half precision
    for folder in (ROOT, Path(torch.__file__).parent, Path.home()):
        assert str(folder).encode() not in content


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "least", "most", "more"),
    [
        ("sphere", 0.1, 0.5, 1.6),
        ("relief", 0.1, 0.8, 1.2),
        ("organic", 0.1, 0.8, 0.4),
        ("object", 0.1, 0.8, 0.4),
    ],
)
def test_the_networks_alone_stay_near_the_whole_model(session, kind, least, most, more):
    """They differ by the splats, so by something: 0.2°, 0.3°, 0.3°, 0.2° when this was written.

    The whole model looks into a mirror as well, and at the ball, which is larger than the grid, in
    finer detail: 1.6°, 1.6°, 0.7°, 0.6°.
    """
    model = shipped_model(torch.device("cpu"))
    assert model is not None
    if kind == "sphere":
        seen = decode_picture(sphere_picture(256)[0], "srgb")  # larger than what is seen at once
    else:
        rgb = generate(kind, 7, 1, 192).lesson.picture[0].numpy()
        seen = decode_picture(rgb, "linear")
    given = onnx_estimate.Picture(seen.rgb.numpy(), seen.mask.numpy())
    grid = onnx_estimate.grid_of(given, onnx_estimate.Optics())
    assert grid == multiscale.shape_size(
        prepare(seen, EstimateSettings(), torch.device("cpu")).view
    )
    settings = EstimateSettings(size=grid)
    assert least < apart_on_one_grid(seen, settings, session, model) < most
    alone = onnx_estimate.normals_of(session, given, onnx_estimate.Optics())
    whole = wire_normals(run_engine(seen, settings, model).maps.normals)
    found = angular_error(alone, whole)[given.mask].mean()
    assert least < found < most + more


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_sphere_becomes_round(session):
    rgba, mask, truth = sphere_picture(160)
    seen = onnx_estimate.Picture(onnx_estimate.linear(rgba[..., :3] / np.float32(255)), mask)
    found = onnx_estimate.normals_of(session, seen, onnx_estimate.Optics())
    error = angular_error(found, wire_normals(truth))
    assert error[mask].mean() < 15
    assert (found[~mask] == [0, 0, 1]).all()


def tilted(path: Path) -> Path:
    """Write a graph with the real one's inputs that answers with one normal everywhere."""
    kinds = (TensorProto.FLOAT, TensorProto.BOOL, TensorProto.FLOAT, TensorProto.FLOAT)
    shapes = (["h", "w", 3], ["h", "w"], ["h", "w"], [3, 3])
    given = [
        helper.make_tensor_value_info(*each) for each in zip(INPUTS, kinds, shapes, strict=True)
    ]
    answer = helper.make_tensor_value_info("normals", TensorProto.FLOAT, ["h", "w", 3])
    constants = [
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("normal", TensorProto.FLOAT, [3], [0.6, 0.0, 0.8]),
    ]
    nodes = [
        helper.make_node("Mul", ["picture", "zero"], ["black"]),
        helper.make_node("Add", ["black", "normal"], ["normals"]),
    ]
    graph = helper.make_graph(nodes, "tilted", given, [answer], constants)
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), path)
    return path


def estimated(*arguments: object) -> subprocess.CompletedProcess:
    runner = str(ROOT / "examples" / "onnx_estimate.py")
    command = [sys.executable, "-c", WITHOUT_TORCH, runner, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_runner_needs_no_torch_and_writes_opengl(tmp_path):
    rgba, mask, _ = sphere_picture(64)
    Image.fromarray(rgba).save(tmp_path / "sphere.png")
    model, target = tilted(tmp_path / "tilted.onnx"), tmp_path / "normals.png"
    done = estimated(tmp_path / "sphere.png", "--model", model, "--fov", "45", "--out", target)
    assert done.returncode == 0, done.stderr
    written = np.asarray(Image.open(target))
    assert (written[mask] == [204, 128, 230]).all() and (written[~mask] == [128, 128, 255]).all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_runner_needs_no_torch_for_the_real_graph(exported, session, tmp_path):
    source, target = ROOT / "examples" / "coffee.png", tmp_path / "normals.png"
    done = estimated(source, "--model", exported, "--fov", "45", "--out", target)
    assert done.returncode == 0, done.stderr
    seen = onnx_estimate.read(source)
    expected = onnx_estimate.normals_of(session, seen, onnx_estimate.Optics(45.0))
    written = np.asarray(Image.open(target)) / 255 * 2 - 1
    np.testing.assert_allclose(written, expected, atol=0.005)


def test_the_runner_says_what_is_wrong(tmp_path):
    Image.fromarray(np.zeros((20, 20), np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.zeros((20, 4), np.uint8)).save(tmp_path / "thin.png")
    (tmp_path / "text.png").write_text("no picture")
    for name, words in (("deep", "8 bits"), ("thin", "too little"), ("text", "cannot identify")):
        done = estimated(tmp_path / f"{name}.png", "--model", tmp_path / "none.onnx")
        assert done.returncode == 1 and words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "fine.png")
    (tmp_path / "text.onnx").write_text("no graph")
    wrong = {"none.onnx": ["--model", tmp_path / "none.onnx"], "150": ["--fov", 170]}
    wrong["text.onnx holds no networks"] = ["--model", tmp_path / "text.onnx"]
    (tmp_path / "cut.onnx").write_text("xx")
    wrong["cut.onnx holds no networks"] = ["--model", tmp_path / "cut.onnx"]
    for words, options in wrong.items():
        done = estimated(tmp_path / "fine.png", *options)
        assert done.returncode and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("fov", [0.0, 50.0])
@pytest.mark.parametrize("alpha", [False, True])
def test_the_runner_prepares_a_picture_as_the_pipeline_does(fov, alpha):
    rgba = np.ascontiguousarray(sphere_picture(300)[0][20:280, :270])
    seen = decode_picture(rgba if alpha else rgba[..., :3], "srgb")
    settings = EstimateSettings(size=128, fov_degrees=fov, principal=(0.4, 0.55))
    view = prepare(seen, settings, torch.device("cpu")).view
    given = onnx_estimate.Picture(
        onnx_estimate.linear(rgba[..., :3] / np.float32(255)), seen.mask.numpy()
    )
    box = onnx_estimate.object_box(given.mask)
    found = onnx_estimate.inputs(given, onnx_estimate.Optics(fov, (0.4, 0.55)), box, 128)
    mask = view.mask.numpy()
    assert (found["mask"] == mask).all()
    np.testing.assert_allclose(found["picture"][mask], view.rgb.numpy()[mask], atol=1e-5)
    rise = inflate(view.mask, GRID).numpy() if alpha else np.zeros_like(mask)
    np.testing.assert_allclose(found["inflation"], rise, atol=1e-4)
    expected = view.camera.intrinsics.numpy()
    if fov == 0:
        expected[[0, 1], [0, 1]] = np.inf
    np.testing.assert_allclose(found["intrinsics"], expected, rtol=1e-5)


def test_the_runner_cuts_out_what_the_pipeline_does():
    for rows, columns in (
        (np.s_[-2:], np.s_[40:80]),
        (np.s_[:3], np.s_[:]),
        (np.s_[9:30], np.s_[-1:]),
    ):
        mask = np.zeros((60, 90), bool)
        mask[rows, columns] = True
        box, found = object_box(torch.from_numpy(mask)), onnx_estimate.object_box(mask)
        assert (box.top, box.top + box.height) == (found.rows.start, found.rows.stop)
        assert (box.left, box.left + box.width) == (found.columns.start, found.columns.stop)


def test_the_runner_turns_srgb_into_linear_light():
    codes = np.arange(256, dtype=np.float32) / 255
    linear = srgb_to_linear(torch.from_numpy(codes)).numpy()
    np.testing.assert_allclose(onnx_estimate.linear(codes), linear, atol=1e-6)


def test_pictures_are_turned_upright_and_gray_ones_are_taken(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    gray = np.tile(np.arange(0, 240, 12, dtype=np.uint8), (10, 1))
    Image.fromarray(gray).save(tmp_path / "gray.png", exif=exif)
    seen = onnx_estimate.read(tmp_path / "gray.png")
    assert seen.rgb.shape == (20, 10, 3) and seen.mask.all()
    assert (np.diff(seen.rgb[:, 0, 0]) > 0).all()


def test_missing_weights_are_named(tmp_path, caplog):
    assert run(OnnxConfig(tmp_path / "out.onnx", tmp_path / "nothing.safetensors")) == 2
    assert "nothing.safetensors" in caplog.text and not list(tmp_path.iterdir())
