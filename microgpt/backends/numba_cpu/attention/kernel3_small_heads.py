"""Causal self-attention of small heads: a lane is a channel, so that a vector holds several heads.

Query times key, summed in groups of D lanes, gives each lane the score of its own head. Nothing is
packed or transposed, as it is for the blocks, but the exponential of a score is taken D times: this
is faster while D and T are small. LANES must be a multiple of D.

Gained: a step on one name of 7 letters takes 12 % less time, on the 32 texts 3 % (`microgpt bench
--workloads recipe,batch`, against the same with MICROGPT_ATTENTION_KERNEL=2). Did not help: to take
larger heads or longer texts so; from T · D = 128 on, blocks take half the time.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.attention.work import (
    backward_work,
    chunk_bounds,
    count_chunks,
    forward_work,
)
from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, HELPER, INLINE
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.tiles import exp_rows
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    load,
    masked_load,
    masked_store,
    maximum,
    no_unroll,
    shuffle_xor,
    splat,
    store,
)


def supports_small_heads(T, D):
    """Whether heads of that size fit, and are faster here than in blocks."""
    return LANES % D == 0 and T <= LANES and T * D <= 4 * LANES


@kernel(work=forward_work)
def forward_small_heads(y, lse, qkv, n_head):
    """`self_attention_forward`."""
    B, T, C = y.shape
    chunks = count_chunks(B, T, C)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B, chunk, chunks)
        _forward_texts(y, lse, qkv, n_head, first, last)


@kernel(work=backward_work)
def backward_small_heads(dqkv, dy, y, lse, qkv, n_head):
    """`self_attention_backward`."""
    B, T, C = dy.shape
    chunks = count_chunks(B, T, C)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B, chunk, chunks)
        _backward_texts(dqkv, dy, y, lse, qkv, n_head, first, last)


@numba.njit(**INLINE)
def _sum_groups(x, D):
    """In each lane, the sum of its group of D lanes."""
    if D > 1:
        x = x + shuffle_xor(x, 1)
    if D > 2:
        x = x + shuffle_xor(x, 2)
    if D > 4:
        x = x + shuffle_xor(x, 4)
    if D > 8:
        x = x + shuffle_xor(x, 8)
    return x


@numba.njit(**HELPER | COUNT_REFERENCES)
def _forward_texts(y, lse, qkv, n_head, first_text, last_text):
    """Texts b from first_text to last_text, LANES channels of one after the other.

    The scratch holds a vector for each pair of a query t and a key s ≤ t; `row` is that of (t, 0).
    """
    f = qkv.dtype.type
    T, C = y.shape[1:]
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    pairs = T * (T + 1) // 2
    row_max, row_sum = pairs * LANES, (pairs + T) * LANES
    scratch = np.empty((pairs + 2 * T) * LANES, y.dtype)
    for b in range(first_text, last_text):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, C - c
            keys, values = queries + C, queries + 2 * C
            row = 0
            for t in range(T):
                query = scale * masked_load(qkv, queries + t * 3 * C, count)
                largest = splat(f(-np.inf))
                for s in range(t + 1):
                    no_unroll()
                    key = masked_load(qkv, keys + s * 3 * C, count)
                    score = _sum_groups(query * key, D)
                    largest = maximum(largest, score)
                    store(scratch, row + s * LANES, score)
                for s in range(t + 1):
                    no_unroll()
                    store(scratch, row + s * LANES, load(scratch, row + s * LANES) - largest)
                store(scratch, row_max + t * LANES, largest)
                row += (t + 1) * LANES
            exp_rows(scratch, 0, pairs)
            row = 0
            for t in range(T):
                out = splat(f(0))
                total = splat(f(0))
                for s in range(t + 1):
                    no_unroll()
                    weight = load(scratch, row + s * LANES)
                    total = total + weight
                    out = out + weight * masked_load(qkv, values + s * 3 * C, count)
                masked_store(y, (b * T + t) * C + c, out / total, count)
                store(scratch, row_sum + t * LANES, total)
                row += (t + 1) * LANES
            log_sums, maxima = scratch[row_sum:], scratch[row_max:row_sum]
            for i in range(log_sums.size):
                log_sums[i] = log(log_sums[i])
            for h in range(c // D, min(c + LANES, C) // D):
                for t in range(T):
                    i = t * LANES + h * D - c
                    lse[b, h, t] = maxima[i] + log_sums[i]


@numba.njit(**HELPER | COUNT_REFERENCES)
def _backward_texts(dqkv, dy, y, lse, qkv, n_head, first_text, last_text):
    """Texts b from first_text to last_text, as in `_forward_texts`."""
    f = qkv.dtype.type
    T, C = dy.shape[1:]
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    pairs = T * (T + 1) // 2
    dprobs, dkeys, dvalues = pairs * LANES, 2 * pairs * LANES, (2 * pairs + T) * LANES
    scratch = np.empty((2 * pairs + 2 * T) * LANES, dy.dtype)
    for b in range(first_text, last_text):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, C - c
            keys, values = queries + C, queries + 2 * C
            row = 0
            log_sums = scratch[dkeys : dkeys + T * LANES]  # until dkeys and dvalues are summed
            log_sums[:] = f(0)
            for h in range(c // D, min(c + LANES, C) // D):
                for t in range(T):
                    log_sums[t * LANES + h * D - c] = lse[b, h, t]
            for t in range(T):
                query = scale * masked_load(qkv, queries + t * 3 * C, count)
                dy_row = masked_load(dy, (b * T + t) * C + c, count)
                log_sum = _sum_groups(load(scratch, dkeys + t * LANES), D)
                for s in range(t + 1):
                    no_unroll()
                    key = masked_load(qkv, keys + s * 3 * C, count)
                    store(scratch, row + s * LANES, _sum_groups(query * key, D) - log_sum)
                    value = masked_load(qkv, values + s * 3 * C, count)
                    store(scratch, dprobs + row + s * LANES, _sum_groups(dy_row * value, D))
                row += (t + 1) * LANES
            exp_rows(scratch, 0, pairs)
            scratch[dkeys:] = f(0)
            row = 0
            for t in range(T):
                query = scale * masked_load(qkv, queries + t * 3 * C, count)
                dy_row = masked_load(dy, (b * T + t) * C + c, count)
                delta = _sum_groups(dy_row * masked_load(y, (b * T + t) * C + c, count), D)
                dquery = splat(f(0))
                for s in range(t + 1):
                    no_unroll()
                    pair = row + s * LANES
                    prob = load(scratch, pair)
                    dscore = prob * (load(scratch, dprobs + pair) - delta)
                    dquery = dquery + dscore * masked_load(qkv, keys + s * 3 * C, count)
                    dkey, dvalue = dkeys + s * LANES, dvalues + s * LANES
                    store(scratch, dkey, load(scratch, dkey) + dscore * query)
                    store(scratch, dvalue, load(scratch, dvalue) + prob * dy_row)
                masked_store(dqkv, queries + t * 3 * C, scale * dquery, count)
                row += (t + 1) * LANES
            for s in range(T):
                no_unroll()
                dkey, dvalue = load(scratch, dkeys + s * LANES), load(scratch, dvalues + s * LANES)
                masked_store(dqkv, keys + s * 3 * C, dkey, count)
                masked_store(dqkv, values + s * 3 * C, dvalue, count)
