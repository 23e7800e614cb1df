"""Causal self-attention in blocks of LANES queries; a lane is a query.

Adds vectors and register tiles. A thread packs the queries, keys and values of a head and takes one
block of queries after the other. A block's scores lie with a row for each key, so that maxima and
sums over keys never go across a vector; T · LANES scores are all that is ever in memory, and they
stay in cache. Backward computes them again.

Gained: a training step on the letters or on the 32 texts takes a third of the time (`microgpt bench
--workloads char,batch`, against the same with MICROGPT_ATTENTION_KERNEL=1). Did not help: to clear
all of the scratch, not only what lies behind the text's end; backward took 10 to 17 % longer.
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
from microgpt.backends.numba_cpu.simd.dropout_mask import (
    fill_mask_factors,
    mask_state,
    multiply_rows,
)
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.tiles import (
    add_weighted_queries,
    causal_weighted_sum,
    exp_rows,
    multiply_transposed,
    pack,
    transpose_rows,
    unpack,
)
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    load,
    mask_below,
    masked_load,
    masked_store,
    maximum,
    no_unroll,
    splat,
    store,
)


@kernel(work=forward_work)
def forward_blocked(y, lse, qkv, n_head):
    """`self_attention_forward`."""
    B, T, C = y.shape
    chunks = count_chunks(B * n_head, T, C // n_head)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B * n_head, chunk, chunks)
        _forward_heads(y, lse, qkv, n_head, first, last, None)


@kernel(work=backward_work)
def backward_blocked(dqkv, dy, y, lse, qkv, n_head):
    """`self_attention_backward`."""
    B, T, C = dy.shape
    chunks = count_chunks(B * n_head, T, C // n_head)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B * n_head, chunk, chunks)
        _backward_heads(dqkv, dy, y, lse, qkv, n_head, first, last, None)


@kernel(work=forward_work)
def dropout_attention_forward(y, lse, qkv, n_head, rng_state, layer_id, threshold, scale):
    """`self_attention_forward` with dropout of the probabilities; lse is that of all scores."""
    f = y.dtype.type
    B, T, C = y.shape
    chunks = count_chunks(B * n_head, T, C // n_head)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B * n_head, chunk, chunks)
        mask = mask_state(rng_state, layer_id, threshold, scale, f)  # threads share no tuples
        _forward_heads(y, lse, qkv, n_head, first, last, mask)


@kernel(work=backward_work)
def dropout_attention_backward(
    dqkv, dy, y, lse, qkv, n_head, rng_state, layer_id, threshold, scale
):
    """`self_attention_backward` with the same dropout, whose mask is drawn again."""
    f = dy.dtype.type
    B, T, C = dy.shape
    chunks = count_chunks(B * n_head, T, C // n_head)
    for chunk in prange(chunks):
        first, last = chunk_bounds(B * n_head, chunk, chunks)
        mask = mask_state(rng_state, layer_id, threshold, scale, f)
        _backward_heads(dqkv, dy, y, lse, qkv, n_head, first, last, mask)


@numba.njit(**HELPER | COUNT_REFERENCES)
def _forward_heads(y, lse, qkv, n_head, first_head, last_head, mask):
    """Heads from first_head to last_head, counted over all texts; a mask of None: no dropout."""
    f = qkv.dtype.type
    _, T, C = y.shape
    D = C // n_head
    width, padded_T = _pad(D), _pad(T)
    query_columns, out = 0, width * LANES
    row_max = out + width * LANES
    row_sum = row_max + LANES
    scores = row_sum + LANES
    keys = scores + padded_T * LANES
    values = keys + padded_T * width
    factors = values + padded_T * width
    scratch = np.empty(factors + (0 if mask is None else padded_T * LANES), y.dtype)
    if padded_T > T:  # tiles reach behind the text's end, where subnormal numbers would be slow
        scratch[:row_max] = f(0)
        for rows in (keys, values):
            scratch[rows + T * width : rows + padded_T * width] = f(0)
    scale = f(1) / math.sqrt(f(D))
    for head in range(first_head, last_head):
        in_qkv, in_y = _head_offsets(head, n_head, T, C)
        for part in range(2):
            offset = in_qkv + (part + 1) * C
            pack(scratch, keys + part * padded_T * width, width, qkv, offset, 3 * C, T, D, f(1))
        for t in range(0, T, LANES):
            count = min(LANES, T - t)
            pack(scratch, out, width, qkv, in_qkv + t * 3 * C, 3 * C, count, D, scale)
            transpose_rows(scratch, query_columns, out, width)
            multiply_transposed(scratch, scores, keys, width, query_columns, D, t + count)
            _causal_softmax(scratch, scores, row_max, row_sum, t, t + count)
            if mask is not None:
                fill_mask_factors(scratch, factors, mask, head * T + t, t + count)
                multiply_rows(scratch, scores, factors, t + count)
            causal_weighted_sum(scratch, out, scores, values, width, t, count)
            sums = scratch[row_sum : row_sum + _pad(count)]
            for d in range(0, D, LANES):
                for i in range(count):
                    no_unroll()
                    mean = load(scratch, out + i * width + d) / splat(sums[i])
                    masked_store(y, in_y + (t + i) * C + d, mean, D - d)
            for i in range(sums.size):
                sums[i] = log(sums[i])
            log_sums = load(scratch, row_max) + load(scratch, row_sum)
            masked_store(lse, head * T + t, log_sums, count)


@numba.njit(**HELPER)
def _causal_softmax(scratch, scores, row_max, row_sum, t, num_keys):
    """scores = exp(scores − row_max) in each lane, 0 for keys after its query; and their sum."""
    f = scratch.dtype.type
    largest = splat(f(-np.inf))
    for s in range(num_keys):
        score = mask_below(load(scratch, scores + s * LANES), s - t, f(-np.inf))
        largest = maximum(largest, score)
        store(scratch, scores + s * LANES, score)
    for s in range(num_keys):
        store(scratch, scores + s * LANES, load(scratch, scores + s * LANES) - largest)
    exp_rows(scratch, scores, num_keys)
    total = splat(f(0))
    for s in range(num_keys):
        total = total + load(scratch, scores + s * LANES)
    store(scratch, row_max, largest)
    store(scratch, row_sum, total)


@numba.njit(**HELPER | COUNT_REFERENCES)
def _backward_heads(dqkv, dy, y, lse, qkv, n_head, first_head, last_head, mask):
    """Heads from first_head to last_head, as in `_forward_heads`."""
    f = qkv.dtype.type
    _, T, C = dy.shape
    D = C // n_head
    width, padded_T = _pad(D), _pad(T)
    columns, y_columns, out = 0, width * LANES, 2 * width * LANES
    scores = out + width * LANES
    dscores = scores + padded_T * LANES
    queries = dscores + padded_T * LANES
    keys = queries + padded_T * width
    values = keys + padded_T * width
    dy_rows = values + padded_T * width
    dkeys = dy_rows + padded_T * width
    dvalues = dkeys + padded_T * width
    factors = dvalues + padded_T * width
    scratch = np.empty(factors + (0 if mask is None else padded_T * LANES), dy.dtype)
    if padded_T > T:
        scratch[:scores] = f(0)
        for rows in (queries, keys, values, dy_rows):
            scratch[rows + T * width : rows + padded_T * width] = f(0)
    scale = f(1) / math.sqrt(f(D))
    for head in range(first_head, last_head):
        in_qkv, in_y = _head_offsets(head, n_head, T, C)
        for part in range(3):
            factor = scale if part == 0 else f(1)
            rows, offset = queries + part * padded_T * width, in_qkv + part * C
            pack(scratch, rows, width, qkv, offset, 3 * C, T, D, factor)
        pack(scratch, dy_rows, width, dy, in_y, C, T, D, f(1))
        scratch[dkeys:factors] = f(0)
        for t in range(0, T, LANES):
            count = min(LANES, T - t)
            transpose_rows(scratch, columns, queries + t * width, width)
            multiply_transposed(scratch, scores, keys, width, columns, D, t + count)
            transpose_rows(scratch, columns, dy_rows + t * width, width)
            multiply_transposed(scratch, dscores, values, width, columns, D, t + count)
            pack(scratch, out, width, y, in_y + t * C, C, count, D, f(1))
            transpose_rows(scratch, y_columns, out, width)
            delta = splat(f(0))
            for d in range(0, D * LANES, LANES):
                delta = delta + load(scratch, columns + d) * load(scratch, y_columns + d)
            log_sums = masked_load(lse, head * T + t, count)
            if mask is not None:
                fill_mask_factors(scratch, factors, mask, head * T + t, t + count)
                multiply_rows(scratch, dscores, factors, t + count)
            _causal_softmax_backward(scratch, scores, dscores, log_sums, delta, t, t + count)
            if mask is not None:
                multiply_rows(scratch, scores, factors, t + count)
            causal_weighted_sum(scratch, out, dscores, keys, width, t, count)
            unpack(dqkv, in_qkv + t * 3 * C, 3 * C, scratch, out, width, count, D, scale)
            add_weighted_queries(scratch, dkeys, dscores, queries, width, t, count)
            add_weighted_queries(scratch, dvalues, scores, dy_rows, width, t, count)
        for part in range(2):
            rows, offset = dkeys + part * padded_T * width, in_qkv + (part + 1) * C
            unpack(dqkv, offset, 3 * C, scratch, rows, width, T, D, f(1))


@numba.njit(**HELPER)
def _causal_softmax_backward(scratch, scores, dscores, log_sums, delta, t, num_keys):
    """scores = probs = exp(scores − lse); dscores = probs · (dprobs − delta); 0 after the query.

    dscores comes in as dprobs.
    """
    f = scratch.dtype.type
    for s in range(num_keys):
        score = load(scratch, scores + s * LANES) - log_sums
        store(scratch, scores + s * LANES, mask_below(score, s - t, f(-np.inf)))
    exp_rows(scratch, scores, num_keys)
    for s in range(num_keys):
        prob, dprob = load(scratch, scores + s * LANES), load(scratch, dscores + s * LANES)
        dscore = prob * (dprob - delta)
        store(scratch, dscores + s * LANES, mask_below(dscore, s - t, f(0)))


@numba.njit(**INLINE)
def _head_offsets(head, n_head, T, C):
    """Where a head, counted over all texts, begins in qkv and in y."""
    text, column = head // n_head, head % n_head * (C // n_head)
    return text * T * 3 * C + column, text * T * C + column


@numba.njit(**HELPER)
def _pad(n):
    """n rounded up to whole vectors."""
    return (n + LANES - 1) // LANES * LANES
