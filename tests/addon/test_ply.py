"""3DGS PLY: what others write comes in, what we write they read, and nothing foreign passes."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from plyfile import PlyData, PlyElement

from backend.outputs import write_gaussians
from tests.staging import staged


@pytest.fixture
def ply():
    return staged("ply")


def random_splats(number: int, seed: int = 0):
    random = np.random.default_rng(seed)
    quats = random.normal(size=(number, 4))
    normals = random.normal(size=(number, 3))
    parts = (
        random.normal(size=(number, 3)) * 10,
        normals / np.linalg.norm(normals, axis=1, keepdims=True),
        random.uniform(-0.2, 1.5, (number, 3)),
        random.uniform(0.01, 0.99, number),
        np.exp(random.uniform(-12, 2, (number, 3))),
        quats / np.linalg.norm(quats, axis=1, keepdims=True),
    )
    return staged("splats").Splats(*(part.astype(np.float32) for part in parts))


def text_file(names, rows, form="ascii 1.0"):
    head = ["ply", f"format {form}", f"element vertex {len(rows)}"]
    head += [f"property float {name}" for name in names] + ["end_header"]
    return "\n".join([*head, *(" ".join(map(str, row)) for row in rows)]).encode()


def same(first, second, rtol=1e-6):
    for name in ("means", "normals", "colours", "opacities", "scales", "quats"):
        expected, found = getattr(first, name), getattr(second, name)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6, err_msg=name)


def test_round_trip(ply):
    splats = random_splats(500)
    back = ply.decode(ply.encode(splats))
    same(splats, back)
    np.testing.assert_array_equal(back.means, splats.means)
    np.testing.assert_array_equal(back.normals, splats.normals)
    assert ply.decode(ply.encode(random_splats(0))).means.shape == (0, 3)


@given(
    opacities=arrays.arrays(np.float32, 8, elements=st.floats(0, 1, width=32)),
    scales=arrays.arrays(np.float32, (8, 3), elements=st.floats(2.0**-60, 2.0**60, width=32)),
)
@settings(max_examples=50, deadline=None)
def test_round_trip_at_the_ends(opacities, scales):
    ply, base = staged("ply"), random_splats(8)
    splats = type(base)(base.means, base.normals, base.colours, opacities, scales, base.quats)
    back = ply.decode(ply.encode(splats))
    np.testing.assert_allclose(back.opacities, opacities, atol=2e-6)
    np.testing.assert_allclose(back.scales, scales, rtol=5e-6)


def test_others_read_ours_and_we_write_the_same_values(ply, tmp_path):
    splats = random_splats(50)
    sent = {
        "means": splats.means, "gaussian_normals": splats.normals, "colours": splats.colours,
        "opacities": splats.opacities, "scales": splats.scales, "quats": splats.quats,
    }  # fmt: skip
    theirs_path = write_gaussians(tmp_path / "theirs.ply", sent)
    ours = PlyData.read(io.BytesIO(ply.encode(splats)))["vertex"]
    theirs = PlyData.read(str(theirs_path))["vertex"]
    assert [item.name for item in ours.properties] == [item.name for item in theirs.properties]
    for item in theirs.properties:
        np.testing.assert_allclose(ours[item.name], theirs[item.name], rtol=2e-5, atol=1e-6)
    same(splats, ply.decode(theirs_path.read_bytes()), rtol=1e-5)


def test_the_axes_turn_with_the_gaussians(ply):
    """A covariance in the file, flipped to Blender's camera, is the Gaussian's own."""
    splats = random_splats(20)
    table = PlyData.read(io.BytesIO(ply.encode(splats)))["vertex"].data
    flip = np.diag([1.0, -1.0, -1.0])
    columns = [np.stack([table[f"{stem}_{i}"] for i in range(n)], -1) for stem, n in AXES]
    in_file = covariances(columns[0].astype(float), np.exp(columns[1].astype(float)))
    expected = covariances(splats.quats.astype(float), splats.scales.astype(float))
    np.testing.assert_allclose(flip @ in_file @ flip, expected, rtol=1e-4, atol=1e-5)


AXES = (("rot", 4), ("scale", 3))


def covariances(quats, scales):
    w, x, y, z = quats.T
    rotation = np.stack([
        np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
        np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
        np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
    ], axis=1)  # fmt: skip
    shape = rotation * scales[:, None]
    return shape @ shape.transpose(0, 2, 1)


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_other_writers_are_understood(ply, text, order):
    """No normals, harmonics, odd types, another order, a second element, unnormalised rotations."""
    splats = random_splats(30)
    table = PlyData.read(io.BytesIO(ply.encode(splats)))["vertex"].data
    names = [name for name in table.dtype.names[::-1] if name not in {"nx", "ny", "nz"}]
    kinds = [("red", "u1"), *((name, "f8") for name in names), ("f_rest_0", "f4"), ("id", "i4")]
    other = np.zeros(30, kinds)
    for name in names:
        other[name] = table[name] * (3.0 if name.startswith("rot") else 1.0)
    camera = PlyElement.describe(np.zeros(1, [("fov", "f4")]), "camera")
    file = io.BytesIO()
    vertices = PlyElement.describe(other, "vertex")
    PlyData([vertices, camera], text=text, byte_order=order).write(file)
    back = ply.decode(file.getvalue())
    assert not back.normals.any()
    same(type(splats)(splats.means, back.normals, *parts_after_normals(splats)), back, rtol=1e-4)


def parts_after_normals(splats):
    return splats.colours, splats.opacities, splats.scales, splats.quats


def test_what_is_not_finite_is_left_out(ply):
    splats = random_splats(5)
    splats.means[1, 2] = np.nan
    splats.quats[3] = 0.0
    with np.errstate(all="ignore"):
        back = ply.decode(ply.encode(splats))
    np.testing.assert_array_equal(back.means, splats.means[[0, 2, 4]])


def test_foreign_and_broken_files_are_explained(ply, tmp_path):
    whole = ply.encode(random_splats(10))
    for data, words in (
        (b"", "not a PLY"),
        (b"\x89PNG\r\n", "not a PLY"),
        (whole[:100], "within its header"),
        (whole[:-1], "announces 10 Gaussians and holds 9"),
        (text_file("xyz", [(0, 0, 0)]), "f_dc_0, f_dc_1"),
        (whole.replace(b"binary_little_endian", b"gzip"), "“gzip”"),
        (whole.replace(b"element vertex", b"element face"), "“face”"),
        (whole.replace(b"property float nx", b"property list uchar int nx"), "no plain points"),
        (whole.replace(b"property float nx", b"property float x"), "no plain points"),
        (whole.replace(b"vertex 10", b"vertex -3"), "truncated"),
        (whole.replace(b"vertex 10", b"vertex ten"), "no plain points"),
        (text_file(ply.REQUIRED, [(0,) * 14])[:-4], "truncated"),
        (text_file(ply.REQUIRED, [("zero",) * 14]), "damaged"),
    ):
        with pytest.raises(ply.UnusableFile, match=words):
            ply.decode(data)
    with pytest.raises(ply.UnusableFile, match="cannot be read"):
        staged("splat_files").read(tmp_path / "none.ply", True)


@given(st.binary(max_size=300), st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_break_it(noise, cut):
    ply = staged("ply")
    whole = ply.encode(random_splats(3))
    try:
        ply.decode(whole[:cut] + noise)
    except ply.UnusableFile:
        pass
