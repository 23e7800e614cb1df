"""Sums and maxima along the middle of x (outer, N, inner)."""

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu.jit.compile import kernel

CHUNK = 256


def _input(y, x):
    return x.size


@kernel(work=_input)
def sum_forward(y, x):
    """Sums of at most CHUNK numbers first, then their sum: long sums lose fewer digits so."""
    f = x.dtype.type
    outer, N, inner = x.shape
    flat = x.ravel()
    for o in prange(outer):
        out, row = y[o], flat[o * N * inner : (o + 1) * N * inner]
        for i in range(inner):
            out[i] = f(0)
        if inner == 1:
            for start in range(0, N, CHUNK):
                part = f(0)
                piece = row[start : start + CHUNK]
                for n in range(piece.size):
                    part += piece[n]
                out[0] += part
        else:
            parts = np.empty(inner, x.dtype)
            for start in range(0, N, CHUNK):
                for i in range(inner):
                    parts[i] = f(0)
                for n in range(start, min(start + CHUNK, N)):
                    piece = row[n * inner : (n + 1) * inner]
                    for i in range(inner):
                        parts[i] += piece[i]
                for i in range(inner):
                    out[i] += parts[i]


@kernel()
def sum_backward(dx, dy):
    outer, N, inner = dx.shape
    flat = dx.ravel()
    for o in prange(outer):
        out, upstream = flat[o * N * inner : (o + 1) * N * inner], dy[o]
        if inner == 1:
            for n in range(N):
                out[n] = upstream[0]
        else:
            for n in range(N):
                piece = out[n * inner : (n + 1) * inner]
                for i in range(inner):
                    piece[i] = upstream[i]


@kernel(work=lambda y, where, x: x.size)
def max_forward(y, where, x):
    outer, N, inner = x.shape
    for o in prange(outer):
        for i in range(inner):
            best = 0  # the first of equals; NaN counts as greatest, as in NumPy
            for n in range(1, N):
                greatest = x[o, best, i]
                if greatest == greatest and not x[o, n, i] <= greatest:
                    best = n
            y[o, i] = x[o, best, i]
            where[o, i] = best


@kernel()
def max_backward(dx, dy, where):
    f = dx.dtype.type
    outer, N, inner = dx.shape
    flat = dx.ravel()
    for o in prange(outer):
        row = flat[o * N * inner : (o + 1) * N * inner]
        for i in range(row.size):
            row[i] = f(0)
        for i in range(inner):
            row[where[o, i] * inner + i] = dy[o, i]
