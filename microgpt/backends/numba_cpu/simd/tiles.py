"""Products of small matrices for attention, in tiles of four rows whose sums stay in registers.

All of them lie in one flat array, the `room` of a thread; an argument like `rows` is the place
where that matrix begins. Rows of `size` numbers lie `width` apart: `size` rounded up to whole
lanes. `weights` has a row of LANES queries for each key.
"""

import numba

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    load,
    load_first,
    repeat,
    spread,
    stay_rolled,
    store,
    store_first,
    turn,
)

ROWS = 4


@numba.njit(**INLINE)
def tile(room, out, factors, across, along, rows, stride, count, fresh, corner):
    """out[r] = Σ_s factors[r, s] · rows[s], for four rows r: from 0, or from what is there.

    Over the first `count` rows s; with a corner also over the next four, but of these row s only
    into out[s] and below.
    """
    zeros = spread(room.dtype.type(0))
    t0, t1, t2, t3 = zeros, zeros, zeros, zeros
    if not fresh:
        t0 = load(room, out)
        t1 = load(room, out + stride)
        t2 = load(room, out + 2 * stride)
        t3 = load(room, out + 3 * stride)
    for s in range(count):
        stay_rolled()
        x = load(room, rows + s * stride)
        f = factors + s * along
        t0 = t0 + repeat(room, f) * x
        t1 = t1 + repeat(room, f + across) * x
        t2 = t2 + repeat(room, f + 2 * across) * x
        t3 = t3 + repeat(room, f + 3 * across) * x
    if corner:
        for s in range(ROWS):
            x = load(room, rows + (count + s) * stride)
            f = factors + (count + s) * along
            if s == 0:
                t0 = t0 + repeat(room, f) * x
            if s <= 1:
                t1 = t1 + repeat(room, f + across) * x
            if s <= 2:
                t2 = t2 + repeat(room, f + 2 * across) * x
            t3 = t3 + repeat(room, f + 3 * across) * x
    store(room, out, t0)
    store(room, out + stride, t1)
    store(room, out + 2 * stride, t2)
    store(room, out + 3 * stride, t3)


@numba.njit(**HELPER)
def exponentials(room, at, rows):
    """Rows of LANES from `at` on: x = exp(x)."""
    powers = room[at : at + rows * LANES]
    for i in range(powers.size):
        powers[i] = exp(powers[i])


@numba.njit(**HELPER)
def gather(room, rows, width, source, at, stride, count, size, scale):
    """rows[t] = scale · the `size` numbers of `source` from `at` + t · stride on."""
    for d in range(0, size, LANES):
        for t in range(count):
            stay_rolled()
            numbers = load_first(source, at + t * stride + d, size - d)
            store(room, rows + t * width + d, scale * numbers)


@numba.njit(**HELPER)
def scatter(target, at, stride, room, rows, width, count, size, scale):
    """The `size` numbers of `target` from `at` + t · stride on = scale · rows[t]."""
    for d in range(0, size, LANES):
        for t in range(count):
            stay_rolled()
            numbers = load(room, rows + t * width + d)
            store_first(target, at + t * stride + d, scale * numbers, size - d)


@numba.njit(**HELPER)
def turn_rows(room, turned, rows, width):
    """turned[d, lane] = rows[lane, d]."""
    for d in range(0, width, LANES):
        turn(room, turned + d * LANES, room, rows + d, width)


@numba.njit(**HELPER)
def inner_products(room, weights, rows, width, turned, size, count):
    """weights[j] = Σ_d rows[j, d] · turned[d]: the products of row j with LANES other rows."""
    for j in range(0, count, ROWS):
        w, r = weights + j * LANES, rows + j * width
        tile(room, w, r, width, 1, turned, LANES, size, True, False)


@numba.njit(**HELPER)
def sum_of_past(room, out, weights, rows, width, first, count):
    """out[i] = Σ_j weights[j, i] · rows[j], over j up to and including first + i."""
    for i in range(0, count, ROWS):
        o, w = out + i * width, weights + i
        for d in range(0, width, LANES):
            tile(room, o + d, w, 1, LANES, rows + d, width, first + i, True, True)


@numba.njit(**HELPER)
def add_from_future(room, out, weights, rows, width, first, count):
    """out[j] += Σ_i weights[j, i] · rows[first + i], where the weights of a past i are 0."""
    for j in range(0, first + count, ROWS):
        i = max(0, j - first)
        o, w, r = out + j * width, weights + j * LANES + i, rows + (first + i) * width
        for d in range(0, width, LANES):
            tile(room, o + d, w, LANES, 1, r + d, width, count - i, False, False)
