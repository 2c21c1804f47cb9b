import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy import float64

from backend.camera import camera_from_fov, pixel_centres, project, resized, unproject, view_rays
from backend.geometry import (
    covariance_normals,
    covariances,
    normalize,
    quats_from_normals,
    rotations,
    surface_normals,
)

from .reference import covariance_by_hand, quat_product
from .scenes import sphere_normals

_values = st.floats(-3, 3)
quats = arrays(float64, 4, elements=_values).map(torch.from_numpy).filter(lambda q: q.norm() > 0.1)
scales = arrays(float64, 3, elements=st.floats(0.01, 3)).map(torch.from_numpy)
visible_normals = (
    arrays(float64, 3, elements=_values)
    .map(torch.from_numpy)
    .filter(lambda n: n.norm() > 0.1)
    .map(lambda n: n / n.norm())
    .filter(lambda n: n[2] < 0.95)
)


@given(quats)
def test_rotations_are_rotations_and_q_is_minus_q(q):
    r = rotations(q)
    torch.testing.assert_close(r @ r.T, torch.eye(3, dtype=r.dtype))
    torch.testing.assert_close(torch.linalg.det(r), torch.ones((), dtype=r.dtype))
    torch.testing.assert_close(rotations(-q), r)


@given(quats, scales)
def test_covariance_is_the_sum_over_rotated_axes(q, s):
    torch.testing.assert_close(covariances(q, s), covariance_by_hand(q, s))


@given(quats, scales)
def test_covariance_eigenvalues_are_squared_scales(q, s):
    values = torch.linalg.eigvalsh(covariances(q, s))
    torch.testing.assert_close(values, s.square().sort().values, atol=1e-9, rtol=1e-6)


@given(quats, st.floats(0.02, 0.5), st.floats(0.5, 2.0))
def test_normal_is_the_eigenvector_of_the_smallest_eigenvalue(q, flatness, ratio):
    s = torch.tensor([1.0, ratio, flatness * min(1.0, ratio)], dtype=torch.float64)
    vector = torch.linalg.eigh(covariances(q, s)).eigenvectors[:, 0]
    ray = torch.tensor([0.3, -0.2, 1.0], dtype=torch.float64)
    normal = covariance_normals(q, ray)
    assert abs((vector * normal).sum()) > 1 - 1e-9
    assert (normal * ray).sum() <= 1e-12


@given(visible_normals, st.floats(-3, 3))
def test_quats_from_normals_put_the_third_axis_against_the_normal(n, angle):
    q = quats_from_normals(n, torch.tensor(angle, dtype=n.dtype))
    torch.testing.assert_close(rotations(q)[:, 2], -n)
    turn = torch.tensor([angle / 2], dtype=n.dtype)
    spin = torch.cat([turn.cos(), torch.zeros(2, dtype=n.dtype), turn.sin()])
    arc = quats_from_normals(n, torch.zeros((), dtype=n.dtype))
    torch.testing.assert_close(q, quat_product(arc, spin))


def test_a_facing_surface_is_the_identity_quaternion():
    facing = torch.tensor([0.0, 0.0, -1.0])
    torch.testing.assert_close(
        quats_from_normals(facing, torch.tensor(0.0)), torch.tensor([1.0, 0, 0, 0])
    )


def test_gradients_through_the_normal_stay_finite_for_discs():
    q = torch.randn(1000, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    covariance_normals(q, torch.tensor([0.0, 0.0, 1.0]).expand(1000, 3)).square().sum().backward()
    assert torch.isfinite(q.grad).all()
    torch.autograd.gradcheck(
        lambda q: covariance_normals(q, torch.tensor([[0.1, 0.2, 1.0]], dtype=torch.float64)),
        torch.tensor([[0.9, 0.2, -0.3, 0.1]], dtype=torch.float64, requires_grad=True),
    )


def test_normalize_survives_zero():
    zero = torch.zeros(3, requires_grad=True)
    normalize(zero).sum().backward()
    assert torch.isfinite(zero.grad).all()


@pytest.mark.parametrize("fov", [0.0, 20.0, 90.0])
def test_project_inverts_unproject(fov):
    camera = camera_from_fov(13, 9, fov, (0.4, 0.7))
    depth = 1 + torch.rand(9, 13, generator=torch.Generator().manual_seed(0))
    points = unproject(camera, depth)
    torch.testing.assert_close(project(camera, points), pixel_centres(camera))
    rays = view_rays(camera)
    if not camera.orthographic:
        torch.testing.assert_close(rays * depth[..., None], points)


def test_field_of_view_is_what_was_asked_for():
    camera = camera_from_fov(200, 100, 90.0)
    edge = (0.0 - camera.intrinsics[0, 2]) / camera.intrinsics[0, 0]
    torch.testing.assert_close(edge, torch.tensor(-1.0))


def test_resizing_keeps_the_view():
    camera = camera_from_fov(64, 32, 60.0, (0.3, 0.6))
    half = resized(camera, 32, 16)
    point = torch.tensor([0.2, -0.1, 2.0])
    torch.testing.assert_close(project(half, point) * 2, project(camera, point))
    assert resized(camera_from_fov(64, 32, 0.0), 32, 16).intrinsics[0, 0] == 1


def test_surface_normals_of_a_plane_and_a_sphere():
    camera = camera_from_fov(64, 64, 40.0)
    normal = torch.tensor([0.3, -0.2, -0.9])
    normal = normal / normal.norm()
    rays = view_rays(camera)
    plane = unproject(camera, -2.0 / (rays @ normal))
    found = surface_normals(plane, torch.ones(64, 64))
    torch.testing.assert_close(found, normal.expand(64, 64, 3), atol=1e-4, rtol=0)
    truth, mask = sphere_normals()
    flat = camera_from_fov(64, 64, 0.0)
    points = unproject(flat, truth[..., 2] * 0.8 * 32)
    error = (surface_normals(points, mask.float()) * truth).sum(-1).clamp(-1, 1).acos().rad2deg()
    assert error[mask & (truth[..., 2] < -0.5)].mean() < 2.0
