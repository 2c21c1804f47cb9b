"""The derivative of compositing as numba kernels, tile by tile from back to front."""

import numpy as np

from backend.rasterizer.numba_kernels import (
    MOMENTS,
    PLANES,
    RECORD,
    STRIDE,
    TILE_HEIGHT,
    _alpha,
    _reach,
    _row_reach,
    _tile_place,
)
from backend.rasterizer.numba_simd import (
    LANES,
    count,
    inline,
    load,
    ramp,
    store,
    threaded,
    total,
    where,
)
from backend.rasterizer.protocol import ALPHA_MAX


@inline
def _open_tile(tile, planes, place, states, g_outputs):
    """Lay out the final state and the gradient of each pixel; return the last splat of all."""
    g_features, g_depths, g_alphas = g_outputs
    _, picture, left, top, size = place
    channels, furthest = planes - PLANES - 1, -1
    tile[:] = 0
    for y in range(size[1]):
        for x in range(STRIDE):
            at, v, u = y * planes * STRIDE + x, top + y, left + x
            tile[at], tile[at + STRIDE] = 1, -1
            if x < size[0]:
                tile[at], tile[at + STRIDE] = states[picture, v, u, 0], states[picture, v, u, 1]
                furthest = max(furthest, int(states[picture, v, u, 1]))
                tile[at + 3 * STRIDE] = g_alphas[picture, v, u]
                tile[at + (PLANES + channels) * STRIDE] = g_depths[picture, v, u]
                for channel in range(channels):
                    tile[at + (PLANES + channel) * STRIDE] = g_features[picture, v, u, channel]
    return furthest


@inline
def _unblend(record, k, left, top, size, tile, sums):
    """Take splat k out of the tile again; leave its gradients in ``sums``, lane by lane."""
    channels = len(record) - RECORD
    mean_x, mean_y = record[0] - np.float32(left), record[1] - np.float32(top)
    x0, x1 = _reach(mean_x, record[6], size[0])
    y0, y1 = _reach(mean_y, record[7], size[1])
    none = ramp() * 0.0
    q0, qx, qy, qxx, qxy, qyy = none, none, none, none, none, none
    for channel in range(channels):
        store(sums, channel * LANES, none)
    for y in range(y0, y1 + 1):
        dy = mean_y - np.float32(y) - np.float32(0.5)
        begin, end = _row_reach(record, mean_x, dy, x0, x1)
        for x in range(begin, end + 1, LANES):
            at = y * (PLANES + channels) * STRIDE + x
            reached = load(tile, at + STRIDE) >= k
            if count(reached) == 0:
                continue
            dx = (mean_x - np.float32(x) - np.float32(0.5)) - ramp()
            raw, drawn = _alpha(record, dx, dy)
            drawn = drawn & reached
            alpha = where(drawn, where(raw <= ALPHA_MAX, raw, ALPHA_MAX), 0.0)
            gain = 1.0 / (1.0 - alpha)
            before = load(tile, at) * gain
            store(tile, at, before)
            weight = alpha * before
            along = load(tile, at + 3 * STRIDE)  # gradient of this pixel along this splat
            for channel in range(channels):
                g_pixel = load(tile, at + (PLANES + channel) * STRIDE)
                along = along + g_pixel * record[RECORD + channel]
                g_feature = load(sums, channel * LANES)
                store(sums, channel * LANES, g_feature + weight * g_pixel)
            behind = load(tile, at + 2 * STRIDE)
            store(tile, at + 2 * STRIDE, behind + weight * along)
            g_alpha = before * along - behind * gain
            q = where(drawn & (raw <= ALPHA_MAX), raw * g_alpha, 0.0)
            q_dx, q_dy = q * dx, q * dy
            q0, qx, qy = q0 + q, qx + q_dx, qy + q_dy
            qxx, qxy, qyy = qxx + q_dx * dx, qxy + q_dx * dy, qyy + q_dy * dy
    return total(q0), total(qx), total(qy), total(qxx), total(qxy), total(qyy)


@threaded
def composite_back(begin, end, records, starts, entries, states, g_outputs, pairs):
    """Write the gradients of each tile's list: MOMENTS, then features and depth."""
    channels = records.shape[1] - RECORD
    planes = PLANES + channels
    for turn in range(begin, end):
        place = _tile_place(turn, len(starts) - 1, states.shape[2], states.shape[1])
        number, _, left, top, size = place
        tile = np.empty(TILE_HEIGHT * planes * STRIDE, np.float32)
        sums = np.empty(channels * LANES, np.float32)
        last = _open_tile(tile, planes, place, states, g_outputs)
        for k in range(starts[number + 1] - 1, starts[number] - 1, -1):
            pair = pairs[k]
            if k - starts[number] > last:
                pair[:] = 0
                continue
            record, rank_in_tile = records[entries[k]], np.float32(k - starts[number])
            moments = _unblend(record, rank_in_tile, left, top, size, tile, sums)
            pair[0], pair[1], pair[2] = moments[0], moments[1], moments[2]
            pair[3], pair[4], pair[5] = moments[3], moments[4], moments[5]
            for channel in range(channels):
                pair[MOMENTS + channel] = total(load(sums, channel * LANES))


@threaded
def scatter_gradients(
    begin,
    end,
    order,
    records,
    firsts,
    places,
    pairs,
    g_means,
    g_conics,
    g_opacities,
    g_depths,
    g_features,
):
    """Add up each splat's pairs and write the gradients in the order of the Gaussians."""
    channels = g_features.shape[1]
    for rank in range(begin, end):
        i, record = order[rank], records[rank]
        s0, sx, sy, sxx, sxy, syy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for p in range(firsts[rank], firsts[rank + 1]):
            pair = pairs[places[p]]
            s0, sx, sy = s0 + pair[0], sx + pair[1], sy + pair[2]
            sxx, sxy, syy = sxx + pair[3], sxy + pair[4], syy + pair[5]
            for channel in range(channels):
                g_features[i, channel] += pair[MOMENTS + channel]
            g_depths[i] += pair[MOMENTS + channels]
        g_means[i, 0] = -(2 * record[2] * sx + record[3] * sy)
        g_means[i, 1] = -(record[3] * sx + 2 * record[4] * sy)
        g_conics[i, 0], g_conics[i, 1], g_conics[i, 2] = -0.5 * sxx, -sxy, -0.5 * syy
        g_opacities[i] = s0 / record[5]
