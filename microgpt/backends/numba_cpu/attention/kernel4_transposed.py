"""Causal self-attention of heads of four numbers, texts of up to LANES tokens; a lane is a query.

The queries of all heads in LANES channels are transposed at once, and the results transposed back;
keys and values are read where they lie. The work is a vector for each head and key, half of it for
future keys, where kernel 3 takes one for each pair of tokens. Forward only.

Gained: a training step on the 32 texts takes 7 % less time (`microgpt bench --workloads batch`,
against the same with MICROGPT_ATTENTION_KERNEL=3). Did not help: to take texts of 8 tokens or fewer
so, which have too few pairs.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.attention.work import chunk_bounds, count_chunks, forward_work
from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, HELPER, INLINE
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.tiles import exp_rows, pack, unpack
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    broadcast_load,
    load,
    mask_below,
    masked_load,
    masked_store,
    maximum,
    no_unroll,
    splat,
    store,
    transpose,
)

HEAD = 4  # numbers of a head
SQUARE = LANES * LANES


def supports_transposed(T, D):
    """Whether heads and texts of that size fit, and forward is faster here than in kernel 3."""
    return LANES // 2 < T <= LANES and D == HEAD


@kernel(work=forward_work)
def forward_transposed(y, lse, qkv, n_head):
    """`self_attention_forward`."""
    B, T, C = y.shape
    chunks = count_chunks(B, T, C)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B, chunk, chunks)
        _forward_texts(y, lse, qkv, n_head, first, last)


@numba.njit(**HELPER | COUNT_REFERENCES)
def _forward_texts(y, lse, qkv, n_head, first_text, last_text):
    """Texts b from first_text to last_text, LANES channels of one after the other."""
    f = qkv.dtype.type
    T, C = y.shape[1:]
    heads = LANES // HEAD  # side by side
    rows, columns, out, row_max = 0, SQUARE, 2 * SQUARE, 3 * SQUARE
    row_sum = row_max + heads * LANES
    scores = row_sum + heads * LANES
    scratch = np.empty(scores + heads * T * LANES, y.dtype)
    if T < LANES:  # lanes behind the text's end, where subnormal numbers would be slow
        scratch[:columns] = f(0)
    scale = f(1) / math.sqrt(f(HEAD))
    for b in range(first_text, last_text):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, min(LANES, C - c)
            keys, values = queries + C, queries + 2 * C
            pack(scratch, rows, LANES, qkv, queries, 3 * C, T, count, scale)
            transpose(scratch, columns, scratch, rows, LANES)
            finite = _all_finite(scratch, row_sum, qkv, values, 3 * C, T, count)
            for d in range(0, count, HEAD):
                head = scores + d // HEAD * T * LANES
                query_columns = columns + d * LANES
                largest = _causal_scores(scratch, head, query_columns, qkv, keys + d, 3 * C, T)
                for s in range(T):
                    no_unroll()
                    store(scratch, head + s * LANES, load(scratch, head + s * LANES) - largest)
                store(scratch, row_max + d // HEAD * LANES, largest)
            exp_rows(scratch, scores, count // HEAD * T)
            for d in range(0, count, HEAD):
                head = scores + d // HEAD * T * LANES
                total = splat(f(0))
                for s in range(T):
                    no_unroll()
                    total = total + load(scratch, head + s * LANES)
                store(scratch, row_sum + d // HEAD * LANES, total)
                out_d, inv_sum = out + d * LANES, splat(f(1)) / total
                _weighted_sums(scratch, out_d, head, qkv, values + d, 3 * C, T, finite, inv_sum)
            transpose(scratch, rows, scratch, out, LANES)
            unpack(y, b * T * C + c, C, scratch, rows, LANES, T, count, f(1))
            log_sums = scratch[row_sum : row_sum + count // HEAD * LANES]
            for i in range(log_sums.size):
                log_sums[i] = log(log_sums[i])
            for d in range(0, count, HEAD):
                lanes = d // HEAD * LANES
                lse_of_head = load(scratch, row_max + lanes) + load(scratch, row_sum + lanes)
                masked_store(lse, (b * n_head + (c + d) // HEAD) * T, lse_of_head, T)


@numba.njit(**INLINE)
def _all_finite(scratch, free, array, offset, row_stride, count, size):
    """Whether `count` rows of `size` numbers are finite; writes LANES numbers of scratch[free:]."""
    f = array.dtype.type
    total = splat(f(0))
    for t in range(count):
        no_unroll()
        total = total + f(0) * masked_load(array, offset + t * row_stride, size)  # 0 · inf is NaN
    store(scratch, free, total)
    finite = True
    for lane in range(LANES):
        finite &= scratch[free + lane] == f(0)
    return finite


@numba.njit(**INLINE)
def _causal_scores(scratch, scores, query_columns, qkv, keys, row_stride, T):
    """scores[s] = key s · queries, −inf for queries before s; returns each query's maximum."""
    f = qkv.dtype.type
    q0, q1 = load(scratch, query_columns), load(scratch, query_columns + LANES)
    q2, q3 = load(scratch, query_columns + 2 * LANES), load(scratch, query_columns + 3 * LANES)
    largest = splat(f(-np.inf))
    for s in range(T):
        no_unroll()
        key = keys + s * row_stride
        even = broadcast_load(qkv, key) * q0 + broadcast_load(qkv, key + 2) * q2
        odd = broadcast_load(qkv, key + 1) * q1 + broadcast_load(qkv, key + 3) * q3
        score = mask_below(even + odd, s, f(-np.inf))
        largest = maximum(largest, score)
        store(scratch, scores + s * LANES, score)
    return largest


@numba.njit(**INLINE)
def _weighted_sums(scratch, out, weights, qkv, values, row_stride, T, finite, inv_sum):
    """out[d] = inv_sum · Σ_s weights[s] · value s[d].

    A query's weight of a later value is 0. But 0 · NaN is NaN: unless all values are `finite`,
    lanes before s leave value s out.
    """
    zeros = splat(scratch.dtype.type(0))
    out0, out1, out2, out3 = zeros, zeros, zeros, zeros
    if finite:
        for s in range(T):
            no_unroll()
            weight, value = load(scratch, weights + s * LANES), values + s * row_stride
            out0 = out0 + broadcast_load(qkv, value) * weight
            out1 = out1 + broadcast_load(qkv, value + 1) * weight
            out2 = out2 + broadcast_load(qkv, value + 2) * weight
            out3 = out3 + broadcast_load(qkv, value + 3) * weight
    else:
        for s in range(T):
            no_unroll()
            weight, value = load(scratch, weights + s * LANES), values + s * row_stride
            out0 = mask_below(out0 + broadcast_load(qkv, value) * weight, s, out0)
            out1 = mask_below(out1 + broadcast_load(qkv, value + 1) * weight, s, out1)
            out2 = mask_below(out2 + broadcast_load(qkv, value + 2) * weight, s, out2)
            out3 = mask_below(out3 + broadcast_load(qkv, value + 3) * weight, s, out3)
    store(scratch, out, out0 * inv_sum)
    store(scratch, out + LANES, out1 * inv_sum)
    store(scratch, out + 2 * LANES, out2 * inv_sum)
    store(scratch, out + 3 * LANES, out3 * inv_sum)
