"""``project_gaussians`` and its derivative as numba kernels.

Scalar code, one Gaussian at a time, in double precision whatever the arrays hold: it costs nothing
here and lets the derivative be checked to all digits. Chunks, not threads, own the sums for the
camera, so the thread count does not change them.
"""

import math

import numpy as np

from backend.rasterizer.numba_simd import inline, threaded
from backend.rasterizer.protocol import (
    ALPHA_MIN,
    EPS_2D,
    EXTENT_MAX,
    FRUSTUM_MARGIN,
    NEAR_PLANE,
)

CHUNK = 1024
DETERMINANT_MIN = 1e-10
QUAT_MIN = 1e-8
VARIANCE_MAX = 1e17
"""In pixels²: radii up to 1e9 pixels, which int32 still holds."""


@inline
def _rotation(quats, i, out):
    """Write the rotation of quaternion i; return it normalised, and its length."""
    w, x, y, z = float(quats[i, 0]), float(quats[i, 1]), float(quats[i, 2]), float(quats[i, 3])
    length = max(math.sqrt(w * w + x * x + y * y + z * z), QUAT_MIN)
    w, x, y, z = w / length, x / length, y / length, z / length
    out[0, 0], out[0, 1], out[0, 2] = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
    )
    out[1, 0], out[1, 1], out[1, 2] = (
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
    )
    out[2, 0], out[2, 1], out[2, 2] = (
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    )
    return w, x, y, z, length


@inline
def _to_camera(means, i, view):
    mx, my, mz = float(means[i, 0]), float(means[i, 1]), float(means[i, 2])
    x = view[0, 0] * mx + view[0, 1] * my + view[0, 2] * mz + view[0, 3]
    y = view[1, 0] * mx + view[1, 1] * my + view[1, 2] * mz + view[1, 3]
    z = view[2, 0] * mx + view[2, 1] * my + view[2, 2] * mz + view[2, 3]
    return x, y, z


@inline
def _slope(value, focal, principal, size):
    """Return the clamped direction x/z the Jacobian is taken at, and whether it was clamped."""
    margin = FRUSTUM_MARGIN * size / focal
    low, high = -principal / focal - margin, (size - principal) / focal + margin
    clamped = min(max(value, low), high)
    return clamped, clamped != value


@inline
def _axes(view, rotation, scales, i, turned, spread):
    """Write view·rotation and, scaled by the Gaussian's scales, its axes in camera space."""
    for row in range(3):
        for column in range(3):
            value = 0.0
            for k in range(3):
                value += view[row, k] * rotation[k, column]
            turned[row, column] = value
            spread[row, column] = value * float(scales[i, column])


@inline
def _across(spread, row, gain, slope, out):
    """Write a row of J·R·S, with gain f/z and slope x/z (f and 0 if orthographic)."""
    for k in range(3):
        out[k] = gain * (spread[row, k] - slope * spread[2, k])


@inline
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inline
def _write_extent(i, opacity, splat, lens, radii, extents):
    """Write gsplat's whole-pixel radii and the close half sides; zero where culled."""
    u, v, z, variance_x, variance_y = splat
    extent = min(math.sqrt(2 * math.log(max(opacity / ALPHA_MIN, 1.0))), EXTENT_MAX)
    half_x, half_y = extent * math.sqrt(variance_x), extent * math.sqrt(variance_y)
    radius_x, radius_y = np.ceil(half_x), np.ceil(half_y)
    across = u + radius_x > 0 and u - radius_x < lens[4]
    down = v + radius_y > 0 and v - radius_y < lens[5]
    in_front = lens[6] > 0 or z > NEAR_PLANE
    finite = variance_x < VARIANCE_MAX and variance_y < VARIANCE_MAX  # not so for NaN either
    if finite and across and down and in_front and opacity >= ALPHA_MIN:
        radii[i, 0], radii[i, 1] = radius_x, radius_y
        # a little more than exact: the kernels round, and the test of alpha decides anyway
        extents[i, 0], extents[i, 1] = half_x * 1.0005 + 2e-3, half_y * 1.0005 + 2e-3
    else:
        radii[i, 0] = radii[i, 1] = 0
        extents[i, 0] = extents[i, 1] = 0


