"""Dropout on rows (N, C). A mask is never stored: it is drawn again wherever it is needed."""

from numba import prange

from microgpt.backends.numba_cpu.jit.compile import SerialKernel, kernel
from microgpt.backends.numba_cpu.simd.dropout_mask import drawing, factors


@SerialKernel
def dropout_next_state_(turn, draws):
    """turn = draws, which are seed and count; then count one more."""
    turn[0] = draws[0]
    turn[1] = draws[1]
    draws[1] += 1


@kernel(cost=4)
def dropout_forward(y, x, turn, site, threshold, scale):
    """y = x times the factors of (turn, site): 0 for the share that is dropped, else `scale`."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        draw = drawing(turn, site, threshold, scale, f)  # no thread can be given a tuple
        row, out = x[n], y[n]
        for block in range(C // 4):
            a, b, c, d = factors(draw, n, block)
            first = 4 * block
            out[first] = row[first] * a
            out[first + 1] = row[first + 1] * b
            out[first + 2] = row[first + 2] * c
            out[first + 3] = row[first + 3] * d
        if C % 4:
            last = factors(draw, n, C // 4)
            for i in range(C % 4):
                out[C - C % 4 + i] = row[C - C % 4 + i] * last[i]


@kernel(cost=4)
def dropout_residual_forward(y, x, residual, turn, site, threshold, scale):
    """y = residual + x times the factors of (turn, site)."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        draw = drawing(turn, site, threshold, scale, f)
        row, out, stream = x[n], y[n], residual[n]
        for block in range(C // 4):
            a, b, c, d = factors(draw, n, block)
            first = 4 * block
            out[first] = stream[first] + row[first] * a
            out[first + 1] = stream[first + 1] + row[first + 1] * b
            out[first + 2] = stream[first + 2] + row[first + 2] * c
            out[first + 3] = stream[first + 3] + row[first + 3] * d
        if C % 4:
            last = factors(draw, n, C // 4)
            for i in range(C % 4):
                at = C - C % 4 + i
                out[at] = stream[at] + row[at] * last[i]
