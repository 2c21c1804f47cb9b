"""Readers of public data sets, on tiny files of the same layouts around one known surface."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from backend.files import read_picture
from training.cases import load_picture, load_truth
from training.datasets import DATASETS, diode
from training.datasets.geometry import field_of_view, normals_of_depth
from training.evaluate import EvaluationConfig, run
from training.metrics import angular_error
from training.packs import Pack, pack_path, write_answer, write_pack

HEIGHT, WIDTH = 36, 48
PICTURE = np.random.default_rng(0).integers(60, 200, (HEIGHT, WIDTH, 3)).astype(np.uint8)
TILTED = np.array([0.3, 0.4, 0.8]) / np.linalg.norm([0.3, 0.4, 0.8])


def plane_depth(focal, centre, normal=TILTED, shape=(HEIGHT, WIDTH)) -> np.ndarray:
    """Depth along the axis of a plane with this normal (wire axes), 3 away in the middle."""
    v, u = np.mgrid[: shape[0], : shape[1]]
    rays = np.stack([(u - centre[0]) / focal[0], (v - centre[1]) / focal[1], np.ones(shape)], -1)
    inward = normal * [1, -1, -1]
    return 3 * inward[2] / (rays @ inward)


def error(case) -> float:
    truth = load_truth(case)
    assert truth.mask.sum() > 20
    found = angular_error(truth.normals, np.broadcast_to(TILTED, truth.normals.shape))
    return float(found[truth.mask].max())


def test_normals_of_a_plane_and_not_across_a_jump():
    focal, centre = (60.0, 60.0), (23.5, 17.5)
    depth = plane_depth(focal, centre)
    depth[:, 30:] += 2
    known = np.ones(depth.shape, bool)
    known[5:8, 5:8] = False
    normals, sure = normals_of_depth(depth, known, focal, centre)
    error = angular_error(normals, np.broadcast_to(TILTED, normals.shape))
    assert error[:, :24][sure[:, :24]].max() < 0.05
    assert not sure[:, 29:31].any() and not sure[5:8, 5:8].any() and sure[10, 10] and sure[4, 4]


@pytest.fixture
def diode_root(tmp_path):
    """A scan whose normals count y down and z into the scene."""
    folder = tmp_path / "val" / "indoors" / "scene_00019" / "scan_00183"
    folder.mkdir(parents=True)
    scale = WIDTH / diode.SIZE[0]
    focal, centre = ([value * scale for value in pair] for pair in (diode.FOCAL, diode.CENTRE))
    base = folder / "00019_00183_indoors_000_010"
    Image.fromarray(PICTURE).save(base.with_name(base.name + ".png"))
    np.save(f"{base}_depth.npy", plane_depth(focal, centre)[..., None].astype(np.float32))
    mask = np.ones((HEIGHT, WIDTH))
    mask[:, :6] = 0
    np.save(f"{base}_depth_mask.npy", mask)
    normals = np.broadcast_to(TILTED * [1, -1, -1], (HEIGHT, WIDTH, 3)).copy()
    normals[-4:] = 0
    np.save(f"{base}_normal.npy", normals)
    return tmp_path


def test_diode_reads_its_axes_off_the_depth(diode_root):
    (case,) = DATASETS["diode"](diode_root)
    assert case.fov_degrees == pytest.approx(60.0, abs=0.1)
    truth = load_truth(case)
    assert not truth.mask[:, :6].any() and not truth.mask[-4:].any()
    assert error(case) < 0.1
    assert load_picture(case, case.main).rgb.shape == (HEIGHT, WIDTH, 3)


def test_ibims_takes_a_calibration_either_way(tmp_path):
    focal, centre = (50.0, 50.0), (22.0, 18.0)
    depth = plane_depth(focal, centre)
    depth[0] = 0
    camera = np.array([[50.0, 0, 22], [0, 50, 18], [0, 0, 1]])
    good = np.ones((HEIGHT, WIDTH))
    holes = good.copy()
    holes[:, 40:] = 0
    for name, calib in (("corridor_01", camera), ("kitchen_01", camera.T)):
        data = {
            "rgb": PICTURE, "depth": depth, "calib": calib, "mask_invalid": good,
            "mask_transp": holes,
        }  # fmt: skip
        savemat(tmp_path / f"{name}.mat", {"data": data})
    cases = DATASETS["ibims"](tmp_path)
    assert [case.name for case in cases] == ["corridor_01", "kitchen_01"]
    for case in cases:
        assert case.principal == pytest.approx((22.5 / WIDTH, 18.5 / HEIGHT))
        assert case.fov_degrees == pytest.approx(field_of_view(50.0, WIDTH))
        assert not load_truth(case).mask[:, 40:].any() and load_truth(case).mask[:, 39].any()
        assert error(case) < 0.1


def test_nyu_is_read_through_its_reversed_axes(tmp_path):
    h5py = pytest.importorskip("h5py")
    from training.datasets import nyu  # noqa: PLC0415

    depth = plane_depth(nyu.FOCAL, nyu.CENTRE, shape=(nyu.HEIGHT, nyu.WIDTH))
    picture = np.zeros((nyu.HEIGHT, nyu.WIDTH, 3), np.uint8)
    picture[:240, :, 0] = 200
    picture[240:] = 90
    with h5py.File(tmp_path / nyu.FILE, "w") as file:
        file["images"] = picture.transpose(2, 1, 0)[None]
        file["rawDepths"] = depth.T[None].astype(np.float32)
    (case,) = DATASETS["nyu"](tmp_path)
    assert case.fov_degrees == pytest.approx(63.3, abs=0.2) and error(case) < 0.1
    shown = load_picture(case, case.main).rgb
    assert shown[0, 0, 0] > 0.4 > shown[0, 0, 1] and shown[-1, 0, 0] == shown[-1, 0, 1]
    assert not load_truth(case).mask[:40].any()


def test_diligent_is_scored_on_the_mean_of_its_lights(tmp_path):
    folder = tmp_path / "pmsData" / "ballPNG"
    folder.mkdir(parents=True)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[8:28, 10:38] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    radiance = np.full((HEIGHT, WIDTH), 0.2)
    radiance[:, 24:] = 0.4
    strengths = [1.0, 2.0]
    for index, strength in enumerate(strengths, 1):
        values = (radiance * strength * 65535).round().astype(np.uint16)
        Image.fromarray(values).save(folder / f"{index:03d}.png")
    (folder / "filenames.txt").write_text("001.png\n002.png\n")
    np.savetxt(folder / "light_intensities.txt", [[s, s, s] for s in strengths])
    savemat(folder / "Normal_gt.mat", {"Normal_gt": np.tile(TILTED, (HEIGHT, WIDTH, 1))})
    (case,) = DATASETS["diligent"](tmp_path)
    picture = load_picture(case, case.main)
    assert case.name == "ball" and case.fov_degrees == 0 and picture.has_silhouette
    assert picture.rgb[12, 30, 0] == pytest.approx(1.0, abs=0.01)
    assert picture.rgb[12, 12, 0] == pytest.approx(0.5, abs=0.01)
    assert error(case) < 0.1
    assert read_picture(folder / "001.png").pixels.dtype == np.uint16


def test_gso_reads_our_renders(tmp_path):
    side = 32
    inside = np.zeros((side, side), bool)
    inside[6:26, 8:24] = True
    picture = np.ascontiguousarray(PICTURE[:side, :side])
    pack = Pack("object", picture, picture[None], inside, ((0.0, 0.0, -1.0),), 30.0, 0.0)
    path = pack_path(tmp_path, 3)
    write_answer(path, np.broadcast_to(TILTED * [1, -1, -1], (side, side, 3)) * inside[..., None])
    write_pack(path, pack)
    (case,) = DATASETS["gso"](tmp_path)
    assert case.fov_degrees == 30.0 and error(case) < 1.0
    assert load_picture(case, case.main).has_silhouette
    assert replace(case, reader=None) != case


def test_the_command_scores_a_data_set(diode_root, caplog):
    caplog.set_level("INFO")
    config = EvaluationConfig(dataset="diode", root=diode_root, size=24, steps=0, jobs=1)
    assert run(config) == 0
    assert "diode" in caplog.text and "ours" in caplog.text
    assert run(EvaluationConfig()) == 2 and "--cases" in caplog.text
    assert run(EvaluationConfig(dataset="nyu", root=diode_root)) == 2