@threaded
def project_all(
    begin, end, means, quats, scales, opacities, view, lens, flat, conics, depths, radii, extents
):
    """Project every Gaussian; ``lens`` is (fx, fy, cx, cy, width, height, orthographic)."""
    rotation, turned, spread = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    ax, ay = np.empty(3), np.empty(3)
    for i in range(begin, end):
        _rotation(quats, i, rotation)
        x, y, z = _to_camera(means, i, view)
        _axes(view, rotation, scales, i, turned, spread)
        near, slope_x, slope_y = 1.0, 0.0, 0.0
        if lens[6] == 0:
            near = 1 / z
            slope_x, _ = _slope(x * near, lens[0], lens[2], lens[4])
            slope_y, _ = _slope(y * near, lens[1], lens[3], lens[5])
        _across(spread, 0, lens[0] * near, slope_x, ax)
        _across(spread, 1, lens[1] * near, slope_y, ay)
        var_x, var_y, cov = _dot(ax, ax) + EPS_2D, _dot(ay, ay) + EPS_2D, _dot(ax, ay)
        inverse = 1 / max(var_x * var_y - cov * cov, DETERMINANT_MIN)
        u, v = lens[0] * x * near + lens[2], lens[1] * y * near + lens[3]
        flat[i, 0], flat[i, 1], depths[i] = u, v, z
        conics[i, 0], conics[i, 1], conics[i, 2] = var_y * inverse, -cov * inverse, var_x * inverse
        splat = (u, v, z, var_x, var_y)
        _write_extent(i, float(opacities[i]), splat, lens, radii, extents)


@inline
def _covariance_back(ax, ay, g_conic, i, g_ax, g_ay):
    """Turn the conic's gradient into that of the rows of J·R·S."""
    var_x, var_y, cov = _dot(ax, ax) + EPS_2D, _dot(ay, ay) + EPS_2D, _dot(ax, ay)
    determinant = var_x * var_y - cov * cov
    inverse = 1 / max(determinant, DETERMINANT_MIN)
    g_a, g_b, g_c = float(g_conic[i, 0]), float(g_conic[i, 1]), float(g_conic[i, 2])
    g_det = -(g_a * var_y - g_b * cov + g_c * var_x) * inverse * inverse
    if determinant < DETERMINANT_MIN:
        g_det = 0.0
    g_x, g_y = g_c * inverse + g_det * var_y, g_a * inverse + g_det * var_x
    g_cov = -g_b * inverse - 2 * g_det * cov
    for k in range(3):
        g_ax[k] = 2 * g_x * ax[k] + g_cov * ay[k]
        g_ay[k] = 2 * g_y * ay[k] + g_cov * ax[k]


@inline
def _axes_back(view, rotation, turned, scales, i, g_spread, g_scales, g_rotation, g_view):
    """Turn the gradient of the axes into those of scales, rotation and camera."""
    for column in range(3):
        scale = float(scales[i, column])
        g_scale = 0.0
        for row in range(3):
            g_scale += g_spread[row, column] * turned[row, column]
            g_spread[row, column] *= scale
        g_scales[i, column] = g_scale
    for row in range(3):
        for column in range(3):
            value = 0.0
            for k in range(3):
                value += view[k, row] * g_spread[k, column]
                g_view[row, column] += g_spread[row, k] * rotation[column, k]
            g_rotation[row, column] = value


@inline
def _quat_back(quat, g, i, g_quats):
    """Turn a rotation's gradient into that of the quaternion before its normalisation."""
    w, x, y, z, length = quat
    g_w = 2 * (z * (g[1, 0] - g[0, 1]) + y * (g[0, 2] - g[2, 0]) + x * (g[2, 1] - g[1, 2]))
    g_x = 2 * (y * (g[0, 1] + g[1, 0]) + z * (g[0, 2] + g[2, 0]) + w * (g[2, 1] - g[1, 2]))
    g_y = 2 * (x * (g[0, 1] + g[1, 0]) + z * (g[1, 2] + g[2, 1]) + w * (g[0, 2] - g[2, 0]))
    g_z = 2 * (x * (g[0, 2] + g[2, 0]) + y * (g[1, 2] + g[2, 1]) + w * (g[1, 0] - g[0, 1]))
    g_x -= 4 * x * (g[1, 1] + g[2, 2])
    g_y -= 4 * y * (g[0, 0] + g[2, 2])
    g_z -= 4 * z * (g[0, 0] + g[1, 1])
    along = w * g_w + x * g_x + y * g_y + z * g_z if length > QUAT_MIN else 0.0
    g_quats[i, 0], g_quats[i, 1] = (g_w - w * along) / length, (g_x - x * along) / length
    g_quats[i, 2], g_quats[i, 3] = (g_y - y * along) / length, (g_z - z * along) / length


