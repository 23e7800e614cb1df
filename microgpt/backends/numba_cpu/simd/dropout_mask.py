"""Dropout's masks, drawn wherever they are needed: the same bits as NumPy's.

A mask factor is `scale` = 1 / (1 − p) for what is kept, 0 for what is dropped.
"""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.philox import philox
from microgpt.backends.numba_cpu.simd.vector import LANES, load, store


@numba.njit(**INLINE)
def mask_state(rng_state, layer_id, threshold, scale, f):
    """What all factors of one mask share: key, counter, layer_id, threshold, scale and 0."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    seed, counter = np.uint64(rng_state[0]), np.uint64(rng_state[1])
    key = seed & low, seed >> half
    return key, counter & low, np.uint64(layer_id), np.uint64(threshold), f(scale), f(0)


@numba.njit(**INLINE)
def mask_factors(mask, row, block):
    """The factors of columns 4 · block … 4 · block + 3 of a row: one draw of Philox."""
    key, counter, layer_id, threshold, scale, zero = mask
    a, b, c, d = philox(np.uint64(block), np.uint64(row), counter, layer_id, key[0], key[1])
    return (
        scale if a >= threshold else zero,
        scale if b >= threshold else zero,
        scale if c >= threshold else zero,
        scale if d >= threshold else zero,
    )


@numba.njit(**HELPER)
def fill_mask_factors(scratch, factors, mask, row, count):
    """factors[j, lane] = the factor of column j in row `row` + lane, for `count` columns j.

    `count` is rounded up to a multiple of four, for which there must be scratch.
    """
    for j in range(0, count, 4):
        four = scratch[factors + j * LANES : factors + (j + 4) * LANES]
        for lane in range(LANES):
            a, b, c, d = mask_factors(mask, row + lane, j // 4)
            four[lane] = a
            four[LANES + lane] = b
            four[2 * LANES + lane] = c
            four[3 * LANES + lane] = d


@numba.njit(**HELPER)
def multiply_rows(scratch, rows, factors, count):
    """rows[j] *= factors[j], for `count` rows of LANES numbers."""
    for j in range(0, count * LANES, LANES):
        store(scratch, rows + j, load(scratch, rows + j) * load(scratch, factors + j))
