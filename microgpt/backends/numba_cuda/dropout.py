"""Dropout of rows (N, C). No mask is stored: it is drawn again wherever it is needed.

A thread has four neighbours in a row, for which one draw of Philox is enough.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._dropout_mask import kept_bits
from microgpt.backends.numba_cuda._launch import BLOCK, cover, threads


def dropout_next_state_(snapshot, rng_state):
    """snapshot = rng_state, a seed and a counter (2,); then the counter += 1."""
    _dropout_next_state[1, 1](snapshot, rng_state)


@threads
def _dropout_next_state(snapshot, rng_state):
    snapshot[0] = rng_state[0]
    snapshot[1] = rng_state[1]
    rng_state[1] += 1


def dropout_forward(y, x, rng_state, layer_id, threshold, scale):
    """y = x · m, with m = 0 for the share that is dropped, else scale = 1 / (1 − p)."""
    N, C = x.shape
    _dropout_forward[cover(N * -(-C // 4)), BLOCK](y, x, rng_state, layer_id, threshold, scale)


@threads
def _dropout_forward(y, x, rng_state, layer_id, threshold, scale):
    f = x.dtype.type
    N, C = x.shape
    fours = (C + 3) // 4
    for i in range(cuda.grid(1), N * fours, cuda.gridsize(1)):
        row, first = i // fours, i % fours * 4
        kept = kept_bits(row, first, rng_state, layer_id, threshold)
        for j in range(min(4, C - first)):
            y[row, first + j] = x[row, first + j] * (f(scale) if kept >> j & 1 else f(0))


def dropout_residual_forward(y, x, residual, rng_state, layer_id, threshold, scale):
    """y = residual + x · m, with m as there."""
    N, C = x.shape
    grid = cover(N * -(-C // 4))
    _dropout_residual[grid, BLOCK](y, x, residual, rng_state, layer_id, threshold, scale)


@threads
def _dropout_residual(y, x, residual, rng_state, layer_id, threshold, scale):
    f = x.dtype.type
    N, C = x.shape
    fours = (C + 3) // 4
    for i in range(cuda.grid(1), N * fours, cuda.gridsize(1)):
        row, first = i // fours, i % fours * 4
        kept = kept_bits(row, first, rng_state, layer_id, threshold)
        for j in range(min(4, C - first)):
            dropped = x[row, first + j] * (f(scale) if kept >> j & 1 else f(0))
            y[row, first + j] = residual[row, first + j] + dropped
