"""Products of small matrices for attention, in 4 × LANES tiles whose sums stay in registers.

All matrices lie in one flat array, a thread's `scratch`; an argument like `out` is the offset where
that matrix begins. Rows of D numbers lie `width` apart, D rounded up to whole vectors. `weights` is
(keys, LANES): a column for each of LANES queries.
"""

import numba

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.intrinsics import exp_weight
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    broadcast_load,
    load,
    masked_load,
    masked_store,
    no_unroll,
    splat,
    store,
    transpose,
)

TILE_ROWS = 4


@numba.njit(**INLINE)
def micro_kernel(scratch, out, a, a_row, a_col, b, b_row, depth, accumulate, causal_corner):
    """out[r] = Σ_k a[r, k] · b[k] for four rows r, or += with `accumulate`; vectors of LANES.

    Strides: a_row, a_col; b_row for b and out. k runs up to `depth`; with a causal corner over four
    more, of which row r takes only the first r + 1.
    """
    zeros = splat(scratch.dtype.type(0))
    sum0, sum1, sum2, sum3 = zeros, zeros, zeros, zeros
    if accumulate:
        sum0 = load(scratch, out)
        sum1 = load(scratch, out + b_row)
        sum2 = load(scratch, out + 2 * b_row)
        sum3 = load(scratch, out + 3 * b_row)
    for k in range(depth):
        no_unroll()
        x = load(scratch, b + k * b_row)
        ak = a + k * a_col
        sum0 = sum0 + broadcast_load(scratch, ak) * x
        sum1 = sum1 + broadcast_load(scratch, ak + a_row) * x
        sum2 = sum2 + broadcast_load(scratch, ak + 2 * a_row) * x
        sum3 = sum3 + broadcast_load(scratch, ak + 3 * a_row) * x
    if causal_corner:
        for k in range(TILE_ROWS):
            x = load(scratch, b + (depth + k) * b_row)
            ak = a + (depth + k) * a_col
            if k == 0:
                sum0 = sum0 + broadcast_load(scratch, ak) * x
            if k <= 1:
                sum1 = sum1 + broadcast_load(scratch, ak + a_row) * x
            if k <= 2:
                sum2 = sum2 + broadcast_load(scratch, ak + 2 * a_row) * x
            sum3 = sum3 + broadcast_load(scratch, ak + 3 * a_row) * x
    store(scratch, out, sum0)
    store(scratch, out + b_row, sum1)
    store(scratch, out + 2 * b_row, sum2)
    store(scratch, out + 3 * b_row, sum3)


@numba.njit(**HELPER)
def exp_rows(scratch, rows, count):
    """rows = exp_weight(rows), for `count` rows of LANES numbers."""
    flat = scratch[rows : rows + count * LANES]
    for i in range(flat.size):
        flat[i] = exp_weight(flat[i])


@numba.njit(**HELPER)
def pack(scratch, rows, width, array, offset, row_stride, count, D, scale):
    """rows[t] = scale · the D numbers of `array` from offset + t · row_stride on."""
    for d in range(0, D, LANES):
        for t in range(count):
            no_unroll()
            x = masked_load(array, offset + t * row_stride + d, D - d)
            store(scratch, rows + t * width + d, scale * x)


@numba.njit(**HELPER)
def unpack(array, offset, row_stride, scratch, rows, width, count, D, scale):
    """The D numbers of `array` from offset + t · row_stride on = scale · rows[t]."""
    for d in range(0, D, LANES):
        for t in range(count):
            no_unroll()
            x = load(scratch, rows + t * width + d)
            masked_store(array, offset + t * row_stride + d, scale * x, D - d)


@numba.njit(**HELPER)
def transpose_rows(scratch, out, rows, width):
    """out[d, lane] = rows[lane, d], for LANES rows."""
    for d in range(0, width, LANES):
        transpose(scratch, out + d * LANES, scratch, rows + d, width)


@numba.njit(**HELPER)
def multiply_transposed(scratch, weights, rows, width, columns, D, count):
    """weights[j] = Σ_d rows[j, d] · columns[d]: the dot products of each row with LANES columns."""
    for j in range(0, count, TILE_ROWS):
        weights_j, rows_j = weights + j * LANES, rows + j * width
        micro_kernel(scratch, weights_j, rows_j, width, 1, columns, LANES, D, False, False)


@numba.njit(**HELPER)
def causal_weighted_sum(scratch, out, weights, rows, width, first, count):
    """out[i] = Σ_j weights[j, i] · rows[j] over j ≤ first + i: each query's sum over its past."""
    for i in range(0, count, TILE_ROWS):
        out_i, weights_i = out + i * width, weights + i
        for d in range(0, width, LANES):
            micro_kernel(
                scratch, out_i + d, weights_i, 1, LANES, rows + d, width, first + i, False, True
            )


@numba.njit(**HELPER)
def add_weighted_queries(scratch, out, weights, rows, width, first, count):
    """out[j] += Σ_i weights[j, i] · rows[first + i] over i ≥ j − first: each key's later queries.

    The weights of queries before the key are 0 where a tile of four keys takes them in.
    """
    for j in range(0, first + count, TILE_ROWS):
        i = max(0, j - first)
        out_j, weights_j = out + j * width, weights + j * LANES + i
        rows_i = rows + (first + i) * width
        for d in range(0, width, LANES):
            micro_kernel(
                scratch, out_j + d, weights_j, LANES, 1, rows_i + d, width, count - i, True, False
            )
