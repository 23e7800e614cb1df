"""Dropout of rows (N, C). No mask is stored: it is drawn again wherever it is needed."""

from microgpt.backends.numba_cpu.jit.kernel import SerialKernel, kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.dropout_mask import mask_factors, mask_state


@SerialKernel
def dropout_next_state_(snapshot, rng_state):
    """snapshot = rng_state, a seed and a counter (2,); then the counter += 1."""
    snapshot[0] = rng_state[0]
    snapshot[1] = rng_state[1]
    rng_state[1] += 1


@kernel(cost=4)
def dropout_forward(y, x, rng_state, layer_id, threshold, scale):
    """y = x · m, with m = 0 for the share that is dropped, else scale = 1 / (1 − p)."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        mask = mask_state(rng_state, layer_id, threshold, scale, f)  # threads share no tuples
        row, out = x[n], y[n]
        for block in range(C // 4):
            a, b, c, d = mask_factors(mask, n, block)
            first = 4 * block
            out[first] = row[first] * a
            out[first + 1] = row[first + 1] * b
            out[first + 2] = row[first + 2] * c
            out[first + 3] = row[first + 3] * d
        if C % 4:
            last = mask_factors(mask, n, C // 4)
            for i in range(C % 4):
                out[C - C % 4 + i] = row[C - C % 4 + i] * last[i]


@kernel(cost=4)
def dropout_residual_forward(y, x, residual, rng_state, layer_id, threshold, scale):
    """y = residual + x · m, with m as there."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        mask = mask_state(rng_state, layer_id, threshold, scale, f)
        row, out, added = x[n], y[n], residual[n]
        for block in range(C // 4):
            a, b, c, d = mask_factors(mask, n, block)
            first = 4 * block
            out[first] = added[first] + row[first] * a
            out[first + 1] = added[first + 1] + row[first + 1] * b
            out[first + 2] = added[first + 2] + row[first + 2] * c
            out[first + 3] = added[first + 3] + row[first + 3] * d
        if C % 4:
            last = mask_factors(mask, n, C // 4)
            for i in range(C % 4):
                j = C - C % 4 + i
                out[j] = added[j] + row[j] * last[i]
