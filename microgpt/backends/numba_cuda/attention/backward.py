"""Attention backward: the probabilities are computed again from lse, tile by tile.

First delta = Σ_d dy · y of each query. Then a block owns some keys, goes through the queries that
see them, and sums dk and dv; then a block owns some queries, goes through their keys, and sums dq.
The scores are computed twice, and no two blocks add to one number.
"""

import math
from functools import cache

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._dropout_mask import ALL_KEPT, kept_bits
from microgpt.backends.numba_cuda._launch import (
    BLOCK,
    WARP,
    ThreadKernel,
    cover,
    device,
    scratch,
    threads,
)
from microgpt.backends.numba_cuda._warps import warp_sum
from microgpt.backends.numba_cuda.attention.tiles import (
    LANES,
    REGISTERS,
    Dropout,
    load_tile,
    no_dropout,
    padded_width,
    rows_of_tile,
)
from microgpt.backends.numba_cuda.attention.wide_heads import wide_backward


def self_attention_backward(dqkv, dy, y, lse, qkv, n_head):
    """dscores = probs · (dy · vᵀ − delta), with probs again from lse and delta = Σ_d dy · y."""
    _backward(dqkv, dy, y, lse, qkv, no_dropout(qkv))


def dropout_attention_backward(
    dqkv, dy, y, lse, qkv, n_head, rng_state, layer_id, threshold, scale
):
    """`self_attention_backward` with the same dropout, whose mask is drawn again."""
    _backward(dqkv, dy, y, lse, qkv, Dropout(rng_state, layer_id, threshold, scale))


