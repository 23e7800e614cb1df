"""Attention forward: a block goes through the keys of its queries, one tile after another.

The softmax is computed as the scores come (Milakov & Gimelshein 2018): each row keeps its greatest
score so far, and what was summed before shrinks when a greater one appears.
"""

import math
from functools import cache

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._dropout_mask import ALL_KEPT, kept_bits
from microgpt.backends.numba_cuda._launch import ThreadKernel, threads
from microgpt.backends.numba_cuda.attention.tiles import (
    LANES,
    REGISTERS,
    Dropout,
    lanes_max,
    lanes_sum,
    load_tile,
    no_dropout,
    padded_width,
    rows_of_tile,
)
from microgpt.backends.numba_cuda.attention.wide_heads import wide_forward


def self_attention_forward(y, lse, qkv, n_head):
    """y = softmax(q · kᵀ / √D over the past) · v in each head; lse = log(Σ exp(scores)).

    qkv (B, T, 3C) -> y (B, T, C), lse (B, H, T)
    """
    _forward(y, lse, qkv, no_dropout(qkv))


def dropout_attention_forward(y, lse, qkv, n_head, rng_state, layer_id, threshold, scale):
    """`self_attention_forward` with dropout of the probabilities; lse is that of all scores."""
    _forward(y, lse, qkv, Dropout(rng_state, layer_id, threshold, scale))


def _forward(y, lse, qkv, dropout):
    B, H, T = lse.shape
    D = y.shape[2] // H
    rows = rows_of_tile(D, y.itemsize)
    if not rows:
        wide_forward(y, lse, qkv, dropout)
    else:
        attend = make_forward(D, rows, dropout.is_on)
        attend[-(-T // rows) * B * H, LANES * rows](y, lse, qkv, *dropout)


@cache
def make_forward(D: int, ROWS: int, has_dropout: bool) -> ThreadKernel:
    """The threads for heads of D features: a block has ROWS queries of a head."""
    WIDTH, SQUARE = padded_width(D), ROWS + 1
    OWN = WIDTH // LANES  # features of y that a thread sums: lane, lane + 4, …
    SCALE = D**-0.5

    @threads(registers=REGISTERS[ROWS])
    def attend(y, lse, qkv, rng_state, layer_id, threshold, scale):
        f = qkv.dtype.type
        queries = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        keys = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        values = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        weights = cuda.shared.array((ROWS, SQUARE), qkv.dtype)
        sums = cuda.local.array(OWN, qkv.dtype)
        T, C, heads = y.shape[1], y.shape[2], lse.shape[0] * lse.shape[1]
        row, lane = cuda.threadIdx.x // LANES, cuda.threadIdx.x % LANES
        head = cuda.blockIdx.x % heads
        b, h = head // lse.shape[1], head % lse.shape[1]
        # The last queries see most keys: their blocks begin first.
        tile = cuda.gridDim.x // heads - 1 - cuda.blockIdx.x // heads
        query = tile * ROWS + row
        load_tile(queries, qkv, b, tile * ROWS, h * D, D)
        for i in range(OWN):
            sums[i] = f(0)
        max_score, total = f(-math.inf), f(0)
        for start in range(0, tile * ROWS + 1, ROWS):
            cuda.syncthreads()  # all have done with the tile before
            load_tile(keys, qkv, b, start, C + h * D, D)
            load_tile(values, qkv, b, start, 2 * C + h * D, D)
            cuda.syncthreads()
            num_keys = min(ROWS, query - start + 1) if query < T else 0  # that the query sees
            new_max = max_score
            for four in range(LANES * lane, num_keys, 4 * LANES):
                for k in range(four, min(four + 4, num_keys)):
                    score = f(0)
                    for d in range(D):
                        score += queries[row, d] * keys[k, d]
                    score *= f(SCALE)
                    weights[row, k] = score
                    new_max = max(new_max, score)
            new_max = lanes_max(new_max)
            shrink = math.exp(max_score - new_max)
            max_score = new_max
            total *= shrink
            for four in range(LANES * lane, num_keys, 4 * LANES):
                kept = ALL_KEPT
                if has_dropout:
                    kept = kept_bits(head * T + query, start + four, rng_state, layer_id, threshold)
                for k in range(four, min(four + 4, num_keys)):
                    weight = math.exp(weights[row, k] - max_score)
                    total += weight
                    if has_dropout:
                        weight *= f(scale) if kept >> (k - four) & 1 else f(0)
                    weights[row, k] = weight
            cuda.syncwarp()  # a row's four lanes are of one warp
            for i in range(OWN):
                sums[i] *= shrink
            for k in range(num_keys):
                weight = weights[row, k]
                for i in range(OWN):
                    sums[i] += weight * values[k, lane + LANES * i]
        total = lanes_sum(total)
        if query < T:
            for i in range(OWN):
                if lane + LANES * i < D:
                    y[b, query, h * D + lane + LANES * i] = sums[i] / total
            if lane == 0:
                lse[b, h, query] = max_score + math.log(total)

    return attend
