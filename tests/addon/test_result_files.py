"""What the batch command writes, the add-on reads back as the arrays it was written from."""

import dataclasses
import json

import numpy as np
import pytest

from backend.batch.config import EVERYTHING
from backend.batch.results import write_outputs
from backend.files import PictureFile, read_data
from backend.outputs import write_report
from shared.settings import EstimateSettings
from tests.canned import canned_arrays, canned_report
from tests.staging import staged

WRITTEN = tuple(output for output in EVERYTHING if output != "sheet")
PIXELS = np.random.default_rng(4).integers(0, 256, (18, 24, 3)).astype(np.uint8)
SETTINGS = EstimateSettings(size=24, height=True, principal=(0.4, 0.5))


@pytest.fixture
def files():
    return staged("result_files")


@pytest.fixture
def arrays():
    found = canned_arrays(PIXELS, SETTINGS)
    turned = np.random.default_rng(5).normal(size=found["quats"].shape)
    found["quats"] = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
    return found


def written(folder, arrays, outputs=WRITTEN):
    names = write_outputs(folder, "wall.0001", PictureFile(PIXELS, "srgb"), arrays, outputs)
    path = folder / "wall.0001_report.json"
    about = {"outputs": names, "settings": dataclasses.asdict(SETTINGS)}
    return write_report(path, canned_report(len(arrays["means"]), True), about)


def pixels_of(found):
    pixels = staged("pixels").Pixels
    return {
        array: pixels(stored(path), eight_bit=False, premultiplied=False)
        for array, path in found.images.items()
    }


def stored(path):
    """Return what Blender gives out of a file that it takes for data."""
    values = read_data(path)
    whole = np.iinfo(values.dtype).max if values.dtype.kind == "u" else 1
    return values.astype(np.float32) / np.float32(whole)


@pytest.mark.parametrize("normals", ["normal", "normal_exr"])
def test_what_was_written_comes_back(files, arrays, tmp_path, normals):
    outputs = tuple(one for one in WRITTEN if one not in {"normal", "normal_exr"})
    found = files.find(written(tmp_path, arrays, (normals, *outputs)))
    read = files.arrays_of(found, pixels_of(found))
    lost = {"shading", "rerendered", "gaussian_confidence"}
    assert read.keys() == arrays.keys() - lost
    for name, values in read.items():
        assert values.dtype == np.float32 and values.shape == arrays[name].shape, name
        np.testing.assert_allclose(values, arrays[name], rtol=1e-3, atol=1e-3, err_msg=name)


def test_report_and_settings_come_back(files, arrays, tmp_path):
    found = files.find(written(tmp_path, arrays))
    assert found.name == "wall.0001" and found.reduced == 0
    assert dataclasses.asdict(found.settings) == dataclasses.asdict(SETTINGS)
    report = canned_report(len(arrays["means"]), True)
    assert dataclasses.asdict(found.report) == dataclasses.asdict(report)
    estimate = files.estimate_of(found, files.arrays_of(found, pixels_of(found)))
    assert estimate.task.name == "wall.0001" and estimate.task.size == (18, 24)
    assert estimate.task.arrays.result() == {}


def test_an_outline_comes_back_as_a_mask(files, arrays, tmp_path):
    inside = np.zeros((18, 24), bool)
    inside[3:9, 4:20] = True
    arrays["confidence"] = np.where(inside, 1e-4, 0.0).astype(np.float32)  # hardly any is some
    found = files.find(written(tmp_path, arrays))
    estimate = files.estimate_of(found, files.arrays_of(found, pixels_of(found)))
    np.testing.assert_array_equal(estimate.task.arrays.result()["mask"], inside * 255)


@pytest.mark.parametrize("fov, factor", [(0.0, 8.0), (40.0, 1.0)])
def test_gaussians_of_a_reduced_copy_are_in_its_pixels(files, arrays, tmp_path, fov, factor):
    """Only without a lens is the unit a pixel; with one it is a distance."""
    path = written(tmp_path, arrays)
    fields = json.loads(path.read_text())
    fields |= {"reduced": {"size": [3, 3]}}
    fields["settings"]["fov_degrees"] = fov
    path.write_text(json.dumps(fields))
    found = files.find(path)
    read = files.arrays_of(found, pixels_of(found))
    for name in ("means", "scales"):
        np.testing.assert_allclose(read[name], arrays[name] * factor, rtol=1e-4, atol=1e-4)


def test_a_file_that_was_not_written_by_this_run_is_not_taken(files, arrays, tmp_path):
    written(tmp_path, arrays)
    found = files.find(written(tmp_path, arrays, ("normal",)))
    assert set(found.images) == {"normals", "height", "occlusion"} and found.gaussians is None
    assert found.images["normals"].name == "wall.0001_normal.png"
