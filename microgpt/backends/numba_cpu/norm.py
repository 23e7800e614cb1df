"""Normalisation of each row of x (N, C)."""

import math

from numba import prange

from microgpt.backends.numba_cpu._compile import kernel


@kernel(cost=2)
def rms_norm_forward(y, rstd, x, eps):
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        squares = f(0)
        for c in range(C):
            squares += row[c] * row[c]
        r = f(1) / math.sqrt(squares / f(C) + f(eps))
        rstd[n] = r
        for c in range(C):
            out[c] = row[c] * r


@kernel(cost=2)
def rms_norm_backward(dx, dy, x, rstd):
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        upstream, row, out = dy[n], x[n], dx[n]
        r = rstd[n]
        inner = f(0)
        for c in range(C):
            inner += upstream[c] * row[c]
        factor = inner / f(C) * r * r
        for c in range(C):
            out[c] = r * (upstream[c] - row[c] * factor)
