"""Normalisation of each row of x (N, C).

`so_far` is the gradient that x has from elsewhere, (N, C), or an array of no elements.
"""

import math

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu.jit.compile import kernel

# The rows of a layer norm add up to at most CHUNKS partial gradients of its weight and bias.
CHUNKS, ROWS = 32, 16


@kernel(cost=2)
def rms_norm_forward(y, rstd, x, eps):
    """y = x · rstd, with rstd = 1 / sqrt(mean(x²) + eps)."""
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


@kernel(cost=8)
def rms_norm_backward(dx, dy, x, rstd, so_far):
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        upstream, row, out = dy[n], x[n], dx[n]
        r = rstd[n]
        inner = f(0)
        for c in range(C):
            inner += upstream[c] * row[c]
        factor = inner / f(C) * r * r
        if so_far.size:
            before = so_far[n]
            for c in range(C):
                out[c] = before[c] + r * (upstream[c] - row[c] * factor)
        else:
            for c in range(C):
                out[c] = r * (upstream[c] - row[c] * factor)


@kernel(cost=2)
def layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    """y = (x − mean) · rstd · weight + bias, with rstd = 1 / sqrt(var + eps)."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        total, squares = f(0), f(0)
        for c in range(C):
            total += row[c]
        centre = total / f(C)
        for c in range(C):
            squares += (row[c] - centre) * (row[c] - centre)
        r = f(1) / math.sqrt(squares / f(C) + f(eps))
        mean[n], rstd[n] = centre, r
        if bias.size:
            for c in range(C):
                out[c] = (row[c] - centre) * r * weight[c] + bias[c]
        else:
            for c in range(C):
                out[c] = (row[c] - centre) * r * weight[c]


@kernel(cost=4)
def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, so_far):
    """A chunk of rows sums its share of dweight and dbias; the shares are added up in order."""
    f = x.dtype.type
    N, C = x.shape
    rows = max(ROWS, (N + CHUNKS - 1) // CHUNKS)
    chunks = (N + rows - 1) // rows
    shares = np.empty((chunks, 2, C), x.dtype)
    for chunk in prange(chunks):
        weight_share, bias_share = shares[chunk, 0], shares[chunk, 1]
        for c in range(C):
            weight_share[c] = f(0)
            bias_share[c] = f(0)
        for n in range(chunk * rows, min(chunk * rows + rows, N)):
            upstream, row, out = dy[n], x[n], dx[n]
            centre, r = mean[n], rstd[n]
            total, along = f(0), f(0)
            for c in range(C):
                slope = upstream[c] * weight[c]
                total += slope
                along += slope * (row[c] - centre)
                weight_share[c] += upstream[c] * (row[c] - centre) * r
                bias_share[c] += upstream[c]
            shift, factor = total / f(C), along / f(C) * r * r
            if so_far.size:
                before = so_far[n]
                for c in range(C):
                    slope = upstream[c] * weight[c] - shift - (row[c] - centre) * factor
                    out[c] = before[c] + r * slope
            else:
                for c in range(C):
                    slope = upstream[c] * weight[c] - shift - (row[c] - centre) * factor
                    out[c] = r * slope
    for chunk in range(chunks):
        weight_share, bias_share = shares[chunk, 0], shares[chunk, 1]
        for c in range(C):
            dweight[c] += weight_share[c]
        for c in range(dbias.size):
            dbias[c] += bias_share[c]
