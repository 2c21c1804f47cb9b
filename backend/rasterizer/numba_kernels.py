"""Compositing as numba kernels: sort, hand splats to tiles, blend, and blend backwards.

A splat here is a few pixels wide, so the inner loop is one row of its own rectangle, eight pixels
at a time, not the tile: almost no pixel is tested in vain. Tiles are only what a thread keeps in
its cache. Every gradient has one writer and a fixed order of summation, so the thread count does
not change a bit.

Arrays carry no shapes in their types (numba reads these functions, not jaxtyping):
records    float32: per splat in depth order RECORD numbers, then features and depth
starts     int64 (tiles + 1): where each tile's list begins in ``entries``
entries    int32: ranks in depth order, tile by tile, front to back
places     int32: the same pairs by rank: positions in ``entries``; ``firsts`` says where
"""

import math

import numpy as np

from backend.rasterizer.numba_simd import (
    LANES,
    count,
    inline,
    load,
    ramp,
    store,
    threaded,
    times_power_of_two,
    where,
)
from backend.rasterizer.protocol import ALPHA_MAX, ALPHA_MIN, TRANSMITTANCE_STOP

TILE_WIDTH, TILE_HEIGHT = 32, 16
STRIDE = TILE_WIDTH + LANES
"""Floats per row of a tile: a step of eight pixels may begin at its last one."""
RECORD = 9
"""Mean x, y, ½a, b, ½c, opacity, half width, half height, largest 2σ."""
PLANES = 4
"""Planes of a tile before those of the features: transmittance, last splat, behind, alpha."""
MOMENTS = 6
"""Gradients per pair before the features': Σq, Σq·dx, Σq·dy, Σq·dx², Σq·dx·dy, Σq·dy²."""
HOP = 7919
"""A prime: stepping by it through the tiles gives every thread a share of the busy ones."""

ROUND = 12582912.0
"""1.5·2²³: adding it to a float32 leaves the nearest integer in the low bits."""


@inline
def _exp_minus(sigma):
    """Return exp(−σ) of lanes to 2e-7; σ < 0 gives anything."""
    sigma = where(sigma <= 80.0, sigma, 80.0)
    power = sigma * -1.4426950408889634 + ROUND
    r = (power - ROUND) * -0.6931471805599453 - sigma  # in ±½ ln 2
    series = 1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720)))
    return times_power_of_two(1 + r * (1 + r * (0.5 + r * series)), power)


@threaded
def depth_order(bits, visible):
    """Sort visible splats by depth, given as the float's bits, front to back; ties keep order."""
    keys, order = np.empty(len(bits), np.uint32), np.empty(len(bits), np.int32)
    found = 0
    tallies = np.zeros((3, 2049), np.int64)
    for i in range(len(bits)):
        if visible[i, 0] > 0:
            # floats compare like integers once negative ones are turned upside down
            key = ~bits[i] if bits[i] >> 31 else bits[i] | np.uint32(0x80000000)
            keys[found], order[found] = key, i
            for digit in range(3):
                tallies[digit, ((key >> (11 * digit)) & 2047) + 1] += 1
            found += 1
    keys_after, order_after = np.empty_like(keys), np.empty_like(order)
    for digit in range(3):
        places = np.cumsum(tallies[digit])
        for i in range(found):
            bucket = (keys[i] >> (11 * digit)) & 2047
            keys_after[places[bucket]], order_after[places[bucket]] = keys[i], order[i]
            places[bucket] += 1
        keys, keys_after = keys_after, keys
        order, order_after = order_after, order
    return order[:found]


@inline
def _reach(middle, half, size):
    """Return the first and last pixel whose centre is within half of the middle; may be none."""
    none, all_of_them = np.float32(0.0), np.float32(size)
    low = min(max(middle - half + np.float32(0.5), none), all_of_them)
    high = min(max(middle + half + np.float32(0.5), none), all_of_them)
    return int(low), int(high) - 1  # halves are a little too large: a centre on the edge may go


