"""The masks of dropout, drawn wherever they are needed: the same bits as NumPy's."""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.philox import philox
from microgpt.backends.numba_cpu.simd.vector import LANES, load, store


@numba.njit(**INLINE)
def drawing(turn, site, threshold, scale, f):
    """What all factors of one site have in common: key, count, site, threshold, scale and 0."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    seed, count = np.uint64(turn[0]), np.uint64(turn[1])
    key = seed & low, seed >> half
    return key, count & low, np.uint64(site), np.uint64(threshold), f(scale), f(0)


@numba.njit(**INLINE)
def factors(draw, row, block):
    """What columns 4 · block to 4 · block + 3 of a row are multiplied by: the scale, or 0."""
    key, count, site, threshold, scale, zero = draw
    a, b, c, d = philox(np.uint64(block), np.uint64(row), count, site, key[0], key[1])
    return (
        scale if a >= threshold else zero,
        scale if b >= threshold else zero,
        scale if c >= threshold else zero,
        scale if d >= threshold else zero,
    )


@numba.njit(**HELPER)
def draw_factors(room, at, draw, row, count):
    """room[at + j, lane] = the factor of column j of row `row` + lane, for `count` columns j.

    Rounded up to four columns, for which there must be room.
    """
    for j in range(0, count, 4):
        four = room[at + j * LANES : at + (j + 4) * LANES]
        for lane in range(LANES):
            a, b, c, d = factors(draw, row + lane, j // 4)
            four[lane] = a
            four[LANES + lane] = b
            four[2 * LANES + lane] = c
            four[3 * LANES + lane] = d


@numba.njit(**HELPER)
def multiply_rows(room, rows, by, count):
    """rows[j] = rows[j] · by[j], for `count` rows of LANES numbers."""
    for j in range(0, count * LANES, LANES):
        store(room, rows + j, load(room, rows + j) * load(room, by + j))
