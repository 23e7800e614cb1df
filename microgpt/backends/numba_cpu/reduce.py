"""Sums and maxima along the middle of x (outer, N, inner), and the root of a variance."""

import math

import numpy as np

from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, PRECISE
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange

CHUNK = 256


def _input_size(y, x):
    return x.size


@kernel(work=_input_size, flags=COUNT_REFERENCES)
def sum_forward(y, x):
    """y = Σ_n x[:, n]: sums of CHUNK numbers first, then their sum, which loses fewer digits."""
    f = x.dtype.type
    outer, N, inner = x.shape
    flat = x.ravel()
    for o in prange(outer):
        out, row = y[o], flat[o * N * inner : (o + 1) * N * inner]
        for i in range(inner):
            out[i] = f(0)
        if inner == 1:
            for start in range(0, N, CHUNK):
                partial = f(0)
                chunk = row[start : start + CHUNK]
                for n in range(chunk.size):
                    partial += chunk[n]
                out[0] += partial
        else:
            partials = np.empty(inner, x.dtype)
            for start in range(0, N, CHUNK):
                for i in range(inner):
                    partials[i] = f(0)
                for n in range(start, min(start + CHUNK, N)):
                    part = row[n * inner : (n + 1) * inner]
                    for i in range(inner):
                        partials[i] += part[i]
                for i in range(inner):
                    out[i] += partials[i]


@kernel(flags=COUNT_REFERENCES)
def sum_backward(dx, dy):
    """dx[:, n] = dy for every n."""
    outer, N, inner = dx.shape
    flat = dx.ravel()
    for o in prange(outer):
        out, dy_row = flat[o * N * inner : (o + 1) * N * inner], dy[o]
        if inner == 1:
            for n in range(N):
                out[n] = dy_row[0]
        else:
            for n in range(N):
                part = out[n * inner : (n + 1) * inner]
                for i in range(inner):
                    part[i] = dy_row[i]


@kernel(work=lambda y, argmax, x: x.size)
def max_forward(y, argmax, x):
    """y = max_n x[:, n], and its index."""
    outer, N, inner = x.shape
    for o in prange(outer):
        for i in range(inner):
            best = 0  # the first of equals; NaN counts as the maximum, as in NumPy
            for n in range(1, N):
                largest = x[o, best, i]
                if largest == largest and not x[o, n, i] <= largest:
                    best = n
            y[o, i] = x[o, best, i]
            argmax[o, i] = best


@kernel(flags=COUNT_REFERENCES)
def max_backward(dx, dy, argmax):
    """dx = dy where the maximum was, else 0."""
    f = dx.dtype.type
    outer, N, inner = dx.shape
    flat = dx.ravel()
    for o in prange(outer):
        row = flat[o * N * inner : (o + 1) * N * inner]
        for i in range(row.size):
            row[i] = f(0)
        for i in range(inner):
            row[argmax[o, i] * inner + i] = dy[o, i]


@kernel(flags=PRECISE)
def std_forward(y, variance):
    for i in prange(y.size):
        y[i] = math.sqrt(variance[i])


@kernel(flags=PRECISE)
def std_backward(dvariance, dy, y):
    """dvariance = dy / 2y, and 0 where y is 0."""
    f = y.dtype.type
    for i in prange(y.size):
        dvariance[i] = f(0) if y[i] == f(0) else dy[i] / (f(2) * y[i])