@inline
def _centre_back(point, lens, spread, ax, ay, g_ax, g_ay, g_splat, g_spread):
    """Write the gradient of the axes; return that of the centre in camera space."""
    x, y, z = point
    near = 1.0 if lens[6] > 0 else 1 / z
    slope_x, held_x = _slope(x * near, lens[0], lens[2], lens[4])
    slope_y, held_y = _slope(y * near, lens[1], lens[3], lens[5])
    if lens[6] > 0:
        slope_x = slope_y = 0.0
    gain_x, gain_y = lens[0] * near, lens[1] * near
    g_slope_x, g_slope_y = 0.0, 0.0
    for k in range(3):
        g_spread[0, k], g_spread[1, k] = gain_x * g_ax[k], gain_y * g_ay[k]
        g_spread[2, k] = -slope_x * g_spread[0, k] - slope_y * g_spread[1, k]
        g_slope_x -= g_spread[0, k] * spread[2, k]
        g_slope_y -= g_spread[1, k] * spread[2, k]
    g_u, g_v, g_depth = g_splat
    g_x, g_y = g_u * gain_x, g_v * gain_y
    if lens[6] > 0:
        return g_x, g_y, g_depth
    g_x += 0.0 if held_x else g_slope_x * near
    g_y += 0.0 if held_y else g_slope_y * near
    # x, y and both gains go with 1/z
    g_depth -= near * (g_x * x + g_y * y + _dot(g_ax, ax) + _dot(g_ay, ay))
    return g_x, g_y, g_depth


@inline
def _point_back(means, i, view, g_point, g_means, g_view):
    for k in range(3):
        g_means[i, k] = g_point[0] * view[0, k] + g_point[1] * view[1, k] + g_point[2] * view[2, k]
        for row in range(3):
            g_view[row, k] += g_point[row] * float(means[i, k])
    for row in range(3):
        g_view[row, 3] += g_point[row]


@threaded
def project_all_back(
    begin,
    end,
    means,
    quats,
    scales,
    view,
    lens,
    radii,
    g_flat,
    g_conics,
    g_depths,
    g_means,
    g_quats,
    g_scales,
    g_views,
):
    """Write the gradients of a range of chunks; the camera's sum is one per chunk."""
    rotation, turned, spread = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    ax, ay, g_ax, g_ay = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    g_spread, g_rotation = np.empty((3, 3)), np.empty((3, 3))
    for chunk in range(begin, end):
        for i in range(chunk * CHUNK, min(len(means), (chunk + 1) * CHUNK)):
            if radii[i, 0] <= 0:
                continue
            quat = _rotation(quats, i, rotation)
            point = _to_camera(means, i, view)
            _axes(view, rotation, scales, i, turned, spread)
            near, slope_x, slope_y = 1.0, 0.0, 0.0
            if lens[6] == 0:
                near = 1 / point[2]
                slope_x, _ = _slope(point[0] * near, lens[0], lens[2], lens[4])
                slope_y, _ = _slope(point[1] * near, lens[1], lens[3], lens[5])
            _across(spread, 0, lens[0] * near, slope_x, ax)
            _across(spread, 1, lens[1] * near, slope_y, ay)
            _covariance_back(ax, ay, g_conics, i, g_ax, g_ay)
            g_splat = (float(g_flat[i, 0]), float(g_flat[i, 1]), float(g_depths[i]))
            g_point = _centre_back(point, lens, spread, ax, ay, g_ax, g_ay, g_splat, g_spread)
            _axes_back(
                view, rotation, turned, scales, i, g_spread, g_scales, g_rotation, g_views[chunk]
            )
            _quat_back(quat, g_rotation, i, g_quats)
            _point_back(means, i, view, g_point, g_means, g_views[chunk])