def _backward(dqkv, dy, y, lse, qkv, dropout):
    B, H, T = lse.shape
    D = y.shape[2] // H
    delta = scratch(lse.shape, lse)
    _delta[cover(lse.size, BLOCK // WARP), BLOCK](delta, dy, y)
    rows = rows_of_tile(D, y.itemsize)
    if not rows:
        wide_backward(dqkv, dy, lse, delta, qkv, dropout)
        return
    grid, block = -(-T // rows) * B * H, LANES * rows
    for launch in make_backward(D, rows, dropout.is_on):
        launch[grid, block](dqkv, dy, lse, delta, qkv, *dropout)


@threads
def _delta(delta, dy, y):
    """A warp has a query of a head."""
    f = y.dtype.type
    H, T = delta.shape[1], delta.shape[2]
    D = y.shape[2] // H
    for n in range(cuda.grid(1) // 32, delta.size, cuda.gridsize(1) // 32):
        b, h, query = n // (H * T), n // T % H, n % T
        total = f(0)
        for d in range(cuda.threadIdx.x % 32, D, 32):
            total += dy[b, query, h * D + d] * y[b, query, h * D + d]
        total = warp_sum(total)
        if cuda.threadIdx.x % 32 == 0:
            delta[b, h, query] = total


@cache
def make_backward(D: int, ROWS: int, has_dropout: bool) -> tuple[ThreadKernel, ThreadKernel]:
    """The threads of dk and dv, and those of dq, for heads of D features."""
    WIDTH, SQUARE = padded_width(D), ROWS + 1
    OWN = WIDTH // LANES  # features that a thread sums: lane, lane + 4, …
    SCALE = D**-0.5

    @device
    def fill_squares(
        weights, dscores, queries, douts, keys, values, head, first_query, first_key, lse, delta,
        rng_state, layer_id, threshold, scale,
    ):  # fmt: skip
        """Probabilities and gradients of scores, of each query and each key that it sees.

        A thread has a query, and every fourth four of the keys.
        """
        f = queries.dtype.type
        H, T = lse.shape[1], lse.shape[2]
        row, lane = cuda.threadIdx.x // LANES, cuda.threadIdx.x % LANES
        query = first_query + row
        num_keys = min(ROWS, query - first_key + 1) if query < T else 0  # that the query sees
        of_query, change = f(0), f(0)
        if query < T:
            of_query, change = lse[head // H, head % H, query], delta[head // H, head % H, query]
        for four in range(LANES * lane, num_keys, 4 * LANES):
            kept = ALL_KEPT
            if has_dropout:
                kept = kept_bits(head * T + query, first_key + four, rng_state, layer_id, threshold)
            for k in range(four, min(four + 4, num_keys)):
                score, dweight = f(0), f(0)
                for d in range(D):
                    score += queries[row, d] * keys[k, d]
                    dweight += douts[row, d] * values[k, d]
                prob, factor = math.exp(score * f(SCALE) - of_query), f(1)
                if has_dropout:
                    factor = f(scale) if kept >> (k - four) & 1 else f(0)
                weights[row, k] = prob * factor
                dscores[row, k] = prob * (dweight * factor - change) * f(SCALE)

    @threads(registers=REGISTERS[ROWS])
    def key_tiles(dqkv, dy, lse, delta, qkv, rng_state, layer_id, threshold, scale):
        f = qkv.dtype.type
        queries = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        douts = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        keys = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        values = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        weights = cuda.shared.array((ROWS, SQUARE), qkv.dtype)
        dscores = cuda.shared.array((ROWS, SQUARE), qkv.dtype)
        dk = cuda.local.array(OWN, qkv.dtype)
        dv = cuda.local.array(OWN, qkv.dtype)
        T, C, heads = dy.shape[1], dy.shape[2], lse.shape[0] * lse.shape[1]
        row, lane = cuda.threadIdx.x // LANES, cuda.threadIdx.x % LANES
        head = cuda.blockIdx.x % heads
        b, column = head // lse.shape[1], head % lse.shape[1] * D
        first_key = cuda.blockIdx.x // heads * ROWS  # the first keys are seen by most queries
        load_tile(keys, qkv, b, first_key, C + column, D)
        load_tile(values, qkv, b, first_key, 2 * C + column, D)
        for i in range(OWN):
            dk[i] = f(0)
            dv[i] = f(0)
        for first_query in range(first_key, T, ROWS):
            load_tile(queries, qkv, b, first_query, column, D)
            load_tile(douts, dy, b, first_query, column, D)
            cuda.syncthreads()
            fill_squares(
                weights, dscores, queries, douts, keys, values, head, first_query, first_key, lse,
                delta, rng_state, layer_id, threshold, scale,
            )  # fmt: skip
            cuda.syncthreads()
            # Of the tile's queries, those that are there and see the key.
            first = max(0, first_key + row - first_query)
            for q in range(first, min(ROWS, T - first_query)):
                weight, dscore = weights[q, row], dscores[q, row]
                for i in range(OWN):
                    dk[i] += dscore * queries[q, lane + LANES * i]
                    dv[i] += weight * douts[q, lane + LANES * i]
            cuda.syncthreads()  # all have done with the tile
        for i in range(OWN):
            d = lane + LANES * i
            if first_key + row < T and d < D:
                dqkv[b, first_key + row, C + column + d] = dk[i]
                dqkv[b, first_key + row, 2 * C + column + d] = dv[i]

    @threads(registers=REGISTERS[ROWS])
    def query_tiles(dqkv, dy, lse, delta, qkv, rng_state, layer_id, threshold, scale):
        f = qkv.dtype.type
        queries = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        douts = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        keys = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        values = cuda.shared.array((ROWS, WIDTH), qkv.dtype)
        weights = cuda.shared.array((ROWS, SQUARE), qkv.dtype)
        dscores = cuda.shared.array((ROWS, SQUARE), qkv.dtype)
        dq = cuda.local.array(OWN, qkv.dtype)
        T, C, heads = dy.shape[1], dy.shape[2], lse.shape[0] * lse.shape[1]
        row, lane = cuda.threadIdx.x // LANES, cuda.threadIdx.x % LANES
        head = cuda.blockIdx.x % heads
        b, column = head // lse.shape[1], head % lse.shape[1] * D
        first_query = (cuda.gridDim.x // heads - 1 - cuda.blockIdx.x // heads) * ROWS
        load_tile(queries, qkv, b, first_query, column, D)
        load_tile(douts, dy, b, first_query, column, D)
        for i in range(OWN):
            dq[i] = f(0)
        for first_key in range(0, first_query + 1, ROWS):
            load_tile(keys, qkv, b, first_key, C + column, D)
            load_tile(values, qkv, b, first_key, 2 * C + column, D)
            cuda.syncthreads()
            fill_squares(
                weights, dscores, queries, douts, keys, values, head, first_query, first_key, lse,
                delta, rng_state, layer_id, threshold, scale,
            )  # fmt: skip
            cuda.syncthreads()
            query = first_query + row
            for k in range(min(ROWS, query - first_key + 1) if query < T else 0):
                dscore = dscores[row, k]
                for i in range(OWN):
                    dq[i] += dscore * keys[k, lane + LANES * i]
            cuda.syncthreads()  # all have done with the tile
        for i in range(OWN):
            d = lane + LANES * i
            if first_query + row < T and d < D:
                dqkv[b, first_query + row, column + d] = dq[i]

    return key_tiles, query_tiles