@threaded
def gather_records(begin, end, order, means, conics, opacities, extents, depths, features, records):
    """Copy what the tiles need of each splat into one place, in depth order."""
    channels = features.shape[1]
    for rank in range(begin, end):
        i, record = order[rank], records[rank]
        record[0], record[1] = means[i, 0], means[i, 1]
        record[2], record[3], record[4] = 0.5 * conics[i, 0], conics[i, 1], 0.5 * conics[i, 2]
        record[5], record[6], record[7] = opacities[i], extents[i, 0], extents[i, 1]
        record[8] = 2.0 * math.log(opacities[i] * 255.0) + 1e-4
        for channel in range(channels):
            record[RECORD + channel] = features[i, channel]
        record[RECORD + channels] = depths[i]


def tile_count(width, height):
    """Return how many tiles cover a picture."""
    return -(-width // TILE_WIDTH) * -(-height // TILE_HEIGHT)


@inline
def _tile_box(record, width, height):
    x0, x1 = _reach(record[0], record[6], width)
    y0, y1 = _reach(record[1], record[7], height)
    if x0 > x1 or y0 > y1:
        return 0, -1, 0, -1
    return x0 // TILE_WIDTH, x1 // TILE_WIDTH, y0 // TILE_HEIGHT, y1 // TILE_HEIGHT


@threaded
def tile_lists(records, first_tile, width, height, tiles):
    """List each tile's splats front to back (counting sort); see the module for the arrays."""
    columns = (width + TILE_WIDTH - 1) // TILE_WIDTH
    starts, firsts = np.zeros(tiles + 1, np.int64), np.zeros(len(records) + 1, np.int64)
    for rank in range(len(records)):
        left, right, top, bottom = _tile_box(records[rank], width, height)
        firsts[rank + 1] = firsts[rank] + (right - left + 1) * (bottom - top + 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                starts[first_tile[rank] + row * columns + column + 1] += 1
    starts = np.cumsum(starts)
    entries, places = np.empty(firsts[-1], np.int32), np.empty(firsts[-1], np.int32)
    heads = starts[:-1].copy()
    for rank in range(len(records)):
        left, right, top, bottom = _tile_box(records[rank], width, height)
        pair = firsts[rank]
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                tile = first_tile[rank] + row * columns + column
                entries[heads[tile]], places[pair] = rank, heads[tile]
                heads[tile] += 1
                pair += 1
    return starts, entries, firsts, places


@inline
def _tile_place(turn, tiles, width, height):
    """Return a tile's number, picture, corner, and size within the picture."""
    columns, rows = (
        (width + TILE_WIDTH - 1) // TILE_WIDTH,
        (height + TILE_HEIGHT - 1) // TILE_HEIGHT,
    )
    tile = turn if tiles % HOP == 0 else turn * HOP % tiles
    picture, within = tile // (columns * rows), tile % (columns * rows)
    left, top = within % columns * TILE_WIDTH, within // columns * TILE_HEIGHT
    size = (min(TILE_WIDTH, width - left), min(TILE_HEIGHT, height - top))
    return tile, picture, left, top, size


@inline
def _row_reach(record, x, dy, x0, x1):
    """Narrow a row to the ellipse where the rectangle takes more than one step of eight pixels."""
    if x1 - x0 < LANES:
        return x0, x1
    a, slant = record[2] + record[2], record[3] * dy
    square = slant * slant
    inside = square * np.float32(1.00001) - a * (record[4] * dy * dy * np.float32(2) - record[8])
    if inside < 0:
        return 0, -1
    half = math.sqrt(inside) / a * np.float32(1.0005) + np.float32(2e-3)
    low, high = _reach(x + slant / a, half, x1 + 1)
    return max(low, x0), high


@inline
def _alpha(record, dx, dy):
    """Return opacity·exp(−σ) of a row of pixels and where it is drawn at all."""
    sigma = (record[2] * dx + record[3] * dy) * dx + record[4] * dy * dy
    raw = record[5] * _exp_minus(sigma)
    return raw, (raw >= np.float32(ALPHA_MIN)) & (sigma >= 0.0)


@inline
def _blend(record, k, left, top, size, tile):
    """Blend splat k of a tile's list into the tile; return how many pixels it closed."""
    planes = PLANES + len(record) - RECORD
    mean_x, mean_y = record[0] - np.float32(left), record[1] - np.float32(top)
    x0, x1 = _reach(mean_x, record[6], size[0])
    y0, y1 = _reach(mean_y, record[7], size[1])
    closed = 0
    for y in range(y0, y1 + 1):
        dy = mean_y - np.float32(y) - np.float32(0.5)
        begin, end = _row_reach(record, mean_x, dy, x0, x1)
        for x in range(begin, end + 1, LANES):
            at = y * planes * STRIDE + x
            before = load(tile, at)
            if count(before > 0.0) == 0:
                continue
            dx = (mean_x - np.float32(x) - np.float32(0.5)) - ramp()
            raw, drawn = _alpha(record, dx, dy)
            alpha = where(drawn, where(raw <= ALPHA_MAX, raw, ALPHA_MAX), 0.0)
            after = before * (1.0 - alpha)
            # a pixel that stops keeps its transmittance, with a minus, and takes nothing more
            goes_on = after > TRANSMITTANCE_STOP
            closed += count(before > 0.0) - count(goes_on)
            store(tile, at, where(goes_on, after, where(before > 0.0, 0.0 - before, before)))
            weight = where(goes_on, alpha * before, 0.0)
            store(tile, at + STRIDE, where(weight > 0.0, k, load(tile, at + STRIDE)))
            store(tile, at + 3 * STRIDE, load(tile, at + 3 * STRIDE) + weight)
            for channel in range(len(record) - RECORD):
                plane = at + (PLANES + channel) * STRIDE
                store(tile, plane, load(tile, plane) + weight * record[RECORD + channel])
    return closed


@inline
def _open_tile(tile, planes, size):
    """Clear a tile; what lies outside the picture is closed from the start."""
    tile[:] = 0
    for y in range(size[1]):
        for x in range(STRIDE):
            tile[y * planes * STRIDE + x] = 1 if x < size[0] else -1
            tile[(y * planes + 1) * STRIDE + x] = -1


@inline
def _write_tile(tile, planes, place, outputs):
    features, depths, alphas, states = outputs
    _, picture, left, top, size = place
    channels = planes - PLANES - 1
    for y in range(size[1]):
        for x in range(size[0]):
            at, v, u = y * planes * STRIDE + x, top + y, left + x
            states[picture, v, u, 0] = abs(tile[at])
            states[picture, v, u, 1] = tile[at + STRIDE]
            alphas[picture, v, u] = tile[at + 3 * STRIDE]
            depths[picture, v, u] = tile[at + (PLANES + channels) * STRIDE]
            for channel in range(channels):
                features[picture, v, u, channel] = tile[at + (PLANES + channel) * STRIDE]


@threaded
def composite(begin, end, records, starts, entries, outputs):
    """Blend every tile into ``outputs``: features, depth, alpha, and T with the last splat."""
    states = outputs[3]
    planes = PLANES + records.shape[1] - RECORD
    for turn in range(begin, end):
        place = _tile_place(turn, len(starts) - 1, states.shape[2], states.shape[1])
        number, _, left, top, size = place
        tile = np.empty(TILE_HEIGHT * planes * STRIDE, np.float32)
        _open_tile(tile, planes, size)
        alive = size[0] * size[1]
        for k in range(starts[number], starts[number + 1]):
            rank_in_tile = np.float32(k - starts[number])
            alive -= _blend(records[entries[k]], rank_in_tile, left, top, size, tile)
            if alive == 0:
                break
        _write_tile(tile, planes, place, outputs)
